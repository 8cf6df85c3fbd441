//! How far complete listings have covered time, one joined to the next.

use jiff::Timestamp;

use super::read::time;
use super::{LedgerError, Reader, Scope};

impl Reader {
    /// Until when complete listings reach without a gap between them: where the next one has to go on. A later window that
    /// begins beyond that, of a look at the last hour for instance, covers nothing of what lies between.
    pub fn listed_until(&self, scope: &Scope) -> Result<Option<Timestamp>, LedgerError> {
        let Some(scope) = self.scope_id(scope)? else { return Ok(None) };
        let mut query = self.connection.prepare_cached(COMPLETE)?;
        let mut rows = query.query([scope])?;
        let mut covered: Option<Timestamp> = None;
        while let Some(row) = rows.next()? {
            let until = time(row.get(1)?)?;
            // Runs of before windows were noted in the ledger have none; they cover what they say.
            let since = row.get::<_, Option<String>>(0)?.and_then(|since| since.parse::<Timestamp>().ok());
            covered = match (covered, since) {
                (Some(covered), Some(since)) if since > covered => Some(covered),
                (covered, _) => covered.max(Some(until)),
            };
        }
        Ok(covered)
    }

    /// The latest time any row of the ledger bears: no clock that is right is behind it.
    pub fn latest_time(&self) -> Result<Option<Timestamp>, LedgerError> {
        let latest = self.first(LATEST_TIME, [], |row| Ok(row.get::<_, Option<i64>>(0)?))?;
        latest.flatten().map(time).transpose()
    }
}

const COMPLETE: &str = "
SELECT json_extract(selection, '$.window.since'), listed_until FROM run JOIN run_end e ON e.run = run.seq
WHERE scope = ?1 AND listing_complete AND listed_until IS NOT NULL ORDER BY run.seq";

/// Every run leaves a row at its start, and most at their end; of the other rows the last one of each kind will do.
const LATEST_TIME: &str = "
SELECT max(at) FROM (
    SELECT max(started_at) AS at FROM run UNION ALL SELECT max(finished_at) FROM run_end
    UNION ALL SELECT * FROM (SELECT verified_at FROM verification ORDER BY seq DESC LIMIT 1)
    UNION ALL SELECT * FROM (SELECT acknowledged_at FROM acknowledgement ORDER BY seq DESC LIMIT 1)
    UNION ALL SELECT max(found_at) FROM discontinuity)";
