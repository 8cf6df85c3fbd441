//! What a night has to do beside the records it lists: those the ledger knows as new, unsettled or due, page by page.

use jiff::Timestamp;
use rusqlite::{Row, named_params};

use super::read::{record_id_at, time_at};
use super::standing::{BEGAN, Why};
use super::{LedgerError, Reader, Scope};
use crate::record::{RecordId, service_time};

/// A record that is to be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Which.
    pub record_id: RecordId,
    /// Why.
    pub why: Why,
    /// New: first seen then. Unsettled: last verified then. Due: intact then.
    pub since: Timestamp,
}

/// How many records a plan has left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Never verified.
    pub new: u64,
    /// Not intact when last verified, or not uploaded when last listed.
    pub unsettled: u64,
    /// Intact long ago.
    pub due: u64,
    /// As an operator has acknowledged them; nobody waits for these.
    pub acknowledged: u64,
}

impl Backlog {
    /// All of them that somebody waits for.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.new + self.unsettled + self.due
    }
}

/// A plan as of one moment of the ledger: new records first, then unsettled ones, then due ones, each oldest first, so
/// that under one retention what expires soonest comes first; last those an operator has acknowledged, which must not
/// use up the budget of the others. What is over is in none.
///
/// It holds no record, only a place in that order, so memory does not grow with it. Records met or verified since that
/// moment, by whatever way, are not in it: none comes up twice in a run. One that is in flight from elsewhere, begun and
/// not entered yet, is for the caller to leave out.
#[derive(Debug, Clone)]
pub struct Plan {
    scope: Scope,
    as_of: i64,
    due_before: Timestamp,
    after: (i64, i64, i64),
}

/// How many records a page has: a few hundred kilobytes.
const PAGE: i64 = 1000;

impl Plan {
    /// A plan of the records known when row `as_of` was the last one ([`super::OpenRun::seq`]); intact ones are due
    /// if that was before `due_before`.
    #[must_use]
    pub fn new(scope: Scope, as_of: i64, due_before: Timestamp) -> Self {
        Self { scope, as_of, due_before, after: (-1, i64::MIN, 0) }
    }

    /// The next records; none at the end.
    pub fn next_page(&mut self, ledger: &Reader) -> Result<Vec<Planned>, LedgerError> {
        let Some(scope) = ledger.scope_id(&self.scope)? else { return Ok(Vec::new()) };
        let mut query = ledger.connection.prepare_cached(&format!(
            "{PLANNED} SELECT rank, since, id, record_id FROM planned WHERE (rank, since, id) > (:rank, :since, :id)
             ORDER BY rank, since, id LIMIT :limit"
        ))?;
        let (rank, since, id) = self.after;
        let mut rows = query.query(named_params! {
            ":scope": scope, ":as_of": self.as_of, ":due_before": self.due_before.as_millisecond(),
            ":rank": rank, ":since": since, ":id": id, ":limit": PAGE,
        })?;
        let mut page = Vec::new();
        while let Some(row) = rows.next()? {
            page.push(Planned { record_id: record_id_at(row, 3)?, why: why_at(row)?, since: time_at(row, 1)? });
            self.after = (row.get(0)?, row.get(1)?, row.get(2)?);
        }
        Ok(page)
    }

    /// When the oldest recording of what is left of it began, acknowledged records left out: what expires soonest.
    pub fn oldest_began_at(&self, ledger: &Reader) -> Result<Option<Timestamp>, LedgerError> {
        let Some(scope) = ledger.scope_id(&self.scope)? else { return Ok(None) };
        let mut query = ledger.connection.prepare_cached(&format!(
            "{PLANNED} SELECT min(({})) FROM planned WHERE rank < 3 AND (rank, since, id) > (:rank, :since, :id)",
            BEGAN.replace("?1", "planned.id")
        ))?;
        let (rank, since, id) = self.after;
        let began = query.query_row(
            named_params! {
                ":scope": scope, ":as_of": self.as_of, ":due_before": self.due_before.as_millisecond(),
                ":rank": rank, ":since": since, ":id": id,
            },
            |row| row.get::<_, Option<String>>(0),
        )?;
        Ok(began.as_deref().and_then(service_time))
    }

    /// What is left of it: planned, not handed out, and not verified meanwhile.
    pub fn backlog(&self, ledger: &Reader) -> Result<Backlog, LedgerError> {
        let mut backlog = Backlog::default();
        let Some(scope) = ledger.scope_id(&self.scope)? else { return Ok(backlog) };
        let mut query = ledger.connection.prepare_cached(&format!(
            "{PLANNED} SELECT rank, count(*) FROM planned WHERE (rank, since, id) > (:rank, :since, :id) GROUP BY rank"
        ))?;
        let (rank, since, id) = self.after;
        let mut rows = query.query(named_params! {
            ":scope": scope, ":as_of": self.as_of, ":due_before": self.due_before.as_millisecond(),
            ":rank": rank, ":since": since, ":id": id,
        })?;
        while let Some(row) = rows.next()? {
            let count = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(u64::MAX);
            *match why_at(row)? {
                Why::New => &mut backlog.new,
                Why::Unsettled => &mut backlog.unsettled,
                Why::Due => &mut backlog.due,
                Why::Acknowledged => &mut backlog.acknowledged,
            } = count;
        }
        Ok(backlog)
    }
}

fn why_at(row: &Row<'_>) -> Result<Why, LedgerError> {
    match row.get::<_, i64>(0)? {
        0 => Ok(Why::New),
        1 => Ok(Why::Unsettled),
        2 => Ok(Why::Due),
        3 => Ok(Why::Acknowledged),
        other => Err(LedgerError::Unexpected(format!("{other} is no rank"))),
    }
}

/// The records of a scope with rank and time, by the rule of [`super::Standing::why`]. Each costs a few steps in two
/// covering indexes (named, because a look into the tables would read past whole reports); none costs one per row.
const PLANNED: &str = "
WITH known AS MATERIALIZED (
    SELECT id, record_id,
        (SELECT max(seq) FROM verification WHERE record = r.id) AS last_verified,
        (SELECT max(seq) FROM sighting WHERE record = r.id AND seq <= :as_of) AS last_seen,
        (SELECT max(seq) FROM expiry WHERE record = r.id) AS last_expired
    FROM record r WHERE scope = :scope
), planned AS (
    SELECT known.id, known.record_id,
        CASE WHEN v.seq IS NULL THEN 0
             WHEN v.outcome <> 'intact' AND (SELECT a.outcome IS v.outcome AND a.reason IS v.reason
                FROM acknowledgement a WHERE a.record = known.id ORDER BY a.seq DESC LIMIT 1) THEN 3
             WHEN v.outcome <> 'intact' OR (s.seq > v.seq AND s.readiness = 'not_uploaded') THEN 1
             ELSE 2 END AS rank,
        coalesce(v.verified_at,
            (SELECT seen_at FROM sighting WHERE record = known.id ORDER BY seq LIMIT 1)) AS since
    FROM known
    LEFT JOIN verification v INDEXED BY verification_of_record ON v.record = known.id AND v.seq = known.last_verified
    LEFT JOIN sighting s INDEXED BY sighting_of_record ON s.record = known.id AND s.seq = known.last_seen
    WHERE coalesce(known.last_verified, known.last_seen) <= :as_of
        AND max(coalesce(known.last_verified, 0), coalesce(known.last_seen, 0)) > coalesce(known.last_expired, 0)
        AND NOT (v.reason IS 'expired_unverified' AND coalesce(known.last_seen, 0) < v.seq)
        AND (v.seq IS NULL OR v.verified_at < :due_before OR v.outcome <> 'intact'
            OR (s.seq > v.seq AND s.readiness = 'not_uploaded'))
)";
