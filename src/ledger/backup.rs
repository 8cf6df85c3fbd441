//! A copy of the ledger as of one moment, made while a run may go on.

use std::fs;
use std::path::Path;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::file::{beside, private, sync_parent};
use super::{LedgerError, Reader};

impl Reader {
    /// Copies the whole ledger to `to`, where nothing may be yet. The copy is of one moment: a run that writes meanwhile
    /// is neither waited for nor disturbed. It gets its name once it is whole and on disk, and only its owner can read it.
    pub fn backup(&self, to: &Path) -> Result<(), LedgerError> {
        let failed = |source| LedgerError::Backup { path: to.to_owned(), source };
        let new = beside(to, ".new");
        // The name is taken first, so that two backups cannot both believe that it was free.
        drop(private(to).map_err(failed)?);
        let copied = self.copy(&new).and_then(|()| fs::rename(&new, to).map_err(failed));
        if copied.is_err() {
            // What is left of it is no ledger; the error that matters is the first one.
            let _ = fs::remove_file(&new);
            let _ = fs::remove_file(to);
        }
        copied?;
        sync_parent(to).map_err(failed)
    }

    fn copy(&self, new: &Path) -> Result<(), LedgerError> {
        let failed = |source| LedgerError::Backup { path: new.to_owned(), source };
        drop(private(new).map_err(failed)?);
        let mut copy = Connection::open_with_flags(new, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // All pages in one step, under one lock for reading: that makes it one moment.
        Backup::new(&self.connection, &mut copy)?.step(-1)?;
        // Only the log's own files go with the mode; the copy is to be one file.
        copy.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
        copy.close().map_err(|(_, error)| error)?;
        fs::File::open(new).and_then(|file| file.sync_all()).map_err(failed)
    }
}
