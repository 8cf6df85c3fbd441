//! A walk through the whole chain, row by row, as far as it holds.

use std::fmt;

use rusqlite::OptionalExtension as _;
use serde_json::Value;

use super::chain::{BEGINNING, Head, columns};
use super::schema::EVIDENCE;
use super::{ExportError, LedgerError, Reader};
use crate::fixity::Sha256Digest;

/// The first place where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The number of the row that should be there and as it was written.
    pub seq: i64,
    /// What is wrong with it, in words.
    pub what: &'static str,
    /// What the row is about, by what it says now.
    pub about: About,
}

/// What a row is about; nothing of that is known of a row that is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct About {
    /// The table it is in.
    pub table: Option<String>,
    /// Its record.
    pub record_id: Option<String>,
    /// Its run.
    pub run_id: Option<String>,
}

/// A row that holds.
pub(super) struct Step<'a> {
    /// Its columns, as its digest covers them.
    pub(super) columns: &'a [u8],
    /// Its digest.
    pub(super) digest: Sha256Digest,
    /// The head it makes.
    pub(super) head: Head,
}

/// How far the chain holds.
pub(super) struct Walked {
    /// The last row that does.
    pub(super) head: Head,
    /// What comes after it, unless that is the end.
    pub(super) first_break: Option<Break>,
}

impl Reader {
    /// Walks the whole chain and names the first row that is missing or not as it was written; `None` if all holds.
    pub fn first_break(&self) -> Result<Option<Break>, LedgerError> {
        match self.walk(|_| Ok(())) {
            Ok(walked) => Ok(walked.first_break),
            Err(ExportError::Ledger(error)) => Err(error),
            // Nothing is written on this walk.
            Err(ExportError::Write(error)) => Err(error.into()),
        }
    }

    /// Hands over every row from the first one on, as long as each is as it was written.
    pub(super) fn walk(
        &self,
        mut each: impl FnMut(&Step<'_>) -> Result<(), ExportError>,
    ) -> Result<Walked, ExportError> {
        let tables = self.evidence_tables()?;
        let mut at = Head { seq: 0, digest: BEGINNING };
        if tables.is_empty() {
            return Ok(Walked { head: at, first_break: None });
        }
        let reports: Vec<_> = ["verification", "expiry"]
            .into_iter()
            .filter(|table| tables.contains(table))
            .map(|table| format!("SELECT report, report_sha256 FROM {table} WHERE seq = ?1"))
            .collect();
        let mut reports = match reports.as_slice() {
            [] => None,
            reports => Some(self.connection.prepare(&reports.join(" UNION ALL "))?),
        };
        let mut query = self.connection.prepare(&format!("{} ORDER BY 1", columns(&tables)))?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let seq = row.get::<_, i64>(0)?;
            let columns = row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?;
            let head = row.get_ref(2)?.as_bytes().map_err(rusqlite::Error::from)?;
            let digest = Sha256Digest::of(columns);
            let next = at.next(&digest);
            let broken = |seq, what| Break { seq, what, about: About::of(columns) };
            let first_break = if seq < next.seq {
                Some(broken(seq, "it was put in: its number is taken, or below the first one"))
            } else if seq > next.seq {
                Some(self.absent(next.seq, &tables)?)
            } else if head != next.digest.as_bytes() {
                Some(broken(seq, "it, or the head it carries, is not what was written"))
            } else if let Some(reports) = &mut reports
                && !keeps_its_report(reports, seq)?
            {
                Some(broken(seq, "its report is not what was written"))
            } else {
                None
            };
            if first_break.is_some() {
                return Ok(Walked { head: at, first_break });
            }
            each(&Step { columns, digest, head: next })?;
            at = next;
        }
        // Rows that name no run or no record are in no order, and might be all there is after this one.
        let last = self.last_number(&tables)?;
        let first_break = (last > at.seq).then(|| self.absent(at.seq + 1, &tables)).transpose()?;
        Ok(Walked { head: at, first_break })
    }

    /// The tables of evidence there are.
    pub(super) fn evidence_tables(&self) -> Result<Vec<&'static str>, LedgerError> {
        let mut tables = EVIDENCE.to_vec();
        let mut failed = None;
        tables.retain(|table| self.has_table(table).unwrap_or_else(|error| failed.replace(error).is_some()));
        failed.map_or(Ok(tables), Err)
    }

    pub(super) fn has_table(&self, name: &str) -> Result<bool, LedgerError> {
        let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        Ok(self.first(sql, [name], |_| Ok(()))?.is_some())
    }

    /// What is wrong with a row that did not come.
    fn absent(&self, seq: i64, tables: &[&str]) -> Result<Break, LedgerError> {
        for table in tables {
            if self.first(&format!("SELECT 1 FROM {table} WHERE seq = ?1"), [seq], |_| Ok(()))?.is_some() {
                let about = About { table: Some((*table).to_owned()), ..About::default() };
                return Ok(Break { seq, what: "it is about a run or a record that is not there", about });
            }
        }
        Ok(Break { seq, what: "it is missing", about: About::default() })
    }

    fn last_number(&self, tables: &[&str]) -> Result<i64, LedgerError> {
        let mut last = 0;
        for table in tables {
            let max =
                self.first(&format!("SELECT max(seq) FROM {table}"), [], |row| Ok(row.get::<_, Option<i64>>(0)?))?;
            last = last.max(max.flatten().unwrap_or(0));
        }
        Ok(last)
    }
}

/// Whether the report kept with a row, if it has one, has the digest that is in the row.
fn keeps_its_report(reports: &mut rusqlite::Statement<'_>, seq: i64) -> rusqlite::Result<bool> {
    let same = reports.query_row([seq], |row| {
        Ok(Sha256Digest::of(row.get_ref(0)?.as_bytes()?).as_bytes().as_slice() == row.get_ref(1)?.as_bytes()?)
    });
    Ok(same.optional()? != Some(false))
}

impl About {
    /// By the columns of a row, in the order of [`super::chain::Row`].
    fn of(columns: &[u8]) -> Self {
        let columns: Vec<Value> = serde_json::from_slice(columns).unwrap_or_default();
        let text = |place: usize| columns.get(place).and_then(Value::as_str).map(str::to_owned);
        let table = text(0);
        let (record, run) = match table.as_deref() {
            Some("run") => (None, Some(4)),
            Some("run_end") => (None, Some(2)),
            Some("sighting" | "verification" | "expiry") => (Some(4), Some(5)),
            Some("acknowledgement") => (Some(4), None),
            _ => (None, None),
        };
        Self { table, record_id: record.and_then(text), run_id: run.and_then(text) }
    }
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, what, about: About { table, record_id, run_id } } = self;
        write!(f, "row {seq}")?;
        let parts = [("", table), ("record ", record_id), ("run ", run_id)];
        let known: Vec<_> = parts.iter().filter_map(|(name, part)| Some(format!("{name}{}", part.as_ref()?))).collect();
        if !known.is_empty() {
            write!(f, " ({})", known.join(", "))?;
        }
        write!(f, ": {what}")
    }
}
