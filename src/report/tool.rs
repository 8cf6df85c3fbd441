//! Which program wrote a report: its version, the commit it was built from, and the digest of its very file.

use std::fs::File;
use std::io;
use std::sync::LazyLock;

use serde::Serialize;

use crate::fixity::Sha256Digest;

/// A program by name.
#[derive(Debug, Serialize)]
pub(crate) struct Name {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

/// This program by name.
pub(crate) const NAME: Name = Name { name: "recverify", version: env!("CARGO_PKG_VERSION") };

/// A program, down to its file.
#[derive(Debug, Serialize)]
pub(super) struct Tool {
    #[serde(flatten)]
    pub(super) name: Name,
    /// What it was built for.
    target: &'static str,
    /// The commit its source stood at, where it was built from a repository or from a package of one.
    pub(super) commit: Option<&'static str>,
    /// The SHA-256 of the file it runs from; `None` where the system does not let it be read.
    pub(super) executable_sha256: Option<Sha256Digest>,
}

/// This program; its file is read once, when the first report begins.
pub(super) static TOOL: LazyLock<Tool> = LazyLock::new(|| Tool {
    name: NAME,
    target: env!("RECVERIFY_TARGET"),
    commit: option_env!("RECVERIFY_COMMIT"),
    executable_sha256: executable_sha256().ok(),
});

fn executable_sha256() -> io::Result<Sha256Digest> {
    // The link leads to the file that runs, even if another one has taken its place since.
    Sha256Digest::read(File::open("/proc/self/exe").or_else(|_| File::open(std::env::current_exe()?))?)
}
