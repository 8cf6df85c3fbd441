//! Many months with one ledger: recordings expire every night, some are deleted, some never come, services fail, buckets
//! move. Every night is held against a plan made without the program.
//!
//! `RECVERIFY_YEAR=40` makes it a year of forty recordings a day; its table and figures are printed (`--nocapture`).

mod calendar;
mod cloud;
mod figures;
mod model;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use recverify::clock::Clock;
use recverify::ledger::Reader;
use recverify_sandbox::Sandbox;
use serde_json::Value;
use tempfile::TempDir;

use crate::check::text;
use crate::in_process;
use calendar::{BUCKETS, Calendar, Fate, start};
use cloud::{befall, bytes};
use figures::Table;
use model::{Expected, Model, Told};

/// All there is during a stretch of nights.
struct Stretch {
    calendar: Calendar,
    fates: BTreeMap<String, Fate>,
    cloud: Sandbox,
    variables: BTreeMap<String, String>,
    dir: TempDir,
}

/// Runs the program at that time, by a clock that goes on whenever it is looked at: its exit code and what it printed.
fn run(args: Vec<OsString>, at: Timestamp, variables: BTreeMap<String, String>) -> (i32, String) {
    let ticks = AtomicI64::new(0);
    let clock = Clock::new(move || at + SignedDuration::from_millis(ticks.fetch_add(1, Ordering::SeqCst)));
    in_process::run(args, variables, clock)
}

fn words(text: &str) -> Vec<OsString> {
    text.split_whitespace().map(Into::into).collect()
}

impl Stretch {
    fn new(calendar: Calendar) -> Self {
        let cloud = Sandbox::start();
        let variables = cloud.environment().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let fates = calendar.fates();
        Self { calendar, fates, cloud, variables, dir: TempDir::new().expect("a directory") }
    }

    fn ledger(&self) -> PathBuf {
        self.dir.path().join("ledger.db")
    }

    fn copy(&self) -> PathBuf {
        self.dir.path().join("copy.db")
    }

    /// The line of the crontab.
    fn args(&self, night: i64) -> Vec<OsString> {
        let mut args = words(
            "recverify verify --format json --since ledger --retention 15d --concurrency 1 --retry-wait 1ms --api-tries 2 \
             --read-retries 1 --ledger",
        );
        args.push(self.ledger().into());
        if let Some(budget) = self.calendar.budget(night) {
            args.extend(words(&format!("--max-bytes {}", bytes(budget, &self.fates))));
        }
        if (self.calendar.moved()..self.calendar.moved_again()).contains(&night) {
            args.extend(words(&format!("--map-bucket {}={}", BUCKETS[0], BUCKETS[1])));
        }
        args
    }

    /// What an operator does in the morning.
    fn morning(&self, night: i64, command: &str, last: &Path) {
        let mut args = words(&format!("recverify ledger {command}"));
        args.push(last.into());
        let (code, _) = run(args, start(night) + SignedDuration::from_hours(6), self.variables.clone());
        assert_eq!(code, 0, "{command} after night {night}");
    }

    /// Puts the copy in the ledger's place.
    fn restore(&self) {
        for beside in ["ledger.db-wal", "ledger.db-shm"] {
            let _ = std::fs::remove_file(self.dir.path().join(beside));
        }
        std::fs::copy(self.copy(), self.ledger()).expect("restored");
    }
}

/// A run as the plan has it.
fn seen(code: i32, report: &str) -> Expected {
    let report: Value = serde_json::from_str(report).expect("a JSON report");
    let told = |record: &Value| Told {
        outcome: text(&record["outcome"]).to_owned(),
        reason: text(&record["reason"]["code"]).to_owned(),
        acknowledged: !record["acknowledged"].is_null(),
    };
    let records = report["records"].as_array().expect("records");
    let verified: BTreeMap<_, _> = records.iter().map(|r| (text(&r["record_id"]).to_owned(), told(r))).collect();
    assert_eq!(verified.len(), records.len(), "a record stands twice");
    let count = |name: &str| report["summary"][name].as_u64().expect("a count");
    assert_eq!(count("acknowledged"), verified.values().filter(|told| told.acknowledged).count() as u64);
    let overdue = &report["run"]["overdue"];
    assert!(overdue.is_null() || overdue["code"] == "coverage_overdue", "{overdue}");
    Expected {
        code,
        verified,
        skipped: count("skipped"),
        not_ready: count("not_ready"),
        left: count("left"),
        expired: count("expired"),
        overdue: !overdue.is_null(),
    }
}

/// The nights on which each thing that was done or failed may first be told, by hand: the recordings of night 5 are new
/// then, are listed on nights 5 to 8, and are due on night 12 or 13, whichever starts later in the night.
fn first_possible(calendar: &Calendar) -> BTreeMap<(String, &'static str), i64> {
    let first = [
        // Told as late on their third night; both were uploaded in the end.
        (6, 2, "never_uploaded", 2),
        (9, 3, "never_uploaded", 2),
        // Never uploaded, and gone after their retention.
        (6, 0, "never_uploaded", 2),
        (6, 0, "expired_unverified", 15),
        (11, 0, "never_uploaded", 2),
        (11, 0, "expired_unverified", 15),
        // Deleted while they are listed: the same night. Deleted on the fifth night: when it is due.
        (5, 0, "record_vanished", 1),
        (8, 0, "record_vanished", 8),
        (10, 1, "record_vanished", 1),
        (12, 2, "record_vanished", 1),
        (45, 2, "record_vanished", 3),
        // Its objects deleted while it is listed, and intact the night before; gone after its retention.
        (5, 3, "object_not_found", 7),
        (5, 3, "expired_unverified", 15),
        // Altered before its first night, altered after it, and both gone after their retention.
        (43, 0, "digest_differs", 0),
        (43, 0, "expired_unverified", 15),
        (44, 1, "digest_differs", 7),
        (44, 1, "expired_unverified", 15),
    ];
    first.map(|(night, n, reason, later)| ((calendar.id(night, n), reason), calendar.at(night) + later)).into()
}

/// On how many nights each was told and not acknowledged.
type Alarms = BTreeMap<(String, String), BTreeSet<i64>>;

/// Goes through all nights; what was told when, what could not be decided in an outage left out.
fn go_through(stretch: &Stretch, table: &mut Table) -> Alarms {
    let Stretch { calendar, fates, cloud, .. } = stretch;
    let mut alarms = Alarms::new();
    let mut model = Model::default();
    let mut copy = None;
    for night in 1..=calendar.nights {
        if night == calendar.restored() {
            stretch.restore();
            model = copy.clone().expect("a copy");
        }
        befall(cloud, calendar, fates, night);
        let expected = model.night(night, calendar, fates);
        let (code, report) = run(stretch.args(night), start(night), stretch.variables.clone());
        let seen = seen(code, &report);
        assert_eq!(seen, expected, "night {night}");
        cloud.heal();
        for (id, told) in &seen.verified {
            if told.outcome != "intact" && told.reason != "service_error" && !told.acknowledged {
                alarms.entry((id.clone(), told.reason.clone())).or_default().insert(night);
            }
        }
        table.add(night, &seen);
        for fate in fates.values().filter(|fate| fate.acknowledged.contains(&night)) {
            let command = format!("ack {} --note known --operator nightwatch --ledger", fate.id);
            stretch.morning(night, &command, &stretch.ledger());
            model.acknowledge(&fate.id);
        }
        if night == calendar.backup() {
            let ledger = stretch.ledger();
            stretch.morning(night, &format!("backup --ledger {}", ledger.display()), &stretch.copy());
            copy = Some(model.clone());
        }
    }
    alarms
}

#[test]
fn months_of_nights_bring_every_alarm_on_its_first_night_and_no_false_one() {
    let year =
        std::env::var("RECVERIFY_YEAR").ok().map(|a_day| a_day.parse().expect("RECVERIFY_YEAR: recordings a day"));
    let stretch = Stretch::new(year.map_or_else(Calendar::short, Calendar::year));
    let mut table = Table::default();
    let alarms = go_through(&stretch, &mut table);
    let first_possible = first_possible(&stretch.calendar);
    // Shown where the test prints, and where it fails.
    table.print(&alarms, &first_possible);
    let first =
        alarms.iter().map(|((id, reason), nights)| ((id.clone(), reason.as_str()), *nights.first().expect("one")));
    assert_eq!(first.collect::<BTreeMap<_, _>>(), first_possible);
    assert_eq!(Reader::open(&stretch.ledger()).expect("a ledger").first_break().expect("walked"), None);
    if year.is_some() {
        figures::print(&stretch);
    }
}
