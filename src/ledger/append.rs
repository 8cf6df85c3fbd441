//! Appending: a row is on disk, and its number and head are taken, before any of these functions returns.

use jiff::Timestamp;
use rusqlite::{Transaction, TransactionBehavior, params};
use serde::Serialize;

use super::chain::{Head, Named, Row};
use super::declaration::is_about;
use super::read::{head, record_key, scope_id};
use super::{Declaration, Ledger, LedgerError, Scope};
use crate::evidence::RecordReport;
use crate::fixity::Sha256Digest;
use crate::record::{Readiness, Record, RecordId};
use crate::report::canonical_json;

/// A run that has been entered, for its rows to refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    seq: i64,
    scope_id: i64,
    id: String,
    scope: Scope,
}

impl OpenRun {
    /// The number of its row: whatever has a greater one was entered since it began.
    #[must_use]
    pub const fn seq(&self) -> i64 {
        self.seq
    }

    /// Whose records it verifies.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    fn names<'a>(&'a self, record_id: &'a RecordId) -> Named<'a> {
        let Scope { endpoint, project } = &self.scope;
        Named { endpoint, project, record_id: record_id.as_str(), run_id: &self.id }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub struct RunEnd<'a, S> {
    /// When.
    pub finished_at: Timestamp,
    /// The number the process ends with.
    pub exit_code: u8,
    /// How far the listing got.
    pub listed: Listed,
    /// Its totals, kept as JSON.
    pub summary: &'a S,
}

/// How far the listing of a run got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Listed {
    /// Whether it reached the end of its window, with no filter beside the window.
    pub complete: bool,
    /// The end of the window, or of the part that was listed; `None` when nothing was listed.
    pub until: Option<Timestamp>,
}

impl Ledger {
    /// Enters a run. `selection` is kept as JSON.
    pub fn begin_run(
        &mut self,
        run_id: &str,
        scope: &Scope,
        started_at: Timestamp,
        selection: &impl Serialize,
    ) -> Result<OpenRun, LedgerError> {
        let selection = canonical_json(selection)?;
        let transaction = self.transaction()?;
        let scope_id = intern_scope(&transaction, scope)?;
        let started_at = started_at.as_millisecond();
        let Scope { endpoint, project } = scope;
        let row = Row::Run { endpoint, project, run_id, started_at, selection: &selection };
        let next = next(&transaction, &row)?;
        transaction
            .prepare_cached(
                "INSERT INTO run (seq, scope, run_id, started_at, selection, head) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![next.seq, scope_id, run_id, started_at, selection, next.digest.as_bytes()])?;
        transaction.commit()?;
        Ok(OpenRun { seq: next.seq, scope_id, id: run_id.to_owned(), scope: scope.clone() })
    }

    /// Enters what was established about a record, the declared values of the day included. Once this returns, the
    /// record counts as done.
    pub fn verified(
        &mut self,
        run: &OpenRun,
        report: &RecordReport,
        verified_at: Timestamp,
    ) -> Result<Head, LedgerError> {
        let bytes = canonical_json(report)?.into_bytes();
        let report_sha256 = Sha256Digest::of(&bytes);
        let declaration = Declaration::of_report(report);
        let complete = declaration.as_ref().is_some_and(Declaration::is_complete);
        let declared = declaration.map(|declaration| canonical_json(&declaration)).transpose()?;
        let verified_at = verified_at.as_millisecond();
        let outcome = report.outcome.as_str();
        let reason = report.reason.as_ref().map(|reason| reason.code.as_str());

        let transaction = self.transaction()?;
        let record = intern_record(&transaction, run, &report.record_id)?;
        let row = Row::Verification {
            record: run.names(&report.record_id),
            verified_at,
            outcome,
            reason,
            complete,
            declared: declared.as_deref(),
            report_sha256: &report_sha256,
        };
        let next = next(&transaction, &row)?;
        transaction
            .prepare_cached(
                "INSERT INTO verification (seq, record, run, verified_at, outcome, reason, complete, report_sha256,
                 head, declared, report) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                next.seq,
                record,
                run.seq,
                verified_at,
                outcome,
                reason,
                complete,
                report_sha256.as_bytes(),
                next.digest.as_bytes(),
                declared,
                bytes
            ])?;
        transaction.commit()?;
        Ok(next)
    }

    /// Enters what a listing says of each record that is new, or not as it was when last listed or verified: a page in
    /// one transaction. Says how many rows that made; the same listing again makes none.
    pub fn seen<'a>(
        &mut self,
        run: &OpenRun,
        records: impl IntoIterator<Item = (&'a RecordId, &'a Record)>,
        seen_at: Timestamp,
    ) -> Result<u64, LedgerError> {
        let transaction = self.transaction()?;
        let mut entered = 0;
        for (id, record) in records.into_iter().filter(|(id, record)| is_about(record, id)) {
            let declaration = Declaration::of(record);
            let declared = canonical_json(&declaration)?;
            let key = intern_record(&transaction, run, id)?;
            if !is_known(&transaction, key, &declared)? {
                let readiness = word(record.readiness());
                see(&transaction, run, key, id, seen_at, readiness, declaration.is_complete(), &declared)?;
                entered += 1;
            }
        }
        transaction.commit()?;
        Ok(entered)
    }

    /// Enters the end of a run; one that was killed has none.
    pub fn end_run<S: Serialize>(&mut self, run: &OpenRun, end: &RunEnd<'_, S>) -> Result<Head, LedgerError> {
        let summary = canonical_json(end.summary)?;
        let finished_at = end.finished_at.as_millisecond();
        let exit_code = i64::from(end.exit_code);
        let Listed { complete: listing_complete, until } = end.listed;
        let listed_until = until.map(Timestamp::as_millisecond);
        let transaction = self.transaction()?;
        let row =
            Row::RunEnd { run_id: &run.id, finished_at, exit_code, listing_complete, listed_until, summary: &summary };
        let next = next(&transaction, &row)?;
        transaction
            .prepare_cached(
                "INSERT INTO run_end (seq, run, finished_at, exit_code, listing_complete, listed_until, summary, head)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                next.seq,
                run.seq,
                finished_at,
                exit_code,
                listing_complete,
                listed_until,
                summary,
                next.digest.as_bytes()
            ])?;
        transaction.commit()?;
        Ok(next)
    }

    /// Holds the database for writing from its first statement on, so that nothing comes between head and row.
    fn transaction(&mut self) -> Result<Transaction<'_>, LedgerError> {
        Ok(self.reader.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

/// Number and head of the row to be appended.
fn next(transaction: &Transaction<'_>, row: &Row<'_>) -> Result<Head, LedgerError> {
    let last = head(transaction)?;
    Ok(last.next(&row.digest(last.seq + 1)))
}

fn intern_scope(transaction: &Transaction<'_>, scope: &Scope) -> Result<i64, LedgerError> {
    if let Some(id) = scope_id(transaction, scope)? {
        return Ok(id);
    }
    transaction
        .prepare_cached("INSERT INTO scope (id, endpoint, project) SELECT 1 + coalesce(max(id), 0), ?1, ?2 FROM scope")?
        .execute([&scope.endpoint, &scope.project])?;
    Ok(transaction.last_insert_rowid())
}

fn intern_record(transaction: &Transaction<'_>, run: &OpenRun, id: &RecordId) -> Result<i64, LedgerError> {
    if let Some(key) = record_key(transaction, run.scope_id, id)? {
        return Ok(key);
    }
    transaction
        .prepare_cached(
            "INSERT INTO record (id, scope, record_id) SELECT 1 + coalesce(max(id), 0), ?1, ?2 FROM record",
        )?
        .execute(params![run.scope_id, id.as_str()])?;
    Ok(transaction.last_insert_rowid())
}

/// Whether the last sighting or the last verification of a record has these very values. Both count, so that a listing
/// that words something in another way than the details do is not new every night.
fn is_known(transaction: &Transaction<'_>, record: i64, declared: &str) -> Result<bool, LedgerError> {
    let mut query = transaction.prepare_cached(
        "SELECT ?2 IN (
             (SELECT declared FROM sighting WHERE record = ?1 ORDER BY seq DESC LIMIT 1),
             (SELECT declared FROM verification WHERE record = ?1 ORDER BY seq DESC LIMIT 1))",
    )?;
    // NULL, where one of the two is absent and the other differs, is no.
    Ok(query.query_row(params![record, declared], |row| row.get::<_, Option<bool>>(0))? == Some(true))
}

#[expect(clippy::too_many_arguments, reason = "the columns of one row")]
fn see(
    transaction: &Transaction<'_>,
    run: &OpenRun,
    key: i64,
    id: &RecordId,
    seen_at: Timestamp,
    readiness: &str,
    complete: bool,
    declared: &str,
) -> Result<(), LedgerError> {
    let seen_at = seen_at.as_millisecond();
    let next = next(transaction, &Row::Sighting { record: run.names(id), seen_at, readiness, complete, declared })?;
    transaction
        .prepare_cached(
            "INSERT INTO sighting (seq, record, run, seen_at, readiness, complete, declared, head)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![next.seq, key, run.seq, seen_at, readiness, complete, declared, next.digest.as_bytes()])?;
    Ok(())
}

const fn word(readiness: Readiness) -> &'static str {
    match readiness {
        Readiness::Uploaded => "uploaded",
        Readiness::Unknown => "unknown",
        Readiness::NotUploaded => "not_uploaded",
        Readiness::Failed => "failed",
    }
}
