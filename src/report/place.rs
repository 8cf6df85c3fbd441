//! A place a file is going to stand: written beside it under another name, and put there whole or not at all.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A temporary file beside the place it is meant for; dropped, it is gone and the place is as it was.
pub(crate) struct Place {
    path: PathBuf,
    file: NamedTempFile,
}

impl Place {
    /// Opens a temporary file beside `path`, readable by its owner alone.
    pub(crate) fn beside(path: &Path) -> io::Result<Self> {
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(Self { path: path.to_owned(), file: NamedTempFile::new_in(directory_of(path))? })
    }

    /// Where it is going to stand.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A handle to write by.
    pub(crate) fn handle(&self) -> io::Result<File> {
        self.file.reopen()
    }

    /// Lets everybody read it, whatever the umask says.
    pub(super) fn readable_by_all(&self) -> io::Result<()> {
        self.file.as_file().set_permissions(Permissions::from_mode(0o644))
    }

    /// Gives it the permissions of the file whose place it takes, if there is one: whoever let others read yesterday's
    /// report means today's too.
    pub(super) fn readable_as_before(&self) -> io::Result<()> {
        match std::fs::symlink_metadata(&self.path) {
            Ok(before) if before.is_file() => {
                let mode = before.permissions().mode() & 0o777;
                self.file.as_file().set_permissions(Permissions::from_mode(mode))
            }
            _ => Ok(()),
        }
    }

    /// Puts what was written in its place, where it survives a crash of the machine.
    pub(crate) fn take(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(&self.path).map_err(|error| error.error)?;
        File::open(directory_of(&self.path))?.sync_all()
    }
}

/// Puts a small file in its place, whole or not at all, readable by its owner alone.
pub(crate) fn place_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let place = Place::beside(path)?;
    io::Write::write_all(&mut place.handle()?, content)?;
    place.take()
}

/// Whether two paths name one place, as far as their directories exist.
pub(super) fn same_place(a: &Path, b: &Path) -> bool {
    let resolved = |path: &Path| match (directory_of(path).canonicalize(), path.file_name()) {
        (Ok(directory), Some(name)) => directory.join(name),
        _ => path.to_owned(),
    };
    resolved(a) == resolved(b)
}

pub(super) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
