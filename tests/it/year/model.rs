//! What each night has to bring, worked out from the calendar and from nothing of the program.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::calendar::{Calendar, Fate, RETENTION, start};

/// `--reverify-after`, as it is by default where it is less than half the retention.
const REVERIFY_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);
/// `--max-unverified-age`, as it is by default: half the retention.
const MAX_UNVERIFIED_AGE: SignedDuration = SignedDuration::from_hours(15 * 12);
/// `--overlap` and `--not-ready-after`, as they are by default.
const OVERLAP: SignedDuration = SignedDuration::from_hours(72);
const NOT_READY_AFTER: SignedDuration = SignedDuration::from_hours(48);

/// What is told of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub outcome: String,
    pub reason: String,
    pub acknowledged: bool,
}

/// What a run has to come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Expected {
    pub code: i32,
    pub verified: BTreeMap<String, Told>,
    pub skipped: u64,
    pub not_ready: u64,
    pub left: u64,
    pub expired: u64,
    /// Whether a record has waited too long to be found intact.
    pub overdue: bool,
}

/// What a record was found to be; an acknowledgement is bound to all of it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    outcome: &'static str,
    reason: &'static str,
    version: usize,
}

#[derive(Clone, Copy)]
struct Last {
    night: i64,
    order: u64,
    state: State,
}

/// What a ledger that loses nothing knows of a record.
#[derive(Clone)]
struct Known {
    first_seen: i64,
    order: u64,
    last: Option<Last>,
    /// What it last was, *unverified* aside.
    decided: Option<&'static str>,
    /// Why it was missing, if it was that.
    missed: Option<&'static str>,
    ever_intact: bool,
    answered_for: Option<State>,
    /// Never to be asked for again.
    over: bool,
    /// Where it was declared to be when last asked for.
    place: Option<usize>,
}

impl Known {
    /// As far as it can be said without a look.
    fn is_answered_for(&self) -> bool {
        let word = |state: State| (state.outcome, state.reason);
        self.answered_for.is_some() && self.answered_for.map(word) == self.last.map(|last| word(last.state))
    }
}

/// What asking for a record comes to.
enum Found {
    /// It need not be uploaded yet.
    NotReady,
    Expired,
    Is(State),
}

/// A ledger that loses nothing.
#[derive(Clone, Default)]
pub struct Model {
    known: BTreeMap<String, Known>,
    /// The last night whose listing was read to its end.
    listed: Option<i64>,
    steps: u64,
}

impl Model {
    /// One night, over all recordings by their ids, which is the order they began.
    pub fn night(&mut self, night: i64, calendar: &Calendar, fates: &BTreeMap<String, Fate>) -> Expected {
        let mut expected = Expected::default();
        let plan = self.planned(night);
        if calendar.api_is_down(night) {
            // Nobody waits for those an operator has answered for.
            expected.left = plan.iter().filter(|(rank, ..)| *rank < 3).count() as u64;
        } else {
            let todo = self.list(night, calendar, fates, plan, &mut expected);
            self.ask(night, calendar, fates, todo, &mut expected);
            self.listed = Some(night);
        }
        expected.overdue = self.known.values().any(|known| {
            let waits = !known.ever_intact && !known.over && !known.is_answered_for();
            waits && start(night).duration_since(start(known.first_seen)) > MAX_UNVERIFIED_AGE
        });
        let open = |words: &[&str]| {
            let mut open = expected.verified.values().filter(|told| !told.acknowledged);
            open.any(|told| words.contains(&told.outcome.as_str()))
        };
        expected.code = match () {
            () if open(&["altered", "missing"]) => 1,
            () if open(&["unverified"]) || expected.overdue || calendar.api_is_down(night) => 3,
            () => 0,
        };
        expected
    }

    /// Somebody answers for what a record was last found to be.
    pub fn acknowledge(&mut self, id: &str) {
        let known = self.known.get_mut(id).expect("known");
        known.answered_for = known.last.map(|last| last.state);
    }

    fn step(&mut self) -> u64 {
        self.steps += 1;
        self.steps
    }

    /// What is to be asked for whether listed or not: never verified, not intact, due, and answered for; each oldest first.
    fn planned(&self, night: i64) -> Vec<(u8, u64, String)> {
        let rank = |known: &Known| match known.last {
            _ if known.over => None,
            None => Some((0, known.order)),
            Some(last) if last.state.outcome != "intact" && known.is_answered_for() => Some((3, last.order)),
            Some(last) if last.state.outcome != "intact" => Some((1, last.order)),
            Some(last) => is_due(last, night).then_some((2, last.order)),
        };
        let ranked =
            self.known.iter().filter_map(|(id, known)| rank(known).map(|(rank, order)| (rank, order, id.clone())));
        let mut plan: Vec<_> = ranked.collect();
        plan.sort();
        plan
    }

    /// Lists the window; what then is to be asked for, in its order.
    fn list(
        &mut self,
        night: i64,
        calendar: &Calendar,
        fates: &BTreeMap<String, Fate>,
        plan: Vec<(u8, u64, String)>,
        expected: &mut Expected,
    ) -> Vec<String> {
        let now = start(night);
        let since = self.listed.map_or(now - RETENTION, |listed| start(listed) - OVERLAP);
        let in_window = |fate: &Fate| (since..=now).contains(&fate.began);
        let shown = |fate: &Fate| fate.night <= night && night < fate.gone && in_window(fate);
        let mut todo = Vec::new();
        let mut dealt_with = BTreeSet::new();
        for (id, fate) in fates.iter().filter(|(_, fate)| shown(fate)) {
            let wanted = match self.known.get(id) {
                None | Some(Known { last: None, .. }) => true,
                Some(Known { place: Some(place), .. }) if *place != calendar.declared(fate, night) => true,
                Some(Known { last: Some(last), .. }) => {
                    expected.skipped += u64::from(last.state.outcome == "intact" && !is_due(*last, night));
                    false
                }
            };
            if !self.known.contains_key(id) {
                let order = self.step();
                self.known.insert(id.clone(), new(night, order));
            }
            if wanted {
                dealt_with.insert(id.clone());
                if fate.uploaded > night && !is_late(fate, now) {
                    expected.not_ready += 1;
                } else {
                    todo.push(id.clone());
                }
            }
        }
        let unseen = |(id, known): &(&String, &Known)| !known.over && in_window(&fates[*id]) && !shown(&fates[*id]);
        let mut unseen: Vec<_> =
            self.known.iter().filter(unseen).map(|(id, known)| (known.order, id.clone())).collect();
        unseen.sort();
        for (_, id) in unseen {
            dealt_with.insert(id.clone());
            todo.push(id);
        }
        todo.extend(plan.into_iter().map(|(.., id)| id).filter(|id| !dealt_with.contains(id)));
        todo
    }

    /// Asks for one record after the other, as far as the budget goes.
    fn ask(
        &mut self,
        night: i64,
        calendar: &Calendar,
        fates: &BTreeMap<String, Fate>,
        todo: Vec<String>,
        expected: &mut Expected,
    ) {
        // All recordings are of one size, and a budget is of so many whole ones.
        let (budget, mut read) = (calendar.budget(night), 0);
        for id in todo {
            if budget.is_some_and(|most| read >= most) {
                expected.left += 1;
                continue;
            }
            let fate = &fates[&id];
            let order = self.step();
            let known = self.known.get_mut(&id).expect("known");
            let found = look(known, fate, night, calendar);
            // What is there and uploaded is read.
            read += i64::from(night < fate.gone && fate.uploaded <= night);
            let state = match found {
                Found::Is(state) => state,
                Found::NotReady => {
                    expected.not_ready += 1;
                    continue;
                }
                Found::Expired => {
                    known.over = true;
                    expected.expired += 1;
                    continue;
                }
            };
            let acknowledged = known.answered_for == Some(state);
            if acknowledged && night >= fate.gone && start(night) >= fate.began + RETENTION {
                known.over = true;
                expected.expired += 1;
                continue;
            }
            known.last = Some(Last { night, order, state });
            known.ever_intact |= state.outcome == "intact";
            known.over = state.reason == "expired_unverified";
            if state.outcome != "unverified" {
                known.decided = Some(state.outcome);
                known.missed = (state.outcome == "missing").then_some(state.reason);
            }
            if night < fate.gone && fate.uploaded <= night {
                known.place = Some(calendar.declared(fate, night));
            }
            let (outcome, reason) = (state.outcome.to_owned(), state.reason.to_owned());
            expected.verified.insert(id, Told { outcome, reason, acknowledged });
        }
    }
}

fn new(night: i64, order: u64) -> Known {
    Known {
        first_seen: night,
        order,
        last: None,
        decided: None,
        missed: None,
        ever_intact: false,
        answered_for: None,
        over: false,
        place: None,
    }
}

fn is_due(last: Last, night: i64) -> bool {
    start(last.night) < start(night) - REVERIFY_AFTER
}

fn is_late(fate: &Fate, now: Timestamp) -> bool {
    now.duration_since(fate.began) >= NOT_READY_AFTER
}

/// What a record is found to be.
fn look(known: &Known, fate: &Fate, night: i64, calendar: &Calendar) -> Found {
    let over = start(night) >= fate.began + RETENTION;
    let is = |outcome, reason| Found::Is(State { outcome, reason, version: 0 });
    let gone = |reason| match known.decided {
        Some("intact") if over => Found::Expired,
        // It was gone when it should not have been, and waiting does not mend that.
        Some("missing") if known.missed == Some(reason) => is("missing", reason),
        _ if over => is("unverified", "expired_unverified"),
        _ => is("missing", reason),
    };
    if night >= fate.gone {
        return gone("record_vanished");
    }
    if fate.uploaded > night {
        return if is_late(fate, start(night)) { is("unverified", "never_uploaded") } else { Found::NotReady };
    }
    if calendar.store_is_down(night) {
        return is("unverified", "service_error");
    }
    if night >= fate.files_gone {
        return gone("object_not_found");
    }
    match fate.versions(night) {
        0 => is("intact", ""),
        version => Found::Is(State { outcome: "altered", reason: "digest_differs", version }),
    }
}
