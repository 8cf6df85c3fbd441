//! Why a ledger cannot be opened, read or written, each in one sentence an operator can act on.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// What went wrong with a ledger. The variants up to `Lock` are told before anything is written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// To be read, but not there.
    #[error("there is no ledger at {}", .0.display())]
    Absent(PathBuf),
    /// The file is something else; it was not touched.
    #[error("{} is no SQLite database, so it is no ledger; it was left as it is", .0.display())]
    NotADatabase(PathBuf),
    /// A database, but not of this program; it was not touched.
    #[error("{} is a database of another program, no ledger; it was left as it is", .0.display())]
    Foreign(PathBuf),
    /// Its tables are of a later version than this program knows; it was not touched.
    #[error(
        "the ledger {} was written by a newer recverify (version {found}, this one knows up to {known}); use that one",
        path.display()
    )]
    Newer {
        /// Where it is.
        path: PathBuf,
        /// Version of its tables.
        found: i64,
        /// The latest version known.
        known: i64,
    },
    /// Another run writes to it.
    #[error("another run holds the ledger {}; wait for its end", .0.display())]
    Held(PathBuf),
    /// The path leads nowhere, or the file cannot be made.
    #[error("the ledger {} cannot be opened: {source}", path.display())]
    Open {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A copy cannot be made there.
    #[error("the ledger cannot be copied to {}: {source}", path.display())]
    Backup {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The lock beside it cannot be made or taken.
    #[error("the ledger cannot be written, its lock {} cannot be taken: {source}", path.display())]
    Lock {
        /// Where the lock should be.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The head noted beside it cannot be read or written.
    #[error("the head noted beside the ledger, {}, cannot be used: {source}", path.display())]
    Note {
        /// Where it is.
        path: PathBuf,
        /// What the system says, or what is wrong with it.
        source: io::Error,
    },
    /// No room left.
    #[error("the ledger cannot be written: its disk is full")]
    Full(#[source] rusqlite::Error),
    /// No right to write.
    #[error("the ledger cannot be written: it, its directory or its disk is read-only")]
    ReadOnly(#[source] rusqlite::Error),
    /// Another program, a `sqlite3` shell for instance, keeps a transaction open.
    #[error("the ledger is locked by another program; end its transaction")]
    Locked(#[source] rusqlite::Error),
    /// The database's structure is broken.
    #[error("the ledger is damaged; restore it from a backup ({0})")]
    Corrupt(#[source] rusqlite::Error),
    /// A value no version of this program writes.
    #[error("the ledger holds something it should not: {0}")]
    Unexpected(String),
    /// Evidence could not be put into the form it is kept in.
    #[error("what was established cannot be written as JSON: {0}")]
    Json(#[from] io::Error),
    /// Anything else the database reports.
    #[error("the ledger's database failed: {0}")]
    Database(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(error),
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(error),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error),
            _ => Self::Database(error),
        }
    }
}
