//! The chain: what the digest of a row covers, and how each head follows from the one before.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::fixity::Sha256Digest;

/// The head before the first row: 32 zero bytes.
pub(super) const BEGINNING: Sha256Digest = Sha256Digest::from_bytes([0; 32]);

/// Where the chain ends: the number of the last row and its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the last row, 0 in an empty ledger.
    pub seq: i64,
    /// `SHA-256(previous head ‖ row digest)`; 32 zero bytes in an empty ledger.
    pub digest: Sha256Digest,
}

impl Head {
    /// The head after one more row.
    #[must_use]
    pub(super) fn next(&self, row: &Sha256Digest) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.digest.as_bytes());
        hash.update(row.as_bytes());
        Self { seq: self.seq + 1, digest: Sha256Digest::from_bytes(hash.finalize().into()) }
    }
}

/// A row as the chain sees it, ids spelled out.
pub(super) enum Row<'a> {
    Run {
        endpoint: &'a str,
        project: &'a str,
        run_id: &'a str,
        started_at: i64,
        selection: &'a str,
    },
    RunEnd {
        run_id: &'a str,
        finished_at: i64,
        exit_code: i64,
        listing_complete: bool,
        listed_until: Option<i64>,
        summary: &'a str,
    },
    Sighting {
        record: Named<'a>,
        seen_at: i64,
        readiness: &'a str,
        complete: bool,
        declared: &'a str,
    },
    Verification {
        record: Named<'a>,
        verified_at: i64,
        outcome: &'a str,
        reason: Option<&'a str>,
        complete: bool,
        declared: Option<&'a str>,
        report_sha256: &'a Sha256Digest,
    },
    Expiry {
        record: Named<'a>,
        found_at: i64,
        expired_at: i64,
        report_sha256: &'a Sha256Digest,
    },
    /// Made between runs, so it belongs to none.
    Acknowledgement {
        endpoint: &'a str,
        project: &'a str,
        record_id: &'a str,
        acknowledged_at: i64,
        operator: &'a str,
        note: &'a str,
        outcome: &'a str,
        reason: Option<&'a str>,
        state: &'a str,
    },
    /// Found when the ledger was opened, so it belongs to no run and no record.
    Discontinuity {
        found_at: i64,
        noted: &'a Head,
        found: &'a Head,
    },
}

/// Which record a row is about, and in which run.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) endpoint: &'a str,
    pub(super) project: &'a str,
    pub(super) record_id: &'a str,
    pub(super) run_id: &'a str,
}

impl Row<'_> {
    /// The digest of the row as number `seq`: that of the JSON array [`columns`] makes of it once it is written.
    pub(super) fn digest(&self, seq: i64) -> Sha256Digest {
        Sha256Digest::of(self.columns(seq).to_string().as_bytes())
    }

    fn columns(&self, seq: i64) -> Value {
        match *self {
            Self::Run { endpoint, project, run_id, started_at, selection } => {
                json!(["run", seq, endpoint, project, run_id, started_at, selection])
            }
            Self::RunEnd { run_id, finished_at, exit_code, listing_complete, listed_until, summary } => {
                let complete = i64::from(listing_complete);
                json!(["run_end", seq, run_id, finished_at, exit_code, complete, listed_until, summary])
            }
            Self::Sighting { record: at, seen_at, readiness, complete, declared } => json!([
                "sighting",
                seq,
                at.endpoint,
                at.project,
                at.record_id,
                at.run_id,
                seen_at,
                readiness,
                i64::from(complete),
                declared
            ]),
            Self::Verification { record: at, verified_at, outcome, reason, complete, declared, report_sha256 } => {
                json!([
                    "verification",
                    seq,
                    at.endpoint,
                    at.project,
                    at.record_id,
                    at.run_id,
                    verified_at,
                    outcome,
                    reason,
                    i64::from(complete),
                    declared,
                    report_sha256
                ])
            }
            Self::Expiry { record: at, found_at, expired_at, report_sha256 } => json!([
                "expiry",
                seq,
                at.endpoint,
                at.project,
                at.record_id,
                at.run_id,
                found_at,
                expired_at,
                report_sha256
            ]),
            Self::Acknowledgement {
                endpoint,
                project,
                record_id,
                acknowledged_at,
                operator,
                note,
                outcome,
                reason,
                state,
            } => json!([
                "acknowledgement",
                seq,
                endpoint,
                project,
                record_id,
                acknowledged_at,
                operator,
                note,
                outcome,
                reason,
                state
            ]),
            Self::Discontinuity { found_at, noted, found } => {
                json!(["discontinuity", seq, found_at, noted.seq, noted.digest, found.seq, found.digest])
            }
        }
    }
}

/// Every row of a table as number, the JSON array its digest is made of, and head, in SQL: what a check recomputes from
/// the tables, written apart from the code that appends. `CROSS JOIN` keeps the tables in the order written, so that rows
/// come by number without sorting.
const COLUMNS: [(&str, &str); 7] = [
    (
        "run",
        "
SELECT run.seq, json_array('run', run.seq, endpoint, project, run_id, started_at, selection), head
  FROM run CROSS JOIN scope ON scope.id = run.scope",
    ),
    (
        "run_end",
        "
SELECT e.seq, json_array('run_end', e.seq, run_id, finished_at, exit_code, listing_complete, listed_until, summary),
       e.head
  FROM run_end e CROSS JOIN run ON run.seq = e.run",
    ),
    (
        "sighting",
        "
SELECT s.seq, json_array('sighting', s.seq, endpoint, project, record_id, run_id, seen_at, readiness, complete,
       declared), s.head
  FROM sighting s CROSS JOIN run ON run.seq = s.run CROSS JOIN record ON record.id = s.record CROSS JOIN scope ON scope.id = record.scope",
    ),
    (
        "verification",
        "
SELECT v.seq, json_array('verification', v.seq, endpoint, project, record_id, run_id, verified_at, outcome, reason,
       complete, declared, lower(hex(report_sha256))), v.head
  FROM verification v CROSS JOIN run ON run.seq = v.run CROSS JOIN record ON record.id = v.record
  CROSS JOIN scope ON scope.id = record.scope",
    ),
    (
        "expiry",
        "
SELECT x.seq, json_array('expiry', x.seq, endpoint, project, record_id, run_id, found_at, expired_at,
       lower(hex(report_sha256))), x.head
  FROM expiry x CROSS JOIN run ON run.seq = x.run CROSS JOIN record ON record.id = x.record
  CROSS JOIN scope ON scope.id = record.scope",
    ),
    (
        "acknowledgement",
        "
SELECT a.seq, json_array('acknowledgement', a.seq, endpoint, project, record_id, acknowledged_at, operator, note,
       outcome, reason, state), a.head
  FROM acknowledgement a CROSS JOIN record ON record.id = a.record CROSS JOIN scope ON scope.id = record.scope",
    ),
    (
        "discontinuity",
        "
SELECT d.seq, json_array('discontinuity', d.seq, found_at, noted_seq, lower(hex(noted_head)), found_seq,
       lower(hex(found_head))), d.head
  FROM discontinuity d",
    ),
];

/// The rows of these tables of evidence: what the view `chain` shows to anybody with a `sqlite3` shell.
pub(super) fn columns(tables: &[&str]) -> String {
    let rows = COLUMNS.iter().filter(|(table, _)| tables.contains(table));
    rows.map(|(_, rows)| *rows).collect::<Vec<_>>().join("\nUNION ALL")
}
