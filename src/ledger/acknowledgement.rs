//! What an operator has answered for: one state of one record, and nothing that differs from it.

use jiff::Timestamp;
use rusqlite::{Row, params};
use serde_json::{Value, json};

use super::append::next;
use super::chain;
use super::read::{outcome_at, record_id_at, time_at};
use super::{Ledger, LedgerError, Reader, Scope, note};
use crate::fixity::Outcome;
use crate::record::RecordId;

/// A state somebody has answered for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Number of its row.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub operator: String,
    /// Why, in their words.
    pub note: String,
    /// The outcome it is bound to.
    pub outcome: Outcome,
    /// The code of its reason.
    pub reason: Option<String>,
    /// Everything else it is bound to, see [`state`].
    pub state: String,
}

/// What came of asking for an acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledged {
    /// It is entered.
    Entered(Box<Acknowledgement>),
    /// The record was never verified.
    NeverVerified,
    /// There is nothing to answer for.
    Intact,
}

/// What an acknowledgement is bound to beside outcome and reason: the declared size, and of each object its place, its
/// outcome and both digests, as compact JSON. `report` is a record's report as JSON.
#[must_use]
pub fn state(report: &Value) -> String {
    let objects = report["objects"].as_array().map(Vec::as_slice).unwrap_or_default();
    let objects: Vec<_> = objects
        .iter()
        .map(|object| {
            let told = ["role", "bucket", "key", "outcome", "declared_sha256", "observed_sha256"];
            Value::from(told.map(|name| object[name].clone()).to_vec())
        })
        .collect();
    json!({"declared_bytes": report["declared_size"]["bytes"], "objects": objects}).to_string()
}

impl Ledger {
    /// Enters that `operator` answers for what the last verification of a record came to. The same state later is known;
    /// any other is not.
    pub fn acknowledge(
        &mut self,
        scope: &Scope,
        id: &RecordId,
        operator: &str,
        note: &str,
        at: Timestamp,
    ) -> Result<Acknowledged, LedgerError> {
        let Some(record) = self.reader.record_key(scope, id)? else { return Ok(Acknowledged::NeverVerified) };
        let latest = self.reader.first(LATEST_REPORT, [record], |row| {
            Ok((outcome_at(row, 0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Vec<u8>>(2)?))
        })?;
        let (outcome, reason, report) = match latest {
            None => return Ok(Acknowledged::NeverVerified),
            Some((Outcome::Intact, ..)) => return Ok(Acknowledged::Intact),
            Some(latest) => latest,
        };
        let report = serde_json::from_slice(&report)
            .map_err(|error| LedgerError::Unexpected(format!("the last report of {id}: {error}")))?;
        let state = state(&report);
        let acknowledged_at = at.as_millisecond();
        self.declare_discontinuity(at)?;
        let transaction = self.transaction()?;
        let row = chain::Row::Acknowledgement {
            endpoint: &scope.endpoint,
            project: &scope.project,
            record_id: id.as_str(),
            acknowledged_at,
            operator,
            note,
            outcome: outcome.as_str(),
            reason: reason.as_deref(),
            state: &state,
        };
        let next = next(&transaction, &row)?;
        transaction
            .prepare_cached(
                "INSERT INTO acknowledgement (seq, record, acknowledged_at, operator, note, outcome, reason, state, head)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                next.seq,
                record,
                acknowledged_at,
                operator,
                note,
                outcome.as_str(),
                reason,
                state,
                next.digest.as_bytes()
            ])?;
        transaction.commit()?;
        note::write(&self.path, &next)?;
        Ok(Acknowledged::Entered(Box::new(Acknowledgement {
            seq: next.seq,
            at,
            operator: operator.to_owned(),
            note: note.to_owned(),
            outcome,
            reason,
            state,
        })))
    }
}

impl Reader {
    /// Everything ever acknowledged in a scope, oldest first.
    pub fn acknowledgements(&self, scope: &Scope) -> Result<Vec<(RecordId, Acknowledgement)>, LedgerError> {
        let Some(scope) = self.scope_id(scope)? else { return Ok(Vec::new()) };
        let mut query = self.connection.prepare_cached(OF_SCOPE)?;
        let mut rows = query.query([scope])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push((record_id_at(row, 7)?, acknowledgement_at(row)?));
        }
        Ok(all)
    }

    /// The last one of a record.
    pub(super) fn acknowledgement_of(&self, record: i64) -> Result<Option<Acknowledgement>, LedgerError> {
        self.first(OF_RECORD, [record], acknowledgement_at)
    }
}

fn acknowledgement_at(row: &Row<'_>) -> Result<Acknowledgement, LedgerError> {
    Ok(Acknowledgement {
        seq: row.get(0)?,
        at: time_at(row, 1)?,
        operator: row.get(2)?,
        note: row.get(3)?,
        outcome: outcome_at(row, 4)?,
        reason: row.get(5)?,
        state: row.get(6)?,
    })
}

const LATEST_REPORT: &str =
    "SELECT outcome, reason, report FROM verification WHERE record = ?1 ORDER BY seq DESC LIMIT 1";

const OF_RECORD: &str = "
SELECT seq, acknowledged_at, operator, note, outcome, reason, state FROM acknowledgement
WHERE record = ?1 ORDER BY seq DESC LIMIT 1";

const OF_SCOPE: &str = "
SELECT seq, acknowledged_at, operator, note, outcome, reason, state, record_id
FROM acknowledgement a JOIN record ON record.id = a.record WHERE scope = ?1 ORDER BY seq";
