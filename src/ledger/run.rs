//! Runs: what they were asked to do, and how they ended.

use jiff::Timestamp;
use rusqlite::{Transaction, params};
use serde::Serialize;

use super::append::next;
use super::chain::{Head, Named, Row};
use super::read::scope_id;
use super::{Ledger, LedgerError, Scope, note, unlisted};
use crate::record::RecordId;
use crate::report::canonical_json;

/// A run that has been entered, for its rows to refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    pub(super) seq: i64,
    pub(super) scope_id: i64,
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

    pub(super) fn names<'a>(&'a self, record_id: &'a RecordId) -> Named<'a> {
        let Scope { endpoint, project } = &self.scope;
        Named { endpoint, project, record_id: record_id.as_str(), run_id: &self.id }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub struct RunEnd<'a, S> {
    /// When.
    pub finished_at: Timestamp,
    /// The number the process ends with, unless a report cannot be written after this.
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
        self.declare_discontinuity(started_at)?;
        let transaction = self.transaction()?;
        let scope_id = intern_scope(&transaction, scope)?;
        let started_at = started_at.as_millisecond();
        let Scope { endpoint, project } = scope;
        unlisted::begin(&transaction)?;
        let row = Row::Run { endpoint, project, run_id, started_at, selection: &selection };
        let next = next(&transaction, &row)?;
        transaction
            .prepare_cached(
                "INSERT INTO run (seq, scope, run_id, started_at, selection, head) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![next.seq, scope_id, run_id, started_at, selection, next.digest.as_bytes()])?;
        transaction.commit()?;
        note::write(&self.path, &next)?;
        Ok(OpenRun { seq: next.seq, scope_id, id: run_id.to_owned(), scope: scope.clone() })
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
        note::write(&self.path, &next)?;
        Ok(next)
    }
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
