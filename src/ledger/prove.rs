//! One record shown without the rest: its rows, and of every other row its digest alone, so that the heads can be made anew.

use std::collections::HashSet;
use std::io::Write;

use serde_json::json;

use super::chain::Head;
use super::walk::{Break, Walked};
use super::{ExportError, LedgerError, Reader, Scope};
use crate::record::RecordId;
use crate::report::{NAME, canonical_json};

/// Name and version of the shape.
const SCHEMA: &str = "recverify/proof/v1";

/// What a proof shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    /// How many rows of the record.
    pub rows: usize,
    /// Up to which head.
    pub head: Head,
}

impl Reader {
    /// Writes the rows of a record, with the reports kept with them if wanted, among the digests of all others, up to
    /// where the ledger ends. Of a chain that does not hold there is no proof.
    pub fn prove(
        &self,
        scope: &Scope,
        id: &RecordId,
        with_reports: bool,
        mut out: impl Write,
    ) -> Result<Result<Proven, Break>, ExportError> {
        let moment = self.connection.unchecked_transaction()?;
        let own = self.numbers_of(scope, id)?;
        let mut begin = canonical_json(&json!({
            "schema": SCHEMA, "tool": NAME, "endpoint": scope.endpoint, "project": scope.project, "record_id": id.as_str()
        }))?;
        // An object ends with its brace; the rest of it follows.
        begin.pop();
        write!(out, "{begin},\"rows\":[")?;
        let Walked { head, first_break } = self.walk(|step| {
            out.write_all(if step.head.seq == 1 { b"\n" } else { b",\n" })?;
            let row = if own.contains(&step.head.seq) {
                let columns = text(step.columns)?;
                match self.kept_report(step.head.seq)?.filter(|_| with_reports) {
                    Some(report) => json!({"columns": columns, "report": text(&report)?}),
                    None => json!({"columns": columns}),
                }
            } else {
                json!({"digest": step.digest})
            };
            Ok(out.write_all(canonical_json(&row)?.as_bytes())?)
        })?;
        let end = json!({"seq": head.seq, "sha256": head.digest});
        writeln!(out, "\n],\"head\":{end}}}")?;
        out.flush()?;
        moment.finish()?;
        Ok(match first_break {
            Some(broken) => Err(broken),
            None => Ok(Proven { rows: own.len(), head }),
        })
    }

    /// The numbers of all rows about a record.
    fn numbers_of(&self, scope: &Scope, id: &RecordId) -> Result<HashSet<i64>, LedgerError> {
        let Some(record) = self.record_key(scope, id)? else { return Ok(HashSet::new()) };
        let mut numbers = HashSet::new();
        for table in self.evidence_tables()?.into_iter().filter(|table| OF_A_RECORD.contains(table)) {
            let mut query = self.connection.prepare(&format!("SELECT seq FROM {table} WHERE record = ?1"))?;
            for seq in query.query_map([record], |row| row.get(0))? {
                numbers.insert(seq?);
            }
        }
        Ok(numbers)
    }

    fn kept_report(&self, seq: i64) -> Result<Option<Vec<u8>>, LedgerError> {
        if let Some(report) = self.report(seq)? {
            return Ok(Some(report));
        }
        if !self.has_table("expiry")? {
            return Ok(None);
        }
        self.first("SELECT report FROM expiry WHERE seq = ?1", [seq], |row| Ok(row.get(0)?))
    }
}

/// Tables of evidence whose rows are about one record each.
const OF_A_RECORD: [&str; 4] = ["sighting", "verification", "expiry", "acknowledgement"];

fn text(bytes: &[u8]) -> Result<&str, LedgerError> {
    std::str::from_utf8(bytes).map_err(|error| LedgerError::Unexpected(format!("a row is no text: {error}")))
}
