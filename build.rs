//! Passes on the target triple, and the commit where there is one to be known.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Cargo always sets TARGET for a build script; elsewhere the version says so.
    let target = std::env::var("TARGET").unwrap_or_else(|_| "unknown target".to_owned());
    println!("cargo:rustc-env=RECVERIFY_TARGET={target}");
    let root = std::env::var("CARGO_MANIFEST_DIR").map(PathBuf::from);
    if let Some(commit) = root.ok().and_then(|root| packaged(&root).or_else(|| checked_out(&root))) {
        println!("cargo:rustc-env=RECVERIFY_COMMIT={commit}");
    }
}

/// The commit `cargo package` noted in a package.
fn packaged(root: &Path) -> Option<String> {
    let note = std::fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let behind = note.split_once("\"sha1\"")?.1;
    behind.split('"').nth(1).filter(|commit| is_commit(commit)).map(str::to_owned)
}

/// The commit of the repository this directory is the root of. A source tree unpacked inside of another repository is
/// not that repository's.
fn checked_out(root: &Path) -> Option<String> {
    if Path::new(&git(root, &["rev-parse", "--show-toplevel"])?).canonicalize().ok()? != root.canonicalize().ok()? {
        return None;
    }
    let commit = git(root, &["rev-parse", "HEAD"]).filter(|commit| is_commit(commit))?;
    // What changes with every commit and every check-out. One that is not there would make each build a new one.
    for name in ["logs/HEAD", "HEAD"] {
        let path = root.join(git(root, &["rev-parse", "--git-path", name])?);
        if path.exists() {
            println!("cargo:rerun-if-changed={}", path.display());
        }
    }
    Some(commit)
}

fn git(root: &Path, words: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(words).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim_end().to_owned())
}

fn is_commit(text: &str) -> bool {
    text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
