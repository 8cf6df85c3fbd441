//! Appending what was seen and established: a row is on disk, and its number and head are taken, before any of these functions returns.

use jiff::Timestamp;
use rusqlite::{Transaction, TransactionBehavior, params};

use super::chain::{Head, Row};
use super::declaration::is_about;
use super::read::{head, record_key};
use super::{Declaration, Ledger, LedgerError, OpenRun, unlisted};
use crate::evidence::RecordReport;
use crate::fixity::Sha256Digest;
use crate::record::{Readiness, Record, RecordId};
use crate::report::canonical_json;

impl Ledger {
    /// Enters what was established about a record, the declared values of the day included. Once this returns, the
    /// record counts as done.
    pub fn verified(
        &mut self,
        run: &OpenRun,
        report: &RecordReport,
        verified_at: Timestamp,
    ) -> Result<Head, LedgerError> {
        let (bytes, report_sha256) = written(report)?;
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

    /// Enters that a record is gone after its retention, which was over at `expired_at`, with the report that found it
    /// so: it is not asked for again.
    pub fn expired(
        &mut self,
        run: &OpenRun,
        report: &RecordReport,
        expired_at: Timestamp,
        found_at: Timestamp,
    ) -> Result<Head, LedgerError> {
        let (bytes, report_sha256) = written(report)?;
        let (found_at, expired_at) = (found_at.as_millisecond(), expired_at.as_millisecond());
        let transaction = self.transaction()?;
        let record = intern_record(&transaction, run, &report.record_id)?;
        let names = run.names(&report.record_id);
        let row = Row::Expiry { record: names, found_at, expired_at, report_sha256: &report_sha256 };
        let next = next(&transaction, &row)?;
        transaction
            .prepare_cached(
                "INSERT INTO expiry (seq, record, run, found_at, expired_at, report_sha256, head, report)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                next.seq,
                record,
                run.seq,
                found_at,
                expired_at,
                report_sha256.as_bytes(),
                next.digest.as_bytes(),
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
            unlisted::note(&transaction, key)?;
            if !is_known(&transaction, key, &declared)? {
                let readiness = word(record.readiness());
                see(&transaction, run, key, id, seen_at, readiness, declaration.is_complete(), &declared)?;
                entered += 1;
            }
        }
        transaction.commit()?;
        Ok(entered)
    }

    /// Holds the database for writing from its first statement on, so that nothing comes between head and row.
    pub(super) fn transaction(&mut self) -> Result<Transaction<'_>, LedgerError> {
        Ok(self.reader.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

/// A report as it is kept, and the digest of that.
fn written(report: &RecordReport) -> Result<(Vec<u8>, Sha256Digest), LedgerError> {
    let bytes = canonical_json(report)?.into_bytes();
    let digest = Sha256Digest::of(&bytes);
    Ok((bytes, digest))
}

/// Number and head of the row to be appended.
pub(super) fn next(transaction: &Transaction<'_>, row: &Row<'_>) -> Result<Head, LedgerError> {
    let last = head(transaction)?;
    Ok(last.next(&row.digest(last.seq + 1)))
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
