//! The cursor a listing is paged by, so that records arriving or expiring meanwhile make none slip.
//!
//! Offsets shift whenever a record before them expires. So each page is asked from the start time of the last record
//! seen, by which the listing is sorted; what comes again is dropped by its id. Only within one second, the finest the
//! service can be asked for, an offset is used, and there pages overlap.

use std::collections::HashSet;

use jiff::{Timestamp, ToSpan as _};

use super::wire::Page;
use crate::fixity::Sha256Digest;
use crate::record::{Record, service_time};

/// Records asked for at once: one edition of the service's pages names 100 as the most, another 1,000.
pub(super) const PAGE: u64 = 100;

/// Pages within one second overlap by so many records, which may then expire between two questions unharmed.
const OVERLAP: u64 = 20;

/// So many pages in a row may bring nothing new as long as the announced total is not reached.
const IDLE_PAGES: u32 = 1000;

/// Where a listing stands.
#[derive(Debug)]
pub(super) struct Cursor {
    /// Records from this second on are asked for.
    from: Timestamp,
    /// Counted from the first record of that second.
    offset: u64,
    /// Every id seen, see [`key`]: 16 bytes each, however long the ids are.
    seen: HashSet<[u8; 16]>,
    /// Of them those on pages that begin at this second, and how many records they are: one that is on two pages is one.
    here: HashSet<[u8; 16]>,
    came: u64,
    /// Pages in a row that brought nothing new and moved nothing.
    idle: u32,
    until: Timestamp,
}

/// What a page brought.
#[derive(Debug)]
pub(super) struct Taken {
    /// Records not seen before.
    pub(super) fresh: Vec<Record>,
    /// Whether the listing is at its end.
    pub(super) done: bool,
}

/// Why a listing cannot be relied on: what it did not show must not count as a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsound {
    /// The service answers the same page again and again.
    #[error("the listing does not get on: the same page comes again and again")]
    Stuck,
    /// An empty page where there should be more.
    #[error("the listing breaks off: a page is empty although {0} records were announced")]
    BreaksOff(u64),
    /// Pages that bring the same records, counted as others.
    #[error("the listing leaves records out: {came} came where {announced} were announced")]
    LeavesOut {
        /// So many different ones.
        came: u64,
        /// What the service said last.
        announced: u64,
    },
    /// Not by start time.
    #[error("the listing is not in the order asked for, so there is no telling what it leaves out")]
    Disorder,
    /// A time that was not asked for.
    #[error("the listing has records from outside the window that was asked for")]
    Outside,
}

impl Cursor {
    /// A listing of the window from `since` to `until`, both included.
    pub(super) fn new(since: Timestamp, until: Timestamp) -> Self {
        let from = whole_second(since);
        Self {
            from,
            offset: 0,
            seen: HashSet::new(),
            here: HashSet::new(),
            came: 0,
            idle: 0,
            until: inclusive_end(until),
        }
    }

    /// Start time and offset of the next page.
    pub(super) fn next(&self) -> (Timestamp, u64) {
        (self.from, self.offset)
    }

    /// Takes the page that was asked for, and moves on.
    ///
    /// A full page is never the end, whatever the total says; without a total only a page that brings nothing new is.
    pub(super) fn take(&mut self, page: Page) -> Result<Taken, Unsound> {
        let Page { records, total } = page;
        let count = records.len() as u64;
        let total = total.filter(|total| *total >= self.offset + count);
        if let Some(total) = total.filter(|total| count == 0 && *total > self.offset) {
            return Err(Unsound::BreaksOff(total));
        }
        let starts: Vec<_> = records.iter().filter_map(|record| second(record.start_time.as_deref()?)).collect();
        if !starts.is_sorted() {
            return Err(Unsound::Disorder);
        }
        // Whether a recording that began before the window and ended in it is listed is undocumented; one that began
        // after it never should be, and would carry the cursor away.
        if starts.last().is_some_and(|last| *last > self.until) {
            return Err(Unsound::Outside);
        }
        let keys: Vec<_> = records.iter().map(|record| record.id.as_deref().map(key)).collect();
        self.came += keys.iter().filter(|key| key.is_none_or(|key| !self.here.contains(&key))).count() as u64;
        self.here.extend(keys.into_iter().flatten());
        let before = self.seen.len();
        let fresh: Vec<_> = records.into_iter().filter(|record| self.is_new(record)).collect();
        let brought_nothing = self.seen.len() == before;
        let done = match total {
            Some(total) => count < PAGE && self.offset + count >= total,
            None => count == 0 || (count < PAGE && brought_nothing),
        };
        if let Some(announced) = total.filter(|announced| done && self.came < *announced) {
            return Err(Unsound::LeavesOut { came: self.came, announced });
        }
        match starts.last() {
            Some(last) if *last > self.from => {
                self.from = *last;
                self.offset = 0;
                self.here.clear();
                self.came = 0;
                self.idle = 0;
            }
            _ => {
                self.offset += if count > OVERLAP { count - OVERLAP } else { count };
                self.idle = if brought_nothing { self.idle + 1 } else { 0 };
            }
        }
        let patience = if total.is_some() { IDLE_PAGES } else { 2 };
        if self.idle > patience && !done { Err(Unsound::Stuck) } else { Ok(Taken { fresh, done }) }
    }

    /// A record without an id cannot be told from another one, nor asked for: it is passed on each time.
    fn is_new(&mut self, record: &Record) -> bool {
        record.id.as_deref().is_none_or(|id| self.seen.insert(key(id)))
    }
}

/// The first half of an id's SHA-256.
fn key(id: &str) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&Sha256Digest::of(id.as_bytes()).as_bytes()[..16]);
    key
}

/// The second a time lies in.
fn second(text: &str) -> Option<Timestamp> {
    service_time(text).map(whole_second)
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// The end of a window as the list call takes it: the service's own reading of the bound is undocumented, so the second
/// the bound lies in is included whole.
pub(super) fn inclusive_end(until: Timestamp) -> Timestamp {
    until.checked_add(1.second()).unwrap_or(until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).expect("a time")
    }

    fn record(id: u64, start: i64) -> Record {
        Record { id: Some(format!("r{id}")), start_time: Some(at(start).to_string()), ..Record::default() }
    }

    /// A service with these records (id, start), sorted by start, answering as the real one does.
    fn answer(all: &[(u64, i64)], cursor: &Cursor) -> Page {
        let (from, offset) = cursor.next();
        let mut matching: Vec<_> = all.iter().filter(|(_, start)| at(*start) >= from).collect();
        matching.sort_by_key(|(id, start)| (*start, *id));
        let skip = usize::try_from(offset).expect("small");
        let page = matching.iter().skip(skip).take(100).map(|(id, start)| record(*id, *start));
        Page { records: page.collect(), total: Some(matching.len() as u64) }
    }

    fn listed(mut all: Vec<(u64, i64)>, mut between: impl FnMut(&mut Vec<(u64, i64)>)) -> Vec<String> {
        let mut cursor = Cursor::new(at(0), at(1000));
        let mut ids = Vec::new();
        loop {
            let taken = cursor.take(answer(&all, &cursor)).expect("it gets on");
            ids.extend(taken.fresh.into_iter().filter_map(|record| record.id));
            if taken.done {
                return ids;
            }
            between(&mut all);
        }
    }

    fn is_each_once(ids: &[String], expected: impl Iterator<Item = u64>) -> bool {
        let unique: HashSet<_> = ids.iter().cloned().collect();
        unique.len() == ids.len() && expected.map(|id| format!("r{id}")).all(|id| unique.contains(&id))
    }

    #[test]
    fn an_empty_window_is_done_at_once() {
        let taken =
            Cursor::new(at(0), at(1000)).take(Page { records: Vec::new(), total: Some(0) }).expect("it gets on");
        assert!(taken.done && taken.fresh.is_empty());
    }

    #[test]
    fn four_hundred_records_of_one_second_come_each_once() {
        let ids = listed((0..400).map(|id| (id, 5)).collect(), |_| {});
        assert_eq!(ids.len(), 400);
        assert!(is_each_once(&ids, 0..400));
    }

    #[test]
    fn a_page_shorter_than_asked_for_is_not_the_end_while_the_total_says_more() {
        let mut cursor = Cursor::new(at(0), at(1000));
        let short =
            Page { records: (0..10).map(|id| record(id, i64::try_from(id).unwrap())).collect(), total: Some(25) };
        assert!(!cursor.take(short).expect("it gets on").done);
    }

    #[test]
    fn without_a_total_only_a_page_that_brings_nothing_new_is_the_end() {
        let mut cursor = Cursor::new(at(0), at(1000));
        let page = |count: u64| Page { records: (0..count).map(|id| record(id, 1)).collect(), total: None };
        assert!(!cursor.take(page(10)).expect("it gets on").done);
        assert!(cursor.take(page(10)).expect("it gets on").done);
    }

    #[test]
    fn a_listing_that_contradicts_itself_is_no_listing() {
        let unsound = |starts: &[i64], total| {
            let records = (0..).zip(starts).map(|(id, start)| record(id, *start)).collect();
            Cursor::new(at(10), at(1000)).take(Page { records, total }).err()
        };
        assert_eq!(unsound(&[], Some(250)), Some(Unsound::BreaksOff(250)));
        assert_eq!(unsound(&[20, 30, 25], Some(3)), Some(Unsound::Disorder));
        assert_eq!(unsound(&[9], Some(1)), None);
        assert_eq!(unsound(&[20, 2000], Some(2)), Some(Unsound::Outside));
        assert_eq!(unsound(&[10, 20, 1000], Some(3)), None);
    }

    #[test]
    fn a_full_page_is_never_the_end() {
        for total in [None, Some(0), Some(100)] {
            let page = Page { records: (0..100).map(|id| record(id, 1)).collect(), total };
            assert!(!Cursor::new(at(0), at(1000)).take(page).expect("it gets on").done, "{total:?}");
        }
    }

    #[test]
    fn a_service_that_sends_the_same_records_for_others_is_found_out() {
        let mut cursor = Cursor::new(at(0), at(1000));
        let page = || Page { records: vec![record(1, 1)], total: Some(3) };
        let unsound = (0..10).find_map(|_| cursor.take(page()).err());
        assert_eq!(unsound, Some(Unsound::LeavesOut { came: 1, announced: 3 }));
    }

    #[test]
    fn a_service_that_repeats_itself_for_ever_is_found_out() {
        let mut cursor = Cursor::new(at(0), at(1000));
        let page = || Page { records: (0..100).map(|id| record(id, 1)).collect(), total: None };
        let stuck = (0..10).find_map(|_| cursor.take(page()).err());
        assert_eq!(stuck, Some(Unsound::Stuck));
    }

    proptest! {
        #[test]
        fn arriving_and_expiring_records_make_none_slip(
            starts in prop::collection::vec(0i64..120, 0..900),
            expiring in 0i64..4,
            arriving in 0u64..30,
        ) {
            let all: Vec<_> = (0..).zip(starts).collect();
            let kept: Vec<u64> = all.iter().map(|(id, _)| *id).collect();
            let mut gone = HashSet::new();
            let (mut now, mut next) = (0, 10_000);
            let ids = listed(all, |all| {
                // The oldest seconds expire at the front while new records arrive at the end.
                now += expiring;
                gone.extend(all.iter().filter(|(_, start)| *start < now).map(|(id, _)| *id));
                all.retain(|(_, start)| *start >= now);
                all.extend((next..next + arriving).map(|id| (id, 119)));
                next += arriving;
                if next > 10_300 { all.retain(|(id, _)| *id < 10_300); }
            });
            prop_assert!(is_each_once(&ids, kept.into_iter().filter(|id| !gone.contains(id))));
        }
    }
}
