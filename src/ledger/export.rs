//! The ledger for other programs: every verification as a JSON line or a CSV row, streamed.

use std::io::{self, Write};

use serde::Serialize;

use super::read::{declaration, outcome_at, time_at};
use super::{Declaration, LedgerError, Reader, Scope};
use crate::fixity::{Outcome, Sha256Digest};
use crate::report::{canonical_json, csv_cell};
use crate::time::report_time;

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The other end could not be written.
    #[error("the export could not be written: {0}")]
    Write(#[from] io::Error),
}

impl From<rusqlite::Error> for ExportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// A verification without its report; names and order are those of the JSON line.
#[derive(Serialize)]
struct Verification {
    seq: i64,
    endpoint: String,
    project: String,
    record_id: String,
    run_id: String,
    verified_at: String,
    outcome: Outcome,
    reason: Option<String>,
    declared: Option<Declaration>,
    report_sha256: Sha256Digest,
    head: Sha256Digest,
}

/// Writes the verifications of `scopes` one JSON object a line, oldest first.
///
/// `report` is the very text that was entered, so that its digest is `report_sha256`.
pub fn jsonl(ledger: &Reader, scopes: &[Scope], out: &mut impl Write) -> Result<(), ExportError> {
    each(ledger, scopes, |verification, report| {
        let line = canonical_json(&verification)?;
        // An object ends with its brace; the report goes in before it, byte for byte.
        out.write_all(&line.as_bytes()[..line.len() - 1])?;
        out.write_all(b",\"report\":")?;
        out.write_all(report)?;
        out.write_all(b"}\n")
    })?;
    Ok(out.flush()?)
}

/// Writes the verifications of `scopes` as CSV (RFC 4180) in UTF-8 with a byte order mark; no cell is taken
/// for a formula by a spreadsheet.
pub fn csv(ledger: &Reader, scopes: &[Scope], out: &mut impl Write) -> Result<(), ExportError> {
    write!(
        out,
        "\u{feff}seq,endpoint,project,record_id,run_id,verified_at,outcome,reason,bucket,directory,video_filename,\
         video_sha256,event_filename,event_sha256,size,status,start_time,report_sha256,head\r\n"
    )?;
    each(ledger, scopes, |v, _| {
        let declared = v.declared.unwrap_or_else(Declaration::default);
        let cells = [
            Some(v.seq.to_string()),
            Some(v.endpoint),
            Some(v.project),
            Some(v.record_id),
            Some(v.run_id),
            Some(v.verified_at),
            Some(v.outcome.to_string()),
            v.reason,
            declared.obs_bucket,
            declared.file_directory,
            declared.video_filename,
            declared.video_file_sha256,
            declared.event_filename,
            declared.event_file_sha256,
            declared.size.map(|size| size.to_string()),
            declared.status,
            declared.start_time,
            Some(v.report_sha256.to_string()),
            Some(v.head.to_string()),
        ];
        let cells: Vec<_> = cells.iter().map(|cell| cell.as_deref().map_or_else(String::new, csv_cell)).collect();
        write!(out, "{}\r\n", cells.join(","))
    })?;
    Ok(out.flush()?)
}

/// Hands over each verification and the bytes of its report, by number.
fn each(
    ledger: &Reader,
    scopes: &[Scope],
    mut write: impl FnMut(Verification, &[u8]) -> io::Result<()>,
) -> Result<(), ExportError> {
    let mut query = ledger.connection.prepare(VERIFICATIONS)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let seq = row.get(0)?;
        let scope = Scope { endpoint: row.get(1)?, project: row.get(2)? };
        if !scopes.contains(&scope) {
            continue;
        }
        let declared = row.get::<_, Option<String>>(8)?.map(|text| declaration(seq, &text)).transpose()?;
        let verification = Verification {
            seq,
            endpoint: scope.endpoint,
            project: scope.project,
            record_id: row.get(3)?,
            run_id: row.get(4)?,
            verified_at: report_time(time_at(row, 5)?),
            outcome: outcome_at(row, 6)?,
            reason: row.get(7)?,
            declared,
            report_sha256: Sha256Digest::from_bytes(row.get(9)?),
            head: Sha256Digest::from_bytes(row.get(10)?),
        };
        write(verification, row.get_ref(11)?.as_bytes().map_err(rusqlite::Error::from)?)?;
    }
    Ok(())
}

const VERIFICATIONS: &str = "
SELECT v.seq, endpoint, project, record_id, run_id, verified_at, outcome, reason, declared, report_sha256, v.head, report
FROM verification v CROSS JOIN run ON run.seq = v.run CROSS JOIN record ON record.id = v.record
CROSS JOIN scope ON scope.id = record.scope
ORDER BY v.seq";
