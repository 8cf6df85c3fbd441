//! How a record stands: what the ledger knows of it, and whether that calls for another look.

use jiff::Timestamp;

use super::read::{declaration, outcome_at, time_at};
use super::{Declaration, LedgerError, Reader, Scope};
use crate::fixity::Outcome;
use crate::record::RecordId;

/// What the ledger knows of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// When a listing or a verification first met it.
    pub first_seen_at: Timestamp,
    /// Its last verification, whatever came of it.
    pub latest: Option<Latest>,
    /// Its last verification that found it intact.
    pub last_intact: Option<LastIntact>,
    /// When its present run of verifications that did not find it intact began; `None` while it is intact.
    pub not_intact_since: Option<Timestamp>,
    /// Whether a listing said, after the last verification if there is one, that it is not uploaded yet.
    pub not_ready: bool,
    /// The first declaration with two well-formed digests: what later ones are held against.
    pub first_complete: Option<FirstDeclaration>,
}

/// A record's last verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    /// The number of its row.
    pub seq: i64,
    /// What came of it.
    pub outcome: Outcome,
    /// The code of its reason; an open set, so that a later version's words can be read.
    pub reason: Option<String>,
    /// When.
    pub verified_at: Timestamp,
    /// In which run.
    pub run_id: String,
}

/// The last time a record was intact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastIntact {
    /// When.
    pub at: Timestamp,
    /// In which run.
    pub run_id: String,
}

/// The first complete declaration of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct FirstDeclaration {
    /// The values.
    pub declaration: Declaration,
    /// When they were seen.
    pub at: Timestamp,
    /// In which run.
    pub run_id: String,
}

/// Why a record is to be verified, most pressing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// It has never been verified.
    New,
    /// It was not intact when last verified, or not uploaded when last listed.
    Unsettled,
    /// It was intact, and that is long ago.
    Due,
}

impl Standing {
    /// Whether, and why, it is to be verified; `due_before` is now less the time after which an intact record is read
    /// again. The rule [`super::Plan`] follows for records that are not listed.
    #[must_use]
    pub fn why(&self, due_before: Timestamp) -> Option<Why> {
        match &self.latest {
            None => Some(Why::New),
            Some(latest) if latest.outcome != Outcome::Intact || self.not_ready => Some(Why::Unsettled),
            Some(latest) => (latest.verified_at < due_before).then_some(Why::Due),
        }
    }
}

impl Reader {
    /// How a record stands; `None` if the ledger has never heard of it.
    pub fn standing(&self, scope: &Scope, id: &RecordId) -> Result<Option<Standing>, LedgerError> {
        let Some(record) = self.record_key(scope, id)? else { return Ok(None) };
        let first_seen = self.first(FIRST_SEEN, [record], |row| time_at(row, 0))?;
        let Some(first_seen_at) = first_seen else { return Ok(None) };
        let latest = self.first(LATEST, [record], |row| {
            Ok(Latest {
                seq: row.get(0)?,
                outcome: outcome_at(row, 1)?,
                reason: row.get(2)?,
                verified_at: time_at(row, 3)?,
                run_id: row.get(4)?,
            })
        })?;
        let intact = self.first(LAST_INTACT, [record], |row| {
            Ok((row.get::<_, i64>(0)?, LastIntact { at: time_at(row, 1)?, run_id: row.get(2)? }))
        })?;
        let (intact_seq, last_intact) = intact.unzip();
        let since = intact_seq.unwrap_or(0);
        let not_intact_since = self.first(NOT_INTACT_SINCE, [record, since], |row| time_at(row, 0))?;
        let latest_seq = latest.as_ref().map_or(0, |latest| latest.seq);
        let not_ready = self.first(LAST_SEEN, [record, latest_seq], |row| Ok(row.get::<_, bool>(0)?))?;
        let first_complete = self.first(FIRST_COMPLETE, [record], |row| {
            let declaration = declaration(row.get(3)?, row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
            Ok(FirstDeclaration { declaration, at: time_at(row, 1)?, run_id: row.get(2)? })
        })?;
        Ok(Some(Standing {
            first_seen_at,
            latest,
            last_intact,
            not_intact_since,
            not_ready: not_ready == Some(true),
            first_complete,
        }))
    }
}

const FIRST_SEEN: &str = "
SELECT at FROM (
    SELECT * FROM (SELECT seq, seen_at AS at FROM sighting WHERE record = ?1 ORDER BY seq LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT seq, verified_at FROM verification WHERE record = ?1 ORDER BY seq LIMIT 1))
ORDER BY seq LIMIT 1";

const LATEST: &str = "
SELECT v.seq, outcome, reason, verified_at, run_id FROM verification v JOIN run ON run.seq = v.run
WHERE record = ?1 ORDER BY v.seq DESC LIMIT 1";

const LAST_INTACT: &str = "
SELECT v.seq, verified_at, run_id FROM verification v JOIN run ON run.seq = v.run
WHERE record = ?1 AND outcome = 'intact' ORDER BY v.seq DESC LIMIT 1";

const NOT_INTACT_SINCE: &str =
    "SELECT verified_at FROM verification WHERE record = ?1 AND seq > ?2 ORDER BY seq LIMIT 1";

const LAST_SEEN: &str = "
SELECT readiness = 'not_uploaded' FROM sighting WHERE record = ?1 AND seq > ?2 ORDER BY seq DESC LIMIT 1";

const FIRST_COMPLETE: &str = "
SELECT declared, at, run_id, first.seq FROM (
    SELECT * FROM (
        SELECT seq, declared, seen_at AS at, run FROM sighting WHERE record = ?1 AND complete ORDER BY seq LIMIT 1)
    UNION ALL
    SELECT * FROM (
        SELECT seq, declared, verified_at, run FROM verification WHERE record = ?1 AND complete ORDER BY seq LIMIT 1)
    ORDER BY seq LIMIT 1) first
JOIN run ON run.seq = first.run";
