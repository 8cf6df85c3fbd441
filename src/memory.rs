//! What a run takes from the ledger and enters into it: how listed records stand, what is due, what was established.
//!
//! A run has one thread, so it borrows the ledger for one question at a time. An entry is on disk when [`Memory::enter`]
//! returns; only then does its record count as done.

use std::cell::RefCell;

use jiff::Timestamp;
use serde::Serialize;

use crate::clock::Clock;
use crate::evidence::{Acknowledged, History, RecordReport};
use crate::fixity::Code;
use crate::ledger::{
    Acknowledgement, Backlog, Change, Declaration, FirstDeclaration, Head, Ledger, LedgerError, Listed, OpenRun, Plan,
    RunEnd, Scope, Standing, Why, compare, is_relocation, state,
};
use crate::record::{Criteria, Record, RecordId};
use crate::retention::{Known, Settled, Terms, stored_expiry};

/// The ledger of a run that is under way.
#[derive(Debug)]
pub struct Memory {
    ledger: RefCell<Ledger>,
    run: OpenRun,
    /// Where the chain ended before the run.
    before: Head,
    due_before: Timestamp,
    terms: Terms,
    clock: Clock,
    /// A failure to read, until the next entry tells it: a run must not go on without its memory.
    failure: RefCell<Option<LedgerError>>,
}

/// What a listed record calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// To be verified now: the ledger has never heard of it.
    New,
    /// To be verified now: never verified, or declared otherwise than before; or not intact when last verified, and no
    /// plan follows the listing.
    Again,
    /// Nothing: it was intact not long ago, or is over.
    Skip,
    /// It is not intact, or due, and comes with the others that are, oldest first, once the new ones are verified.
    Later,
}

/// What earlier runs say about a record.
#[derive(Debug)]
pub struct Remembered {
    /// When it was what.
    pub history: History,
    /// What is declared otherwise than at first, and when that was.
    pub changes: Option<(Vec<Change>, Timestamp)>,
    /// What its end depends on.
    pub known: Known,
    /// What was last acknowledged of it.
    acknowledgement: Option<Acknowledgement>,
}

impl Remembered {
    /// Who has answered for the record being just as the report has it.
    #[must_use]
    pub fn acknowledged(&self, report: &RecordReport) -> Option<Acknowledged> {
        let Acknowledgement { at, operator, note, outcome, reason, state: bound_to, .. } =
            self.acknowledgement.as_ref()?;
        let same = *outcome == report.outcome
            && reason.as_deref() == report.reason.as_ref().map(|reason| reason.code.as_str())
            && serde_json::to_value(report).is_ok_and(|report| state(&report) == *bound_to);
        same.then(|| Acknowledged { at: *at, operator: operator.clone(), note: note.clone() })
    }
}

impl Memory {
    /// Enters the beginning of a run.
    pub fn begin(
        mut ledger: Ledger,
        run_id: &str,
        scope: &Scope,
        started_at: Timestamp,
        selection: &impl Serialize,
        terms: Terms,
        clock: Clock,
    ) -> Result<Self, LedgerError> {
        let before = ledger.reader().head()?;
        let run = ledger.begin_run(run_id, scope, started_at, selection)?;
        let due_before = started_at.checked_sub(terms.reverify_after).unwrap_or(Timestamp::MIN);
        Ok(Self { ledger: RefCell::new(ledger), run, before, due_before, terms, clock, failure: RefCell::default() })
    }

    /// How long things may take.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Sorts the records of a page, in their order, and enters what is new about them. `a_plan_follows` the listing, so
    /// that what is not new can wait for it.
    pub fn sort(&self, page: &[(RecordId, Record)], a_plan_follows: bool) -> Result<Vec<Call>, LedgerError> {
        let later = if a_plan_follows { Call::Later } else { Call::Again };
        let ids = page.iter().map(|(id, _)| id);
        let standings = self.ledger.borrow().reader().standings(self.run.scope(), ids)?;
        let calls = standings.iter().zip(page).map(|(standing, (id, record))| {
            let Some(standing) = standing else { return Ok(Call::New) };
            Ok(match standing.why(self.due_before) {
                Some(Why::New) => Call::Again,
                _ if self.is_declared_otherwise(standing, id, record)? => Call::Again,
                Some(Why::Unsettled | Why::Acknowledged) => later,
                Some(Why::Due) => Call::Later,
                None => Call::Skip,
            })
        });
        let calls = calls.collect::<Result<_, LedgerError>>()?;
        let seen = page.iter().map(|(id, record)| (id, record));
        self.ledger.borrow_mut().seen(&self.run, seen, self.clock.now())?;
        Ok(calls)
    }

    /// The records that the listing of this run, read to its end, should have shown and did not.
    pub fn unlisted(&self, window: &Criteria) -> Result<Vec<RecordId>, LedgerError> {
        self.ledger.borrow().unlisted(&self.run, window.since, window.until)
    }

    /// Whether a record that is not uploaded should have been by now.
    pub fn is_late(&self, id: &RecordId, began_at: Option<Timestamp>) -> Result<bool, LedgerError> {
        let now = self.clock.now();
        let first_seen_at = match began_at {
            Some(began_at) => began_at,
            None => self.standing(id)?.map_or(now, |standing| standing.first_seen_at),
        };
        Ok(self.terms.is_late(began_at, first_seen_at, now))
    }

    /// What is to be verified beside what this run lists, as of its beginning.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.plan_as_of(self.run.seq())
    }

    /// What is to be verified by the rows up to a number.
    fn plan_as_of(&self, seq: i64) -> Plan {
        Plan::new(self.run.scope().clone(), seq, self.due_before)
    }

    /// The next records of a plan; none at its end.
    pub fn next_planned(&self, plan: &mut Plan) -> Result<Vec<RecordId>, LedgerError> {
        let page = plan.next_page(self.ledger.borrow().reader())?;
        Ok(page.into_iter().map(|planned| planned.record_id).collect())
    }

    /// What waits to be verified as the ledger stands now.
    pub fn waiting(&self) -> Result<Backlog, LedgerError> {
        self.backlog(&self.plan_as_of(i64::MAX))
    }

    /// How much of a plan is left.
    pub fn backlog(&self, plan: &Plan) -> Result<Backlog, LedgerError> {
        plan.backlog(self.ledger.borrow().reader())
    }

    /// What earlier runs say about a record, held against what it declares now; `None` if they do not know it.
    ///
    /// A ledger that cannot be read fails the next [`Memory::enter`].
    pub fn recall(&self, id: &RecordId, record: Option<&Record>) -> Option<Remembered> {
        let standing = match self.standing(id) {
            Ok(standing) => standing?,
            Err(error) => return self.fail(error),
        };
        let history = History {
            first_seen_at: standing.first_seen_at,
            last_intact_at: standing.last_intact.as_ref().map(|intact| intact.at),
            last_intact_run: standing.last_intact.map(|intact| intact.run_id),
            first_not_intact_at: standing.not_intact_since,
            nights: standing.nights,
        };
        let known = Known {
            first_seen_at: standing.first_seen_at,
            began_at: standing.began_at,
            stored_expiry: None,
            decided: standing.decided,
            vanished: standing.vanished,
        };
        let changes = standing.first_complete.zip(record).map(|(FirstDeclaration { declaration, at, .. }, record)| {
            (compare(&declaration, &Declaration::of(record)), at)
        });
        Some(Remembered { history, changes, known, acknowledgement: standing.acknowledgement })
    }

    /// When the store said, as the record was last intact, that its objects expire.
    pub fn stored_expiry(&self, id: &RecordId) -> Option<Timestamp> {
        match self.ledger.borrow().reader().last_intact_report(self.run.scope(), id) {
            Ok(report) => stored_expiry(&report?),
            Err(error) => self.fail(error),
        }
    }

    fn fail<T>(&self, error: LedgerError) -> Option<T> {
        *self.failure.borrow_mut() = Some(error);
        None
    }

    /// Enters what was established about a record. One the run did not come to is not entered, nor one that is not ready:
    /// nothing was established.
    pub fn enter(&self, report: &RecordReport, settled: Settled) -> Result<(), LedgerError> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        let interrupted = report.reason.as_ref().is_some_and(|reason| reason.code == Code::Interrupted);
        if interrupted && report.answer.is_none() {
            return Ok(());
        }
        let now = self.clock.now();
        match settled {
            Settled::NotReady => Ok(()),
            Settled::Expired(at) => self.ledger.borrow_mut().expired(&self.run, report, at, now).map(|_| ()),
            Settled::Told => self.ledger.borrow_mut().verified(&self.run, report, now).map(|_| ()),
        }
    }

    /// When the recording that expires soonest of those that wait is over; `None` where no retention is known.
    pub fn soonest_expiry(&self) -> Result<Option<Timestamp>, LedgerError> {
        if self.terms.retention.is_none() {
            return Ok(None);
        }
        let oldest = self.plan_as_of(i64::MAX).oldest_began_at(self.ledger.borrow().reader())?;
        Ok(oldest.and_then(|began_at| self.terms.expires_at(began_at)))
    }

    /// Since when the record that waits longest for its first intact verification has been known.
    pub fn oldest_never_intact(&self) -> Result<Option<Timestamp>, LedgerError> {
        let oldest = self.ledger.borrow().reader().oldest_never_intact(self.run.scope())?;
        Ok(oldest.map(|(_, since)| since))
    }

    /// Enters the end of the run: its last row.
    pub fn end(&self, exit_code: u8, listed: Listed, summary: &impl Serialize) -> Result<(), LedgerError> {
        let end = RunEnd { finished_at: self.clock.now(), exit_code, listed, summary };
        self.ledger.borrow_mut().end_run(&self.run, &end).map(|_| ())
    }

    /// Where the chain ended before the run, and where it ends now.
    pub fn chain(&self) -> Result<(Head, Head), LedgerError> {
        Ok((self.before, self.ledger.borrow().reader().head()?))
    }

    fn standing(&self, id: &RecordId) -> Result<Option<Standing>, LedgerError> {
        self.ledger.borrow().reader().standing(self.run.scope(), id)
    }

    /// Whether a record declares what calls for a look: something else than at first, or another place than that it was
    /// last read at.
    fn is_declared_otherwise(&self, standing: &Standing, id: &RecordId, record: &Record) -> Result<bool, LedgerError> {
        let Some(first) = &standing.first_complete else { return Ok(false) };
        let now = Declaration::of(record);
        let changes = compare(&first.declaration, &now);
        if !is_relocation(&changes) {
            return Ok(changes.iter().any(|change| change.kind.is_finding()));
        }
        let last = self.ledger.borrow().reader().last_verified_declaration(self.run.scope(), id)?;
        Ok(last.is_none_or(|last| !compare(&last, &now).is_empty()))
    }
}
