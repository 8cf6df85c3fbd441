//! What thirty nights have to bring, worked out from what happens to the recordings and from nothing of the program.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// Nothing is listed on this one: the API is down.
pub const WITHOUT_API: i64 = 17;
/// This one is killed once so many of its records were verified.
pub const KILLED: (i64, usize) = (22, 2);

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// `--not-ready-after`, as it is by default.
const NOT_READY_AFTER: SignedDuration = SignedDuration::from_hours(48);

/// `--reverify-after`, as it is by default.
const REVERIFY_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// When a night's run starts: at half past two, somewhat spread out.
pub fn start(night: i64) -> Timestamp {
    let first: Timestamp = "2026-06-01T02:30:00Z".parse().expect("a time");
    let days = DAY * i32::try_from(night).expect("few nights");
    first + days + SignedDuration::from_mins((night * 7) % 15)
}

/// A recording and what becomes of it, counted in nights: before that one it happened.
#[derive(Debug, Clone)]
pub struct Fate {
    pub id: String,
    pub began: Timestamp,
    pub night: i64,
    pub uploaded: i64,
    pub altered: Option<i64>,
    pub redeclared: Option<i64>,
}

/// All recordings of thirty days: some are late, one is altered, two are declared anew.
pub fn fates() -> Vec<Fate> {
    let of_day = |night: i64| (0..2 + night % 3).map(move |n| (night, n));
    let fates = (1..=30).flat_map(of_day).map(|(night, n)| {
        let late = match (night, n) {
            (3, 0) | (16, 2) => 1,
            (4, 1) => 2,
            (6, 1) | (20, 0) => 3,
            _ => 0,
        };
        Fate {
            id: format!("n{night:02}-{n}"),
            // In the forenoon of the day before.
            began: start(night) - DAY + SignedDuration::from_hours(6) + SignedDuration::from_mins(n),
            night,
            uploaded: night + late,
            altered: ((night, n) == (5, 0)).then_some(7),
            redeclared: match (night, n) {
                (10, 1) => Some(11),
                (12, 1) => Some(14),
                _ => None,
            },
        }
    });
    fates.collect()
}

/// What a run has to come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Expected {
    pub code: i32,
    /// Outcome and reason of every record that is verified.
    pub verified: BTreeMap<String, (String, String)>,
    pub skipped: u64,
    pub not_ready: u64,
}

/// What a ledger that loses nothing knows.
#[derive(Default)]
pub struct Model {
    seen: BTreeMap<String, Option<Verified>>,
}

#[derive(Clone, Copy)]
struct Verified {
    night: i64,
    outcome: &'static str,
}

impl Model {
    /// One night, over all recordings in the order they began.
    pub fn night(&mut self, night: i64, fates: &[Fate]) -> Expected {
        if night == WITHOUT_API {
            return Expected { code: 3, ..Expected::default() };
        }
        let mut expected = Expected::default();
        for fate in fates.iter().filter(|fate| fate.night <= night) {
            // The window has two days.
            let listed = fate.night + 1 >= night;
            let uploaded = fate.uploaded <= night;
            let last = self.seen.get(&fate.id).copied();
            if listed && !uploaded {
                expected.not_ready += 1;
                self.seen.entry(fate.id.clone()).or_default();
                continue;
            }
            let redeclared = fate.redeclared.is_some_and(|since| since <= night);
            let wanted = match last {
                None => listed,
                Some(None) => true,
                Some(Some(Verified { night: then, outcome })) => {
                    let due = start(then) < start(night) - REVERIFY_AFTER;
                    outcome != "intact" || due || (listed && redeclared)
                }
            };
            if listed && !wanted {
                expected.skipped += 1;
            }
            if listed {
                self.seen.entry(fate.id.clone()).or_default();
            }
            // What is listed comes first, so a run that is killed early has done of it what began first.
            let reached = night != KILLED.0 || (listed && expected.verified.len() < KILLED.1);
            if !wanted || !reached {
                continue;
            }
            if !uploaded && start(night).duration_since(fate.began) < NOT_READY_AFTER {
                expected.not_ready += 1;
                continue;
            }
            let (outcome, reason) = match fate {
                _ if !uploaded => ("unverified", "never_uploaded"),
                Fate { altered: Some(since), .. } if *since <= night => ("altered", "digest_differs"),
                _ if redeclared => ("inconsistent", "declaration_changed"),
                _ => ("intact", ""),
            };
            self.seen.insert(fate.id.clone(), Some(Verified { night, outcome }));
            expected.verified.insert(fate.id.clone(), (outcome.to_owned(), reason.to_owned()));
        }
        let any = |words: &[&str]| expected.verified.values().any(|(outcome, _)| words.contains(&outcome.as_str()));
        expected.code = match () {
            () if any(&["altered", "inconsistent"]) => 1,
            () if any(&["unverified"]) => 3,
            () => 0,
        };
        expected
    }
}
