//! What a run takes from the ledger and enters into it: how listed records stand, what is due, what was established.
//!
//! A run has one thread, so it borrows the ledger for one question at a time. An entry is on disk when [`Memory::enter`]
//! returns; only then does its record count as done.

use std::cell::RefCell;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::clock::Clock;
use crate::evidence::{History, RecordReport};
use crate::fixity::Code;
use crate::ledger::{
    Backlog, Change, Declaration, FirstDeclaration, Ledger, LedgerError, Listed, OpenRun, Plan, RunEnd, Scope,
    Standing, Why, compare,
};
use crate::record::{Record, RecordId};

/// The ledger of a run that is under way.
#[derive(Debug)]
pub struct Memory {
    ledger: RefCell<Ledger>,
    run: OpenRun,
    due_before: Timestamp,
    clock: Clock,
    /// A failure to read, until the next entry tells it: a run must not go on without its memory.
    failure: RefCell<Option<LedgerError>>,
}

/// What a listed record calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// To be verified now: the ledger has never heard of it.
    New,
    /// To be verified now: never verified, not intact when last verified, or declared otherwise than at first.
    Again,
    /// Nothing: it was intact not long ago.
    Skip,
    /// It is due, and comes with the others that are, oldest first.
    Later,
}

/// What earlier runs say about a record.
#[derive(Debug)]
pub struct Remembered {
    /// When it was what.
    pub history: History,
    /// What is declared otherwise than at first, and when that was.
    pub changes: Option<(Vec<Change>, Timestamp)>,
}

impl Memory {
    /// Enters the beginning of a run. An intact record is due again `reverify_after` after it was last read.
    pub fn begin(
        mut ledger: Ledger,
        run_id: &str,
        scope: &Scope,
        started_at: Timestamp,
        selection: &impl Serialize,
        reverify_after: SignedDuration,
        clock: Clock,
    ) -> Result<Self, LedgerError> {
        let run = ledger.begin_run(run_id, scope, started_at, selection)?;
        let due_before = started_at.checked_sub(reverify_after).unwrap_or(Timestamp::MIN);
        Ok(Self { ledger: RefCell::new(ledger), run, due_before, clock, failure: RefCell::default() })
    }

    /// Sorts the records of a page, in their order, and enters what is new about them.
    pub fn sort(&self, page: &[(RecordId, Record)]) -> Result<Vec<Call>, LedgerError> {
        let ids = page.iter().map(|(id, _)| id);
        let standings = self.ledger.borrow().reader().standings(self.run.scope(), ids)?;
        let calls = standings.iter().zip(page).map(|(standing, (_, record))| {
            let Some(standing) = standing else { return Call::New };
            match standing.why(self.due_before) {
                Some(Why::New | Why::Unsettled) => Call::Again,
                _ if is_declared_otherwise(standing, record) => Call::Again,
                Some(Why::Due) => Call::Later,
                None => Call::Skip,
            }
        });
        let calls = calls.collect();
        let seen = page.iter().map(|(id, record)| (id, record));
        self.ledger.borrow_mut().seen(&self.run, seen, self.clock.now())?;
        Ok(calls)
    }

    /// What is to be verified beside what this run lists, as of its beginning.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan::new(self.run.scope().clone(), self.run.seq(), self.due_before)
    }

    /// The next records of a plan; none at its end.
    pub fn next_planned(&self, plan: &mut Plan) -> Result<Vec<RecordId>, LedgerError> {
        let page = plan.next_page(self.ledger.borrow().reader())?;
        Ok(page.into_iter().map(|planned| planned.record_id).collect())
    }

    /// What waits to be verified as the ledger stands now.
    pub fn waiting(&self) -> Result<Backlog, LedgerError> {
        self.backlog(&Plan::new(self.run.scope().clone(), i64::MAX, self.due_before))
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
            Err(error) => {
                *self.failure.borrow_mut() = Some(error);
                return None;
            }
        };
        let history = History {
            first_seen_at: standing.first_seen_at,
            last_intact_at: standing.last_intact.as_ref().map(|intact| intact.at),
            last_intact_run: standing.last_intact.map(|intact| intact.run_id),
            first_not_intact_at: standing.not_intact_since,
        };
        let changes = standing.first_complete.zip(record).map(|(FirstDeclaration { declaration, at, .. }, record)| {
            (compare(&declaration, &Declaration::of(record)), at)
        });
        Some(Remembered { history, changes })
    }

    /// Enters what was established about a record. One the run did not come to is not entered: nothing was established.
    pub fn enter(&self, report: &RecordReport) -> Result<(), LedgerError> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        let interrupted = report.reason.as_ref().is_some_and(|reason| reason.code == Code::Interrupted);
        if interrupted && report.answer.is_none() {
            return Ok(());
        }
        self.ledger.borrow_mut().verified(&self.run, report, self.clock.now()).map(|_| ())
    }

    /// Since when the record that waits longest for its first intact verification has been known.
    pub fn oldest_never_intact(&self) -> Result<Option<Timestamp>, LedgerError> {
        let oldest = self.ledger.borrow().reader().oldest_never_intact(self.run.scope())?;
        Ok(oldest.map(|(_, since)| since))
    }

    /// Enters the end of the run.
    pub fn end(&self, exit_code: u8, listed: Listed, summary: &impl Serialize) -> Result<(), LedgerError> {
        let end = RunEnd { finished_at: self.clock.now(), exit_code, listed, summary };
        self.ledger.borrow_mut().end_run(&self.run, &end).map(|_| ())
    }

    fn standing(&self, id: &RecordId) -> Result<Option<Standing>, LedgerError> {
        self.ledger.borrow().reader().standing(self.run.scope(), id)
    }
}

fn is_declared_otherwise(standing: &Standing, record: &Record) -> bool {
    let now = Declaration::of(record);
    standing
        .first_complete
        .as_ref()
        .is_some_and(|first| compare(&first.declaration, &now).iter().any(|change| change.kind.is_finding()))
}
