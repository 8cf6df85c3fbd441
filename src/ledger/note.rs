//! The head noted beside a ledger, `FILE.head`: by it a ledger that was put back from a backup, or cut off, is found out.
//!
//! One line, the number of the last row and its head in hexadecimal. It is written when a run begins, when it ends and
//! when something is acknowledged, so rows entered since are no fault: a run may have been killed. A ledger without one,
//! a copy carried elsewhere, is as good as its chain.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::LedgerError;
use super::chain::Head;
use super::file::{beside, private, sync_parent};

/// Where the head of the ledger at `path` is noted.
fn place(path: &Path) -> PathBuf {
    beside(path, ".head")
}

/// The head noted beside the ledger at `path`; `None` if none is.
pub(super) fn read(path: &Path) -> Result<Option<Head>, LedgerError> {
    let place = place(path);
    let text = match fs::read_to_string(&place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(LedgerError::Note { path: place, source }),
        Ok(text) => text,
    };
    let parsed = text.trim_end().split_once(' ').and_then(|(seq, digest)| {
        Some(Head { seq: seq.parse().ok().filter(|seq| *seq >= 0)?, digest: digest.parse().ok()? })
    });
    let unreadable = || {
        let why = "it is no row number and head; move it away once you know why";
        LedgerError::Note { path: place, source: io::Error::new(io::ErrorKind::InvalidData, why) }
    };
    parsed.map(Some).ok_or_else(unreadable)
}

/// Notes a head, whole or not at all; the caller holds the lock.
pub(super) fn write(path: &Path, head: &Head) -> Result<(), LedgerError> {
    let place = place(path);
    let new = beside(&place, ".new");
    let written = || {
        // What a killed run left.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private(&new)?;
        writeln!(file, "{} {}", head.seq, head.digest)?;
        file.sync_all()?;
        fs::rename(&new, &place)?;
        sync_parent(&place)
    };
    written().map_err(|source| LedgerError::Note { path: place.clone(), source })
}
