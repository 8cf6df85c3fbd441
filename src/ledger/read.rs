//! A ledger as it can be asked, by the run that writes it or beside it.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use super::chain::{BEGINNING, Head};
use super::schema::EVIDENCE;
use super::{Declaration, LedgerError, Scope, file};
use crate::fixity::{Outcome, Sha256Digest};
use crate::record::RecordId;

/// A ledger to be read.
#[derive(Debug)]
pub struct Reader {
    pub(super) connection: Connection,
}

impl Reader {
    /// Opens a ledger for reading only, whether a run holds it or not.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Self::of(file::open_to_read(path)?)
    }

    pub(super) fn of(connection: Connection) -> Result<Self, LedgerError> {
        connection.set_prepared_statement_cache_capacity(64);
        // In KiB: the inner pages of a table of a million reports, which every look-up goes through.
        connection.pragma_update(None, "cache_size", -8_192)?;
        Ok(Self { connection })
    }

    /// The scopes that have rows, oldest first.
    pub fn scopes(&self) -> Result<Vec<Scope>, LedgerError> {
        let mut query = self.connection.prepare_cached("SELECT endpoint, project FROM scope ORDER BY id")?;
        let scopes = query.query_map([], |row| Ok(Scope { endpoint: row.get(0)?, project: row.get(1)? }))?;
        Ok(scopes.collect::<Result<_, _>>()?)
    }

    /// Where the chain ends.
    pub fn head(&self) -> Result<Head, LedgerError> {
        head(&self.connection)
    }

    /// The first row of a query, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, LedgerError>,
    ) -> Result<Option<T>, LedgerError> {
        let mut query = self.connection.prepare_cached(sql)?;
        let mut rows = query.query(params)?;
        rows.next()?.map(read).transpose()
    }

    /// The number a scope is kept under; `None` while it has no row.
    pub(super) fn scope_id(&self, scope: &Scope) -> Result<Option<i64>, LedgerError> {
        scope_id(&self.connection, scope)
    }

    /// The number a record is kept under; `None` while it has no row.
    pub(super) fn record_key(&self, scope: &Scope, id: &RecordId) -> Result<Option<i64>, LedgerError> {
        let Some(scope) = self.scope_id(scope)? else { return Ok(None) };
        record_key(&self.connection, scope, id)
    }
}

pub(super) fn scope_id(connection: &Connection, scope: &Scope) -> Result<Option<i64>, LedgerError> {
    let mut query = connection.prepare_cached("SELECT id FROM scope WHERE endpoint = ?1 AND project = ?2")?;
    Ok(query.query_row(params![scope.endpoint, scope.project], |row| row.get(0)).optional()?)
}

pub(super) fn record_key(connection: &Connection, scope: i64, id: &RecordId) -> Result<Option<i64>, LedgerError> {
    let mut query = connection.prepare_cached("SELECT id FROM record WHERE scope = ?1 AND record_id = ?2")?;
    Ok(query.query_row(params![scope, id.as_str()], |row| row.get(0)).optional()?)
}

/// Where the chain ends, by the tables: whoever appends goes on from what is there.
pub(super) fn head(connection: &Connection) -> Result<Head, LedgerError> {
    let seq: i64 = connection.prepare_cached("SELECT seq FROM last_entry")?.query_row([], |row| row.get(0))?;
    if seq == 0 {
        return Ok(Head { seq, digest: BEGINNING });
    }
    let digest = head_at(connection, seq)?.ok_or_else(|| LedgerError::Unexpected(format!("row {seq} is gone")))?;
    Ok(Head { seq, digest })
}

/// The head a row carries; `None` if there is no such row.
pub(super) fn head_at(connection: &Connection, seq: i64) -> Result<Option<Sha256Digest>, LedgerError> {
    if seq == 0 {
        return Ok(Some(BEGINNING));
    }
    let heads = EVIDENCE.map(|table| format!("SELECT head FROM {table} WHERE seq = ?1"));
    let mut query = connection.prepare_cached(&heads.join(" UNION ALL "))?;
    Ok(query.query_row([seq], |row| row.get(0)).optional()?.map(Sha256Digest::from_bytes))
}

/// A time out of a column of milliseconds.
pub(super) fn time(millis: i64) -> Result<Timestamp, LedgerError> {
    Timestamp::from_millisecond(millis).map_err(|_| LedgerError::Unexpected(format!("{millis} is no time")))
}

/// A column of milliseconds.
pub(super) fn time_at(row: &Row<'_>, column: usize) -> Result<Timestamp, LedgerError> {
    time(row.get(column)?)
}

/// A column of an outcome's word.
pub(super) fn outcome_at(row: &Row<'_>, column: usize) -> Result<Outcome, LedgerError> {
    let word: String = row.get(column)?;
    let found = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == word);
    found.ok_or_else(|| LedgerError::Unexpected(format!("{word} is no outcome")))
}

/// A column of a record's id.
pub(super) fn record_id_at(row: &Row<'_>, column: usize) -> Result<RecordId, LedgerError> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error| LedgerError::Unexpected(format!("record id {text:?}: {error}")))
}

/// The declared values of row `seq`.
pub(super) fn declaration(seq: i64, text: &str) -> Result<Declaration, LedgerError> {
    serde_json::from_str(text)
        .map_err(|error| LedgerError::Unexpected(format!("declared values of row {seq}: {error}")))
}
