//! Where the records of a run come from, one by one: those named, or those of a listing as its pages arrive.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};

use futures_util::stream::{self, Stream};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::event::Watch;
use crate::evidence::Reason;
use crate::fixity::Code;
use crate::ledger::{LedgerError, Plan};
use crate::memory::{Call, Memory};
use crate::record::{Criteria, Readiness, Record, RecordId, service_time};
use crate::report::Spool;
use crate::workspace::Listing;

/// A record that is to be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Which.
    pub id: RecordId,
    /// The size it declares, where that is known beforehand.
    pub bytes: Option<u64>,
    /// When its recording began, where that is known beforehand.
    pub began_at: Option<Timestamp>,
}

/// What a source has come to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Records it gave, and those it only counted.
    pub selected: u64,
    /// Of them those that were intact not long ago, and were not given.
    pub skipped: u64,
    /// Of them those that are not uploaded yet, and were not given.
    pub not_ready: u64,
    /// Records that are due and were not come to, because the listing failed.
    pub left: u64,
    /// Why it gave less than there is, if so.
    pub shortfall: Option<Reason>,
    /// Why the ledger could not be asked, if so: then the run has to end.
    pub broken: Option<LedgerError>,
}

impl Planned {
    fn named(id: RecordId) -> Self {
        Self { id, bytes: None, began_at: None }
    }
}

/// The records named, in their order.
pub fn named(ids: Vec<RecordId>, tally: &RefCell<Tally>, trail: Option<&Trail>) -> impl Stream<Item = Planned> {
    if let Some(trail) = trail {
        trail.expected.extend(&ids);
    }
    tally.borrow_mut().selected = ids.len() as u64;
    stream::iter(ids.into_iter().map(Planned::named))
}

/// How a listing is made a source.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// At most so many records.
    pub limit: Option<u64>,
    /// Whether records that are not uploaded yet are given rather than counted.
    pub include_not_ready: bool,
    /// What earlier runs established; records intact not long ago are then only counted.
    pub memory: Option<&'a Memory>,
    /// Whether each record is kept too: then one that is not due is still given, since its bag may be wanting.
    pub archiving: bool,
    /// Whether all that is due comes after what is listed.
    pub and_what_is_due: bool,
    /// The window that is listed, where nothing but it selects.
    pub window: Option<&'a Criteria>,
    /// What the source comes to.
    pub tally: &'a RefCell<Tally>,
    /// Is told of retries.
    pub watch: &'a dyn Watch,
    /// Ends the source.
    pub cancel: &'a CancellationToken,
    /// What a report has of the source beside its records, where one is asked for.
    pub trail: Option<&'a Trail>,
}

/// What is kept of a source for the end of a report.
#[derive(Debug, Default)]
pub struct Trail {
    /// The ids it came to, in their order; `None` for a record without one.
    pub expected: Spool,
    /// The requests for its listing, each with its answer.
    pub listing: Spool,
}

/// The records of a listing, oldest first, then those that are due. It ends early on cancellation or when the listing
/// fails; the tally says so.
pub fn listed<'a>(listing: Listing<'a>, terms: Terms<'a>) -> impl Stream<Item = Planned> + 'a {
    let due = terms.memory.filter(|_| terms.and_what_is_due).map(|memory| (memory, memory.plan()));
    let pages = Pages { listing: Some(listing), waiting: VecDeque::new(), listed: HashSet::new(), due, terms };
    stream::unfold(pages, async |mut pages| Some((pages.next().await?, pages)))
}

struct Pages<'a> {
    /// Until its end.
    listing: Option<Listing<'a>>,
    waiting: VecDeque<Waiting>,
    /// Records the ledger knew and this listing has dealt with: the plan must not bring them again.
    listed: HashSet<RecordId>,
    /// What comes after the listing, if anything does.
    due: Option<(&'a Memory, Plan)>,
    terms: Terms<'a>,
}

/// A record that has come and not been looked at.
enum Waiting {
    Listed(Box<Record>, Call),
    Due(RecordId),
}

impl Pages<'_> {
    async fn next(&mut self) -> Option<Planned> {
        let Terms { limit, include_not_ready, tally, cancel, .. } = self.terms;
        loop {
            let selected = tally.borrow().selected;
            if cancel.is_cancelled() || limit.is_some_and(|limit| selected >= limit) {
                return None;
            }
            let Some(waiting) = self.waiting.pop_front() else {
                self.fetch().await?;
                continue;
            };
            let (record, call) = match waiting {
                Waiting::Due(id) => {
                    tally.borrow_mut().selected += 1;
                    self.expect(Some(id.as_str()));
                    return Some(Planned::named(id));
                }
                Waiting::Listed(_, Call::Later) => continue,
                Waiting::Listed(record, call) => (record, call),
            };
            tally.borrow_mut().selected += 1;
            self.expect(record.id.as_deref());
            if record.readiness() == Readiness::NotUploaded && !include_not_ready && !self.is_late(&record)? {
                tally.borrow_mut().not_ready += 1;
                continue;
            }
            if call == Call::Skip && !self.terms.archiving {
                tally.borrow_mut().skipped += 1;
                continue;
            }
            if let Some(planned) = planned(&record) {
                return Some(planned);
            }
            tally.borrow_mut().shortfall.get_or_insert_with(|| {
                let message = "the listing has a record without a usable id, which cannot be asked for";
                Reason::new(Code::UnreadableAnswer, message)
            });
        }
    }

    fn expect(&self, id: Option<&str>) {
        if let Some(trail) = self.terms.trail {
            trail.expected.push(&id);
        }
    }

    /// Waits for the next records; `None` at the end.
    async fn fetch(&mut self) -> Option<()> {
        let Some(listing) = &mut self.listing else { return self.fetch_due() };
        let page = tokio::select! {
            biased;
            () = self.terms.cancel.cancelled() => None,
            page = listing.next(self.terms.watch) => Some(page),
        };
        let calls = listing.take_calls();
        if let Some(trail) = self.terms.trail {
            trail.listing.extend(&calls);
        }
        match page? {
            Ok(Some(page)) => self.sort(page),
            Ok(None) => {
                self.listing = None;
                self.fetch_unlisted()
            }
            Err(failure) => {
                let mut reason = failure.error.reason();
                reason.message = format!("the listing could not be read to its end: {}", reason.message);
                self.terms.tally.borrow_mut().shortfall.get_or_insert(reason);
                self.leave_what_is_due();
                None
            }
        }
    }

    /// Lets the ledger say what the records of a page call for.
    fn sort(&mut self, page: Vec<Record>) -> Option<()> {
        let Some(memory) = self.terms.memory else {
            self.waiting.extend(page.into_iter().map(|record| Waiting::Listed(Box::new(record), Call::New)));
            return Some(());
        };
        let id = |record: &Record| record.id.as_deref().and_then(|id| id.parse::<RecordId>().ok());
        let (known, nameless): (Vec<_>, Vec<_>) =
            page.into_iter().map(|record| (id(&record), record)).partition(|(id, _)| id.is_some());
        let known: Vec<_> = known.into_iter().filter_map(|(id, record)| Some((id?, record))).collect();
        let calls = self.unless_broken(memory.sort(&known, self.due.is_some()))?;
        let again = known.iter().zip(&calls).filter(|(_, call)| **call == Call::Again);
        self.listed.extend(again.map(|((id, _), _)| id.clone()));
        self.waiting
            .extend(known.into_iter().zip(calls).map(|((_, record), call)| Waiting::Listed(Box::new(record), call)));
        self.waiting.extend(nameless.into_iter().map(|(_, record)| Waiting::Listed(Box::new(record), Call::New)));
        Some(())
    }

    /// What the listing should have shown and did not is asked for by its id: it may have been deleted.
    fn fetch_unlisted(&mut self) -> Option<()> {
        if let Some((memory, _)) = &self.due
            && let Some(window) = self.terms.window
        {
            let unlisted = self.unless_broken(memory.unlisted(window))?;
            self.listed.extend(unlisted.iter().cloned());
            self.waiting.extend(unlisted.into_iter().map(Waiting::Due));
        }
        Some(())
    }

    fn fetch_due(&mut self) -> Option<()> {
        let (memory, plan) = self.due.as_mut()?;
        let page = memory.next_planned(plan);
        let page = self.unless_broken(page)?;
        if page.is_empty() {
            return None;
        }
        self.waiting.extend(page.into_iter().filter(|id| !self.listed.contains(id)).map(Waiting::Due));
        Some(())
    }

    /// Whether a record should have been uploaded by now, as far as a ledger goes with the run; `None` where that ends it.
    fn is_late(&self, record: &Record) -> Option<bool> {
        let Some(memory) = self.terms.memory else { return Some(false) };
        let Some(Planned { id, began_at, .. }) = planned(record) else { return Some(false) };
        self.unless_broken(memory.is_late(&id, began_at))
    }

    /// Without a listing there is no telling the service works, so what is due is left rather than failed one by one.
    fn leave_what_is_due(&self) {
        if let Some((memory, plan)) = &self.due
            && let Some(backlog) = self.unless_broken(memory.backlog(plan))
        {
            self.terms.tally.borrow_mut().left = backlog.total();
        }
    }

    fn unless_broken<T>(&self, asked: Result<T, LedgerError>) -> Option<T> {
        asked
            .map_err(|error| {
                self.terms.tally.borrow_mut().broken = Some(error);
                self.terms.cancel.cancel();
            })
            .ok()
    }
}

fn planned(record: &Record) -> Option<Planned> {
    let id = record.id.as_deref()?.parse().ok()?;
    Some(Planned {
        id,
        bytes: record.declared_size().bytes(),
        began_at: record.start_time.as_deref().and_then(service_time),
    })
}
