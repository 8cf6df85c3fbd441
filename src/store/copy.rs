//! A copy of an object on disk, of the very bytes that are hashed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// A file that takes the bytes of one reading of an object, from the first on. A failure ends the copy and never the
/// reading: what the bytes are is still to be found out.
#[derive(Debug)]
pub(super) struct DiskCopy(io::Result<File>);

impl DiskCopy {
    /// Begins a copy at `path`. What an earlier reading left there is unlinked rather than emptied: a thread may still be
    /// writing to it.
    pub(super) fn begin(path: &Path) -> Self {
        let removed = match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        Self(removed.and_then(|()| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)))
    }

    /// Takes the next bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        if let Ok(file) = &mut self.0
            && let Err(error) = file.write_all(bytes)
        {
            self.0 = Err(error);
        }
    }

    /// Waits until the copy survives a crash of the machine.
    pub(super) fn finish(self) -> io::Result<()> {
        self.0?.sync_all()
    }
}
