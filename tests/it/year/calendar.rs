//! When what happens: the nights, the service's troubles, and the fate of every recording.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};

pub const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How long the service keeps a recording from its beginning.
pub const RETENTION: SignedDuration = SignedDuration::from_hours(15 * 24);
/// Where recordings are, one after the other.
pub const BUCKETS: [&str; 3] = ["recordings-first", "recordings-second", "recordings-third"];

/// When a night's run starts: at half past two, somewhat spread out.
pub fn start(night: i64) -> Timestamp {
    let first: Timestamp = "2026-01-10T02:30:00Z".parse().expect("a time");
    first + DAY * i32::try_from(night).expect("few nights") + SignedDuration::from_mins((night * 7).rem_euclid(15))
}

/// A recording and what becomes of it. All but `began` counts in nights: before that one it happened.
#[derive(Debug, Clone)]
pub struct Fate {
    pub id: String,
    pub began: Timestamp,
    pub night: i64,
    pub uploaded: i64,
    /// The API has forgotten the record.
    pub gone: i64,
    /// Both objects are removed.
    pub files_gone: i64,
    /// The video is overwritten by other bytes each time.
    pub altered: Vec<i64>,
    /// On the morning after these nights somebody answers for what was found.
    pub acknowledged: Vec<i64>,
}

impl Fate {
    /// How often the video was overwritten by then.
    pub fn versions(&self, night: i64) -> usize {
        self.altered.iter().filter(|altered| **altered <= night).count()
    }
}

/// A stretch of nights, long or short, with the same events in it.
pub struct Calendar {
    pub nights: i64,
    pub a_day: i64,
    /// By how much the second and the third block of events are later than in the short stretch: whole fortnights and a
    /// day, after which nights start at the same minute again.
    shifts: [i64; 2],
}

impl Calendar {
    /// Two months that hold everything.
    pub fn short() -> Self {
        Self { nights: 62, a_day: 6, shifts: [0, 0] }
    }

    /// A year of so many recordings a day, six at least.
    pub fn year(a_day: i64) -> Self {
        Self { nights: 365, a_day, shifts: [105, 240] }
    }

    /// A night of the short stretch in this one.
    pub fn at(&self, night: i64) -> i64 {
        night
            + match night {
                ..22 => 0,
                22..43 => self.shifts[0],
                _ => self.shifts[1],
            }
    }

    /// The API answers nothing but 503.
    pub fn api_is_down(&self, night: i64) -> bool {
        (self.at(22)..=self.at(23)).contains(&night)
    }

    /// The store answers nothing but 500.
    pub fn store_is_down(&self, night: i64) -> bool {
        night == self.at(24)
    }

    /// For so many whole recordings a night's budget is enough.
    pub fn budget(&self, night: i64) -> Option<i64> {
        self.fortnight().contains(&night).then_some(self.a_day * 5 / 8)
    }

    pub fn fortnight(&self) -> RangeInclusive<i64> {
        self.at(27)..=self.at(40)
    }

    /// Before this night all objects are moved, and the API goes on naming the old bucket for the old records.
    pub fn moved(&self) -> i64 {
        self.at(25)
    }

    /// Before this night all objects are moved again, and the API names the new bucket for every record.
    pub fn moved_again(&self) -> i64 {
        self.at(42)
    }

    /// On the morning after this night the ledger is copied.
    pub fn backup(&self) -> i64 {
        self.at(46)
    }

    /// Before this night the copy is put in the place of the ledger.
    pub fn restored(&self) -> i64 {
        self.at(53)
    }

    /// In which of [`BUCKETS`] the objects are.
    pub fn bucket(&self, night: i64) -> usize {
        usize::from(night >= self.moved()) + usize::from(night >= self.moved_again())
    }

    /// In which of [`BUCKETS`] they are according to the record.
    pub fn declared(&self, fate: &Fate, night: i64) -> usize {
        self.bucket(if night >= self.moved_again() { night } else { fate.night })
    }

    /// The id of a recording: by the night before which it began, and its number.
    pub fn id(&self, night: i64, n: i64) -> String {
        format!("r{:05}-{n:02}", self.at(night) + 100)
    }

    /// Every recording by its id, which is the order in which they began; those of the fortnight before the first night and of the
    /// day after the last one too.
    pub fn fates(&self) -> BTreeMap<String, Fate> {
        let all = (-13..=self.nights + 1).flat_map(|night| (0..self.a_day).map(move |n| (night, n)));
        let mut fates: BTreeMap<_, _> = all.map(|(night, n)| plain(night, n)).map(|f| (f.id.clone(), f)).collect();
        let mut change = |night: i64, n: i64, change: &dyn Fn(&mut Fate, i64)| {
            let night_here = self.at(night);
            change(fates.get_mut(&self.id(night, n)).expect("a recording"), night_here);
        };
        // Late: two of these are told as never uploaded first.
        for (night, n, late) in [(3, 1, 1), (4, 2, 1), (6, 2, 3), (9, 3, 5), (15, 1, 1)] {
            change(night, n, &|fate, night| fate.uploaded = night + late);
        }
        // Never uploaded: one is answered for soon, the other so late that it has waited too long.
        for (night, answered) in [(6, 4), (11, 10)] {
            change(night, 0, &|fate, night| {
                (fate.uploaded, fate.acknowledged) = (i64::MAX, vec![night + answered]);
            });
        }
        // Deleted quietly: record and objects, the record alone (while it is listed and later), and before its upload.
        change(5, 0, &|fate, night| {
            (fate.gone, fate.files_gone, fate.acknowledged) = (night + 1, night + 1, vec![night + 3]);
        });
        change(8, 0, &|fate, night| (fate.gone, fate.acknowledged) = (night + 5, vec![night + 9]));
        change(10, 1, &|fate, night| (fate.gone, fate.acknowledged) = (night + 1, vec![night + 2]));
        change(12, 2, &|fate, night| {
            (fate.uploaded, fate.gone, fate.acknowledged) = (i64::MAX, night + 1, vec![night + 2]);
        });
        // The fifth in the week that the restored ledger has forgotten: answered for twice.
        change(45, 2, &|fate, night| (fate.gone, fate.acknowledged) = (night + 3, vec![night + 4, night + 9]));
        // The objects alone are deleted, and the record goes after its retention as all do.
        change(5, 3, &|fate, night| (fate.files_gone, fate.acknowledged) = (night + 1, vec![night + 8]));
        // Deleted after their retention: two late, and one whose objects go in time and whose record stays.
        change(2, 0, &|fate, night| (fate.gone, fate.files_gone) = (night + 15, night + 15));
        change(3, 0, &|fate, night| (fate.gone, fate.files_gone) = (night + 18, night + 18));
        change(4, 0, &|fate, night| (fate.gone, fate.files_gone) = (night + 24, night + 15));
        // Altered: before its first night and once more when it was answered for, and after it was intact.
        change(43, 0, &|fate, night| {
            (fate.altered, fate.acknowledged) = (vec![night, night + 4], vec![night, night + 4, night + 10]);
        });
        change(44, 1, &|fate, night| {
            (fate.altered, fate.acknowledged) = (vec![night + 2], vec![night + 7, night + 10])
        });
        fates
    }
}

/// A recording to which nothing happens until the service removes it.
fn plain(night: i64, n: i64) -> Fate {
    // In the course of the day before.
    let began = start(night) - DAY + SignedDuration::from_hours(6) + SignedDuration::from_mins(17 * n);
    let over = (night..).find(|later| start(*later) >= began + RETENTION).expect("some night");
    Fate {
        id: format!("r{:05}-{n:02}", night + 100),
        began,
        night,
        uploaded: night,
        gone: over,
        files_gone: over,
        altered: Vec::new(),
        acknowledged: Vec::new(),
    }
}
