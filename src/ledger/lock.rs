//! The lock that one run holds on a ledger while it writes.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::LedgerError;
use super::file::beside;

/// An advisory lock on a file beside the ledger; the system lets go of it when the process ends, however it ends.
///
/// Never on the database itself: closing any descriptor of that file would drop the locks SQLite holds on it (POSIX
/// `fcntl` locks belong to process and file, not to a descriptor). The lock's file stays when the run is over: to
/// remove it would let a run that has just opened it hold a lock nobody else can see.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of the ledger at `path`, or says at once that another run has it.
    pub(super) fn take(path: &Path) -> Result<Self, LedgerError> {
        let lock = beside(path, ".lock");
        let failed = |source| LedgerError::Lock { path: lock.clone(), source };
        let file = open(&lock).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LedgerError::Held(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

fn open(path: &PathBuf) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_at_once_and_a_later_one_is_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("ledger");
        let first = Lock::take(&path).expect("nobody holds it");
        assert!(matches!(Lock::take(&path), Err(LedgerError::Held(held)) if held == path));
        drop(first);
        assert!(Lock::take(&path).is_ok());
    }

    #[test]
    fn a_place_without_a_directory_is_told() {
        let dir = tempfile::tempdir().expect("a directory");
        let told = Lock::take(&dir.path().join("none/ledger")).expect_err("there is no directory");
        assert!(matches!(told, LedgerError::Lock { .. }), "{told}");
    }
}
