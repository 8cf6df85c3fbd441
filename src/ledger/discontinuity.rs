//! A ledger that does not go on where it ended: found by the head noted beside it, and declared in the chain itself.

use std::fmt;

use jiff::Timestamp;
use rusqlite::params;

use super::append::next;
use super::chain::{Head, Row};
use super::read::{head_at, time_at};
use super::{Ledger, LedgerError, Reader, note};
use crate::fixity::Sha256Digest;

/// That the head noted beside a ledger is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// The head that was noted.
    pub noted: Head,
    /// Where the ledger ends.
    pub found: Head,
}

/// A row that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discontinuity {
    /// Its number.
    pub seq: i64,
    /// When it was found.
    pub found_at: Timestamp,
    /// What was found.
    pub behind: Behind,
}

impl Behind {
    /// What a noted head says of a ledger; a ledger that has the noted row as noted may well have gone on since.
    pub(super) fn of(reader: &Reader, noted: Option<Head>) -> Result<Option<Self>, LedgerError> {
        let Some(noted) = noted else { return Ok(None) };
        if head_at(&reader.connection, noted.seq)? == Some(noted.digest) {
            return Ok(None);
        }
        Ok(Some(Self { noted, found: reader.head()? }))
    }
}

impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { noted, found } = self;
        if found.seq < noted.seq {
            write!(f, "the ledger ends at row {}, and row {} was noted beside it", found.seq, noted.seq)
        } else {
            write!(f, "row {} of the ledger is not the one noted beside it", noted.seq)
        }
    }
}

impl fmt::Display for Discontinuity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Behind { noted, found } = self.behind;
        write!(f, "it went on from row {} ({}) ", found.seq, found.digest)?;
        write!(f, "although it had been at row {} ({})", noted.seq, noted.digest)
    }
}

impl Ledger {
    /// Enters that the ledger is behind the head noted beside it, before anything else is entered.
    pub(super) fn declare_discontinuity(&mut self, found_at: Timestamp) -> Result<(), LedgerError> {
        let Some(Behind { noted, found }) = self.behind else { return Ok(()) };
        let found_at = found_at.as_millisecond();
        let transaction = self.transaction()?;
        let next = next(&transaction, &Row::Discontinuity { found_at, noted: &noted, found: &found })?;
        transaction
            .prepare_cached(
                "INSERT INTO discontinuity (seq, found_at, noted_seq, noted_head, found_seq, found_head, head)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                next.seq,
                found_at,
                noted.seq,
                noted.digest.as_bytes(),
                found.seq,
                found.digest.as_bytes(),
                next.digest.as_bytes()
            ])?;
        transaction.commit()?;
        self.behind = None;
        note::write(&self.path, &next)
    }
}

impl Reader {
    /// Every discontinuity that was declared, oldest first.
    pub fn discontinuities(&self) -> Result<Vec<Discontinuity>, LedgerError> {
        if !self.has_table("discontinuity")? {
            return Ok(Vec::new());
        }
        let mut query = self.connection.prepare_cached(
            "SELECT seq, found_at, noted_seq, noted_head, found_seq, found_head FROM discontinuity ORDER BY seq",
        )?;
        let mut rows = query.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let head = |seq, digest| -> rusqlite::Result<Head> {
                Ok(Head { seq: row.get(seq)?, digest: Sha256Digest::from_bytes(row.get(digest)?) })
            };
            let behind = Behind { noted: head(2, 3)?, found: head(4, 5)? };
            all.push(Discontinuity { seq: row.get(0)?, found_at: time_at(row, 1)?, behind });
        }
        Ok(all)
    }
}
