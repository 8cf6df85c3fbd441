//! Records that a listing should have shown and did not: known from before, begun in its window, absent from its pages.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::read::record_id_at;
use super::{Ledger, LedgerError, OpenRun};
use crate::record::{RecordId, service_time};

/// What the listing of this run has shown; it is gone with the connection and is no evidence.
const LISTED: &str = "
CREATE TEMP TABLE IF NOT EXISTS listed (record INTEGER PRIMARY KEY);
DELETE FROM temp.listed;";

/// A listing has begun.
pub(super) fn begin(connection: &Connection) -> Result<(), LedgerError> {
    Ok(connection.execute_batch(LISTED)?)
}

/// The listing has shown a record.
pub(super) fn note(connection: &Connection, record: i64) -> Result<(), LedgerError> {
    connection.prepare_cached("INSERT OR IGNORE INTO temp.listed (record) VALUES (?1)")?.execute([record])?;
    Ok(())
}

impl Ledger {
    /// The records that began well inside a window and that the listing of this run, read to its end, did not show. Those
    /// that are over are left out, and those at the very edges, where the service may round.
    pub fn unlisted(&self, run: &OpenRun, since: Timestamp, until: Timestamp) -> Result<Vec<RecordId>, LedgerError> {
        const EDGE: SignedDuration = SignedDuration::from_secs(2);
        let reader = self.reader();
        let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
        let mut query = reader.connection.prepare_cached(UNLISTED)?;
        let mut rows = query.query(params![run.scope_id, day(since), day(until)])?;
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            let id = record_id_at(row, 0)?;
            let inside = row
                .get::<_, Option<String>>(1)?
                .as_deref()
                .and_then(service_time)
                .is_some_and(|began| began.duration_since(since) > EDGE && until.duration_since(began) > EDGE);
            if inside && reader.standing(run.scope(), &id)?.is_some_and(|standing| !standing.over) {
                ids.push(id);
            }
        }
        Ok(ids)
    }
}

const UNLISTED: &str = "
SELECT r.record_id, min(json_extract(s.declared, '$.start_time'))
FROM sighting s JOIN record r ON r.id = s.record
WHERE substr(json_extract(s.declared, '$.start_time'), 1, 10) BETWEEN ?2 AND ?3 AND r.scope = ?1
    AND NOT EXISTS (SELECT 1 FROM temp.listed WHERE record = r.id)
GROUP BY r.id ORDER BY min(s.seq)";
