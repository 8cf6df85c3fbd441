//! How a record stands: what the ledger knows of it, and whether that calls for another look.

use jiff::Timestamp;
use rusqlite::Row;

use super::read::{declaration, outcome_at, record_key, time_at};
use super::{Acknowledgement, Declaration, LedgerError, Reader, Scope};
use crate::fixity::{Code, Outcome};
use crate::record::{RecordId, service_time};

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
    /// When the recording began, as first declared: a later word could make it look older than its retention.
    pub began_at: Option<Timestamp>,
    /// What the last verification that decided something came to: one that was neither `unverified` nor `undeclared`.
    pub decided: Option<Outcome>,
    /// Whether that was that the record itself had vanished, not merely its objects.
    pub vanished: bool,
    /// Runs that verified it since it was last intact, or ever if it never was.
    pub nights: u64,
    /// Whether it is over: found gone after its retention, and neither seen otherwise nor verified since.
    pub over: bool,
    /// What an operator last answered for, whatever it is now.
    pub acknowledgement: Option<Acknowledgement>,
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
    /// It is as an operator has acknowledged it, by its outcome and reason; only a look tells whether it still is.
    Acknowledged,
}

impl Standing {
    /// Whether, and why, it is to be verified; `due_before` is now less the time after which an intact record is read
    /// again. The rule [`super::Plan`] follows for records that are not listed.
    #[must_use]
    pub fn why(&self, due_before: Timestamp) -> Option<Why> {
        match &self.latest {
            _ if self.over => None,
            None => Some(Why::New),
            Some(latest) if latest.outcome != Outcome::Intact && self.is_answered_for(latest) => {
                Some(Why::Acknowledged)
            }
            Some(latest) if latest.outcome != Outcome::Intact || self.not_ready => Some(Why::Unsettled),
            Some(latest) => (latest.verified_at < due_before).then_some(Why::Due),
        }
    }

    fn is_answered_for(&self, latest: &Latest) -> bool {
        self.acknowledgement
            .as_ref()
            .is_some_and(|known| known.outcome == latest.outcome && known.reason == latest.reason)
    }
}

impl Reader {
    /// How a record stands; `None` if the ledger has never heard of it.
    pub fn standing(&self, scope: &Scope, id: &RecordId) -> Result<Option<Standing>, LedgerError> {
        Ok(self.standings(scope, [id])?.pop().flatten())
    }

    /// How each of these records, a page of a listing for instance, stands: in their order, all as of one moment.
    pub fn standings<'a>(
        &self,
        scope: &Scope,
        ids: impl IntoIterator<Item = &'a RecordId>,
    ) -> Result<Vec<Option<Standing>>, LedgerError> {
        let moment = self.connection.unchecked_transaction()?;
        let Some(scope) = self.scope_id(scope)? else { return Ok(ids.into_iter().map(|_| None).collect()) };
        let standings = ids.into_iter().map(|id| match record_key(&self.connection, scope, id)? {
            Some(record) => self.standing_of(record),
            None => Ok(None),
        });
        let standings = standings.collect::<Result<_, _>>()?;
        moment.finish()?;
        Ok(standings)
    }

    fn standing_of(&self, record: i64) -> Result<Option<Standing>, LedgerError> {
        let seq_and_time = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, time_at(row, 1)?));
        let listed = self.first(FIRST_SEEN, [record], seq_and_time)?;
        let verified = self.first(FIRST_VERIFIED, [record], seq_and_time)?;
        let Some((_, first_seen_at)) = listed.into_iter().chain(verified).min() else { return Ok(None) };
        let latest = self.first(LATEST, [record], |row| {
            Ok(Latest {
                seq: row.get(0)?,
                outcome: outcome_at(row, 1)?,
                reason: row.get(2)?,
                verified_at: time_at(row, 3)?,
                run_id: row.get(4)?,
            })
        })?;
        let intact = match &latest {
            Some(Latest { seq, outcome: Outcome::Intact, verified_at, run_id, .. }) => {
                Some((*seq, LastIntact { at: *verified_at, run_id: run_id.clone() }))
            }
            Some(_) => self.first(LAST_INTACT, [record], |row| {
                Ok((row.get::<_, i64>(0)?, LastIntact { at: time_at(row, 1)?, run_id: row.get(2)? }))
            })?,
            None => None,
        };
        let (intact_seq, last_intact) = intact.unzip();
        let latest_seq = latest.as_ref().map_or(0, |latest| latest.seq);
        let not_intact_since = match intact_seq.unwrap_or(0) {
            since if since < latest_seq => self.first(NOT_INTACT_SINCE, [record, since], |row| time_at(row, 0))?,
            _ => None,
        };
        // Not ready, if it was seen since the last verification.
        let not_ready = self.first(LAST_SEEN, [record, latest_seq], |row| Ok(row.get::<_, bool>(0)?))?;
        let expired = self.first(STILL_EXPIRED, [record], |row| Ok(row.get::<_, bool>(0)?))? == Some(true);
        let given_up = latest.as_ref().is_some_and(|latest| {
            latest.reason.as_deref() == Some(Code::ExpiredUnverified.as_str()) && not_ready.is_none()
        });
        let began = self.first(BEGAN, [record], |row| Ok(row.get::<_, Option<String>>(0)?))?.flatten();
        let decided = match &latest {
            Some(Latest { outcome, reason, .. }) if outcome.is_decided() => Some((*outcome, reason.clone())),
            Some(_) => self.first(DECIDED, [record], |row| Ok((outcome_at(row, 0)?, row.get(1)?)))?,
            None => None,
        };
        let vanished = matches!(&decided, Some((_, Some(reason))) if reason == Code::RecordVanished.as_str());
        let nights = match &latest {
            Some(latest) if latest.outcome != Outcome::Intact => {
                self.first(NIGHTS, [record, intact_seq.unwrap_or(0)], |row| Ok(row.get::<_, i64>(0)?))?
            }
            _ => None,
        };
        let complete = |row: &Row<'_>| {
            let seq = row.get(0)?;
            let declaration = declaration(seq, row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
            Ok((seq, FirstDeclaration { declaration, at: time_at(row, 2)?, run_id: row.get(3)? }))
        };
        let listed = self.first(FIRST_COMPLETE_SEEN, [record], complete)?;
        let before = listed.as_ref().map_or(i64::MAX, |(seq, _)| *seq);
        let verified = self.first(FIRST_COMPLETE_VERIFIED, [record, before], complete)?;
        let first_complete = verified.or(listed).map(|(_, first)| first);
        Ok(Some(Standing {
            first_seen_at,
            latest,
            last_intact,
            not_intact_since,
            not_ready: not_ready == Some(true),
            first_complete,
            began_at: began.as_deref().and_then(service_time),
            decided: decided.map(|(outcome, _)| outcome),
            vanished,
            nights: nights.map_or(0, i64::unsigned_abs),
            over: expired || given_up,
            acknowledgement: self.acknowledgement_of(record)?,
        }))
    }
}

const FIRST_SEEN: &str = "SELECT seq, seen_at FROM sighting WHERE record = ?1 ORDER BY seq LIMIT 1";

const FIRST_VERIFIED: &str = "SELECT seq, verified_at FROM verification WHERE record = ?1 ORDER BY seq LIMIT 1";

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

const STILL_EXPIRED: &str = "
SELECT seq > coalesce((SELECT max(seq) FROM verification WHERE record = ?1), 0)
   AND seq > coalesce((SELECT max(seq) FROM sighting WHERE record = ?1), 0)
FROM expiry WHERE record = ?1 ORDER BY seq DESC LIMIT 1";

/// When a record began, as first declared.
pub(super) const BEGAN: &str = "
SELECT coalesce(
    (SELECT json_extract(declared, '$.start_time') FROM sighting
     WHERE record = ?1 AND json_extract(declared, '$.start_time') IS NOT NULL ORDER BY seq LIMIT 1),
    (SELECT json_extract(declared, '$.start_time') FROM verification
     WHERE record = ?1 AND json_extract(declared, '$.start_time') IS NOT NULL ORDER BY seq LIMIT 1))";

const DECIDED: &str = "
SELECT outcome, reason FROM verification WHERE record = ?1 AND outcome NOT IN ('unverified', 'undeclared')
ORDER BY seq DESC LIMIT 1";

const NIGHTS: &str = "SELECT count(DISTINCT run) FROM verification WHERE record = ?1 AND seq > ?2";

const FIRST_COMPLETE_SEEN: &str = "
SELECT s.seq, declared, seen_at, run_id FROM sighting s JOIN run ON run.seq = s.run
WHERE record = ?1 AND complete ORDER BY s.seq LIMIT 1";

const FIRST_COMPLETE_VERIFIED: &str = "
SELECT v.seq, declared, verified_at, run_id FROM verification v JOIN run ON run.seq = v.run
WHERE record = ?1 AND complete AND v.seq < ?2 ORDER BY v.seq LIMIT 1";
