//! How a scope stands as a whole: records by outcome, the oldest never intact, the last run.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::read::{outcome_at, record_id_at, time, time_at};
use super::{LedgerError, Listed, Reader, Scope};
use crate::fixity::Outcome;
use crate::record::RecordId;

/// A scope as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Records that were ever listed or verified.
    pub records: u64,
    /// How many have which outcome, by their last verification.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Never verified.
    pub never_verified: u64,
    /// The record that has waited longest to be found intact for the first time, and when it was first seen.
    pub oldest_never_intact: Option<(RecordId, Timestamp)>,
    /// When any record was last found intact or not: the latest verification.
    pub last_verified_at: Option<Timestamp>,
    /// The last run.
    pub last_run: Option<LastRun>,
    /// Until when complete listings reach without a gap between them.
    pub listed_until: Option<Timestamp>,
}

/// A run as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// Its id.
    pub id: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When and how it ended; `None` for one that goes on or was killed.
    pub ended: Option<(Timestamp, i64, Listed)>,
}

impl Reader {
    /// How a scope stands.
    pub fn status(&self, scope: &Scope) -> Result<Status, LedgerError> {
        let mut status = Status {
            records: 0,
            outcomes: BTreeMap::new(),
            never_verified: 0,
            oldest_never_intact: self.oldest_never_intact(scope)?,
            last_verified_at: None,
            last_run: self.last_run(scope)?,
            listed_until: self.listed_until(scope)?,
        };
        let Some(scope) = self.scope_id(scope)? else { return Ok(status) };
        let mut query = self.connection.prepare_cached(BY_OUTCOME)?;
        let mut rows = query.query([scope])?;
        while let Some(row) = rows.next()? {
            let count = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(u64::MAX);
            status.records += count;
            if row.get_ref(0)? == rusqlite::types::ValueRef::Null {
                status.never_verified = count;
            } else {
                status.outcomes.insert(outcome_at(row, 0)?, count);
                status.last_verified_at = status.last_verified_at.max(Some(time_at(row, 2)?));
            }
        }
        Ok(status)
    }

    /// The record first seen longest ago among those never found intact, without those that are over or acknowledged.
    pub fn oldest_never_intact(&self, scope: &Scope) -> Result<Option<(RecordId, Timestamp)>, LedgerError> {
        let Some(scope) = self.scope_id(scope)? else { return Ok(None) };
        self.first(OLDEST_NEVER_INTACT, [scope], |row| Ok((record_id_at(row, 0)?, time_at(row, 1)?)))
    }

    /// The last run of a scope.
    pub fn last_run(&self, scope: &Scope) -> Result<Option<LastRun>, LedgerError> {
        let Some(scope) = self.scope_id(scope)? else { return Ok(None) };
        self.first(LAST_RUN, [scope], |row| {
            let ended = match row.get::<_, Option<i64>>(2)? {
                None => None,
                Some(at) => {
                    let until = row.get::<_, Option<i64>>(5)?.map(time).transpose()?;
                    Some((time(at)?, row.get(3)?, Listed { complete: row.get(4)?, until }))
                }
            };
            Ok(LastRun { id: row.get(0)?, started_at: time_at(row, 1)?, ended })
        })
    }
}

const LAST_RUN: &str = "
SELECT run_id, started_at, finished_at, exit_code, listing_complete, listed_until
FROM run LEFT JOIN run_end e ON e.run = run.seq WHERE scope = ?1 ORDER BY run.seq DESC LIMIT 1";

const BY_OUTCOME: &str = "
SELECT v.outcome, count(*), max(v.verified_at) FROM (
    SELECT id, (SELECT max(seq) FROM verification WHERE record = r.id) AS last FROM record r WHERE scope = ?1) known
LEFT JOIN verification v INDEXED BY verification_of_record ON v.record = known.id AND v.seq = known.last
GROUP BY v.outcome";

const OLDEST_NEVER_INTACT: &str = "
SELECT record_id, min(
    coalesce((SELECT seen_at FROM sighting WHERE record = r.id ORDER BY seq LIMIT 1), 9223372036854775807),
    coalesce((SELECT verified_at FROM verification WHERE record = r.id ORDER BY seq LIMIT 1), 9223372036854775807)
) AS first_seen
FROM record r
WHERE scope = ?1 AND NOT EXISTS (SELECT 1 FROM verification WHERE record = r.id AND outcome = 'intact')
    AND NOT EXISTS (SELECT 1 FROM expiry WHERE record = r.id)
    AND NOT EXISTS (SELECT 1 FROM verification v
        WHERE v.record = r.id AND v.seq = (SELECT max(seq) FROM verification WHERE record = r.id)
        AND (v.reason IS 'expired_unverified' OR (SELECT a.outcome IS v.outcome AND a.reason IS v.reason
            FROM acknowledgement a WHERE a.record = r.id ORDER BY a.seq DESC LIMIT 1)))
ORDER BY first_seen LIMIT 1";
