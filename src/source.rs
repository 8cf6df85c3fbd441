//! Where the records of a run come from, one by one: those named, or those of a listing as its pages arrive.

use std::cell::RefCell;
use std::collections::VecDeque;

use futures_util::stream::{self, Stream};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::event::Watch;
use crate::evidence::Reason;
use crate::fixity::Code;
use crate::record::{DeclaredSize, Readiness, Record, RecordId, service_time};
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records it gave, and those it only counted.
    pub selected: u64,
    /// Of them those that are not uploaded yet, and were not given.
    pub not_ready: u64,
    /// Why it gave less than there is, if so.
    pub shortfall: Option<Reason>,
}

impl Planned {
    fn named(id: RecordId) -> Self {
        Self { id, bytes: None, began_at: None }
    }
}

/// The records named, in their order.
pub fn named(ids: Vec<RecordId>, tally: &RefCell<Tally>) -> impl Stream<Item = Planned> {
    tally.borrow_mut().selected = ids.len() as u64;
    stream::iter(ids.into_iter().map(Planned::named))
}

/// The records of a listing, oldest first. It ends early on cancellation or when the listing fails; the tally says so.
pub fn listed<'a>(
    listing: Listing<'a>,
    limit: Option<u64>,
    include_not_ready: bool,
    tally: &'a RefCell<Tally>,
    watch: &'a dyn Watch,
    cancel: &'a CancellationToken,
) -> impl Stream<Item = Planned> + 'a {
    let pages = Pages { listing, waiting: VecDeque::new(), limit, include_not_ready, tally, watch, cancel };
    stream::unfold(pages, async |mut pages| Some((pages.next().await?, pages)))
}

struct Pages<'a> {
    listing: Listing<'a>,
    waiting: VecDeque<Record>,
    limit: Option<u64>,
    include_not_ready: bool,
    tally: &'a RefCell<Tally>,
    watch: &'a dyn Watch,
    cancel: &'a CancellationToken,
}

impl Pages<'_> {
    async fn next(&mut self) -> Option<Planned> {
        loop {
            let selected = self.tally.borrow().selected;
            if self.cancel.is_cancelled() || self.limit.is_some_and(|limit| selected >= limit) {
                return None;
            }
            let Some(record) = self.waiting.pop_front() else {
                self.fetch().await?;
                continue;
            };
            self.tally.borrow_mut().selected += 1;
            if record.readiness() == Readiness::NotUploaded && !self.include_not_ready {
                self.tally.borrow_mut().not_ready += 1;
                continue;
            }
            match record.id.as_deref().map(str::parse) {
                Some(Ok(id)) => {
                    let bytes = match record.declared_size() {
                        DeclaredSize::Bytes(bytes) => Some(bytes),
                        DeclaredSize::Absent | DeclaredSize::Malformed => None,
                    };
                    let began_at = record.start_time.as_deref().and_then(service_time);
                    return Some(Planned { id, bytes, began_at });
                }
                _ => self.fall_short(Reason::new(
                    Code::UnreadableAnswer,
                    "the listing has a record without a usable id, which cannot be asked for",
                )),
            }
        }
    }

    /// Waits for the next page; `None` at the end.
    async fn fetch(&mut self) -> Option<()> {
        let page = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return None,
            page = self.listing.next(self.watch) => page,
        };
        match page {
            Ok(page) => {
                self.waiting.extend(page?);
                Some(())
            }
            Err(failure) => {
                let mut reason = failure.error.reason();
                reason.message = format!("the listing could not be read to its end: {}", reason.message);
                self.fall_short(reason);
                None
            }
        }
    }

    fn fall_short(&self, reason: Reason) {
        self.tally.borrow_mut().shortfall.get_or_insert(reason);
    }
}
