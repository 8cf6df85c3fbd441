//! The history of one record: every sighting and verification, in the order they were entered.

use jiff::Timestamp;

use super::read::{declaration, outcome_at, time_at};
use super::{Declaration, LedgerError, Reader, Scope};
use crate::fixity::{Outcome, Sha256Digest};
use crate::record::RecordId;

/// One row about a record.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryRow {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// In which run.
    pub run_id: String,
    /// What was declared that day; `None` when the record could not be had.
    pub declaration: Option<Declaration>,
    /// What happened.
    pub event: Event,
}

/// What a row says happened to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A listing showed it new or changed: `uploaded`, `not_uploaded`, `failed` or `unknown`.
    Seen {
        /// What its status meant.
        readiness: String,
    },
    /// It was verified.
    Verified {
        /// What came of it.
        outcome: Outcome,
        /// The code of its reason.
        reason: Option<String>,
        /// The SHA-256 of the report kept with it.
        report_sha256: Sha256Digest,
    },
}

impl Reader {
    /// The rows about a record, oldest first; empty if the ledger has never heard of it.
    pub fn history(&self, scope: &Scope, id: &RecordId) -> Result<Vec<HistoryRow>, LedgerError> {
        let Some(record) = self.record_key(scope, id)? else { return Ok(Vec::new()) };
        let mut query = self.connection.prepare_cached(HISTORY)?;
        let mut rows = query.query([record])?;
        let mut history = Vec::new();
        while let Some(row) = rows.next()? {
            let seq = row.get(0)?;
            let declared = row.get::<_, Option<String>>(3)?;
            let event = match row.get::<_, Option<String>>(4)? {
                Some(readiness) => Event::Seen { readiness },
                None => Event::Verified {
                    outcome: outcome_at(row, 5)?,
                    reason: row.get(6)?,
                    report_sha256: Sha256Digest::from_bytes(row.get(7)?),
                },
            };
            history.push(HistoryRow {
                seq,
                at: time_at(row, 1)?,
                run_id: row.get(2)?,
                declaration: declared.map(|text| declaration(seq, &text)).transpose()?,
                event,
            });
        }
        Ok(history)
    }

    /// The report of the last verification that found a record intact, as JSON; `None` if none did.
    pub fn last_intact_report(&self, scope: &Scope, id: &RecordId) -> Result<Option<serde_json::Value>, LedgerError> {
        let Some(record) = self.record_key(scope, id)? else { return Ok(None) };
        let report = self.first(LAST_INTACT_REPORT, [record], |row| Ok(row.get::<_, Vec<u8>>(0)?))?;
        let unexpected = |error| LedgerError::Unexpected(format!("a report of {id}: {error}"));
        report.map(|report| serde_json::from_slice(&report).map_err(unexpected)).transpose()
    }

    /// What a record declared when it was last verified.
    pub fn last_verified_declaration(&self, scope: &Scope, id: &RecordId) -> Result<Option<Declaration>, LedgerError> {
        let Some(record) = self.record_key(scope, id)? else { return Ok(None) };
        self.first(LAST_DECLARED, [record], |row| declaration(row.get(0)?, &row.get::<_, String>(1)?))
    }

    /// The report of a verification, byte for byte as it was entered; `None` if `seq` is the number of none.
    pub fn report(&self, seq: i64) -> Result<Option<Vec<u8>>, LedgerError> {
        let mut query = self.connection.prepare_cached("SELECT report FROM verification WHERE seq = ?1")?;
        let mut rows = query.query([seq])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    }
}

const LAST_INTACT_REPORT: &str =
    "SELECT report FROM verification WHERE record = ?1 AND outcome = 'intact' ORDER BY seq DESC LIMIT 1";

const LAST_DECLARED: &str =
    "SELECT seq, declared FROM verification WHERE record = ?1 AND declared IS NOT NULL ORDER BY seq DESC LIMIT 1";

const HISTORY: &str = "
SELECT * FROM (
    SELECT s.seq AS seq, seen_at, run_id, declared, readiness, NULL, NULL, NULL
    FROM sighting s JOIN run ON run.seq = s.run WHERE record = ?1
    UNION ALL
    SELECT v.seq, verified_at, run_id, declared, NULL, outcome, reason, report_sha256
    FROM verification v JOIN run ON run.seq = v.run WHERE record = ?1)
ORDER BY seq";
