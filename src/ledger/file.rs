//! The ledger's file: told from other files before anything is written, made whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{LedgerError, schema};

/// `path` with something added to its name: SQLite's own files and ours lie beside the ledger.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// The one path of a ledger, links followed, so that two names of it share a lock.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, LedgerError> {
    let failed = |source| LedgerError::Open { path: path.to_owned(), source };
    match path.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or_else(|| failed(error))?;
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Ok(parent.canonicalize().map_err(failed)?.join(name))
        }
        resolved => resolved.map_err(failed),
    }
}

/// Opens for writing; the caller holds the lock.
pub(super) fn open_to_write(path: &Path) -> Result<Connection, LedgerError> {
    match length(path)? {
        None | Some(0) => create(path)?,
        Some(_) => recognise(path)?,
    }
    let mut connection = connect(path, path, Access::Write)?;
    durable(&connection)?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

/// Opens for reading; a run that writes meanwhile is neither waited for nor disturbed.
///
/// The file is opened as if to write where that is allowed, or else the last one to close it could not clear away the
/// log; `query_only` keeps every statement from changing anything.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, LedgerError> {
    if length(path)?.is_none() {
        return Err(LedgerError::Absent(path.to_owned()));
    }
    let path = resolve(path)?;
    recognise(&path)?;
    let connection = match connect(&path, &path, Access::Write) {
        // Where nothing can be written, SQLite cannot share a log with a writer; without a log there is no writer.
        Err(LedgerError::ReadOnly(_) | LedgerError::Database(_)) if !beside(&path, "-wal").exists() => {
            connect(&path, &immutable(&path), Access::Read)?
        }
        opened => opened?,
    };
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// How many bytes the file has; `None` if there is none.
fn length(path: &Path) -> Result<Option<u64>, LedgerError> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(Some(found.len())),
        Ok(_) => Err(LedgerError::NotADatabase(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(LedgerError::Open { path: path.to_owned(), source }),
    }
}

/// Refuses what is no ledger this program can use, by the file alone: opened so, SQLite makes no log beside it. (To
/// read its header ourselves could drop locks SQLite holds on it, see [`super::lock`].)
fn recognise(path: &Path) -> Result<(), LedgerError> {
    /// SQLite takes what is shorter than its smallest page for an empty database.
    const SMALLEST_PAGE: u64 = 512;
    if length(path)?.is_none_or(|length| length < SMALLEST_PAGE) {
        return Err(LedgerError::NotADatabase(path.to_owned()));
    }
    match connect(path, &immutable(path), Access::Read) {
        // A log not yet carried over, of a run that was killed: without it the file may be half of something.
        Err(LedgerError::Corrupt(_)) => connect(path, path, Access::Read).map(drop),
        looked => looked.map(drop),
    }
}

/// How a file is opened.
#[derive(Clone, Copy)]
enum Access {
    Read,
    Write,
}

/// Opens what is there and checks by its marks that it is a ledger this program knows.
fn connect(path: &Path, location: &Path, access: Access) -> Result<Connection, LedgerError> {
    let refused = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => LedgerError::NotADatabase(path.to_owned()),
        _ => error.into(),
    };
    let access = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(location, access | common()).map_err(refused)?;
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    if number("application_id").map_err(refused)? != schema::APPLICATION_ID {
        return Err(LedgerError::Foreign(path.to_owned()));
    }
    let found = number("user_version").map_err(refused)?;
    if found > schema::VERSION {
        return Err(LedgerError::Newer { path: path.to_owned(), found, known: schema::VERSION });
    }
    Ok(connection)
}

/// Makes an empty ledger under another name and puts it in place once it is whole on disk, so that no moment leaves a
/// file that looks like something else.
fn create(path: &Path) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::Open { path: path.to_owned(), source };
    let new = beside(path, ".new");
    // What an earlier attempt left behind; the lock is held, so nobody is at it.
    for suffix in ["", "-journal", "-wal", "-shm"] {
        match fs::remove_file(beside(&new, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    drop(private(&new).map_err(failed)?);
    let mut connection = Connection::open_with_flags(&new, OpenFlags::SQLITE_OPEN_READ_WRITE | common())?;
    durable(&connection)?;
    schema::migrate(&mut connection)?;
    connection.close().map_err(|(_, error)| error)?;
    fs::rename(&new, path).map_err(failed)?;
    sync_parent(path).map_err(failed)
}

/// Puts a new name on disk.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// A new file only its owner can read; SQLite gives the files beside it the same permissions.
pub(super) fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A committed row is on disk: the log is flushed at every commit.
fn durable(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)
}

fn common() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI
}

/// The URI of a file nobody writes to (SQLite, *URI filenames*).
fn immutable(path: &Path) -> PathBuf {
    const RESERVED: &AsciiSet = &CONTROLS.add(b' ').add(b'?').add(b'#').add(b'%');
    let path = percent_encode(path.as_os_str().as_encoded_bytes(), RESERVED);
    format!("file://{path}?immutable=1").into()
}
