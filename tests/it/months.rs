//! Over months: what has expired, vanished, never came, was answered for or was moved, each told as what it is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use recverify::clock::Clock;
use recverify_sandbox::{ApiCalls, ApiFault, Canned, Recording, Sandbox, Times};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::check::text;
use crate::harness::bare;
use crate::in_process;

/// A cloud, a ledger and a clock for both.
struct Months {
    cloud: Sandbox,
    dir: TempDir,
}

/// What a night came to.
struct Night {
    code: i32,
    report: Value,
}

fn day(n: i64) -> Timestamp {
    "2026-03-01T00:00:00Z".parse::<Timestamp>().expect("a time") + SignedDuration::from_hours(24 * n)
}

fn recording(id: &str, began: Timestamp) -> Recording {
    Recording { start_time: Some(began), ..Recording::new(id) }
}

impl Months {
    fn new() -> Self {
        Self { cloud: Sandbox::start(), dir: tempfile::tempdir().expect("a directory") }
    }

    fn ledger(&self) -> PathBuf {
        self.dir.path().join("ledger.db")
    }

    /// Runs the night of a day with the words given, beside those that are always there.
    fn night(&self, n: i64, words: &str) -> Night {
        let start = day(n) + SignedDuration::from_hours(2);
        self.cloud.set_clock_offset(start.duration_since(Timestamp::now()).as_secs());
        let ticks = AtomicI64::new(0);
        let clock = Clock::new(move || start + SignedDuration::from_millis(ticks.fetch_add(1, Ordering::SeqCst)));
        let words =
            format!("recverify verify --format json --retry-wait 1ms --api-tries 1 --since ledger {words} --ledger");
        let args = words.split_whitespace().map(Into::into).chain([self.ledger().into()]).collect();
        let variables = self.cloud.environment().into_iter().map(|(name, value)| (name.to_owned(), value));
        let (code, said) = in_process::run(args, variables.collect::<BTreeMap<_, _>>(), clock);
        Night { code, report: serde_json::from_str(&said).expect("a JSON report") }
    }

    fn acknowledge(&self, id: &str) {
        let call = bare().args(&format!("ledger ack {id} --note known --operator ann --ledger"));
        let ended = call.arg(self.ledger()).run();
        assert_eq!(ended.code, 0, "{ended:?}");
    }

    fn delete(&self, id: &str) {
        let recording = Recording::new(id);
        self.cloud.remove_record(id);
        self.cloud.remove_object(&recording.bucket, &recording.video_key());
        self.cloud.remove_object(&recording.bucket, &recording.event_key());
    }
}

impl Night {
    /// Exit code, and what every record with an outcome came to: `id outcome reason`.
    fn verdicts(&self) -> (i32, Vec<String>) {
        let records = self.report["records"].as_array().expect("records");
        let verdict = |record: &Value| {
            let reason = text(&record["reason"]["code"]);
            format!("{} {} {reason}", text(&record["record_id"]), text(&record["outcome"])).trim_end().to_owned()
        };
        (self.code, records.iter().map(verdict).collect())
    }

    fn count(&self, name: &str) -> u64 {
        self.report["summary"][name].as_u64().expect("a count")
    }
}

fn verdicts(code: i32, records: &[&str]) -> (i32, Vec<String>) {
    (code, records.iter().map(ToString::to_string).collect())
}

#[test]
fn what_is_gone_after_its_retention_has_expired_if_it_was_intact_and_is_never_asked_for_again() {
    let months = Months::new();
    months.cloud.upload(&recording("kept", day(0)));
    assert_eq!(months.night(0, "--retention 15d").verdicts(), verdicts(0, &["kept intact"]));
    months.delete("kept");
    let gone = months.night(16, "--retention 15d");
    assert_eq!((gone.verdicts(), gone.count("expired")), (verdicts(0, &[]), 1));
    let requests = months.cloud.requests().len();
    let after = months.night(17, "--retention 15d");
    assert_eq!((after.verdicts(), after.count("expired")), (verdicts(4, &[]), 0));
    assert_eq!(months.cloud.requests().len() - requests, 1, "one listing and nothing else");
}

#[test]
fn what_expired_without_ever_having_been_intact_is_told_once() {
    let months = Months::new();
    months.cloud.upload(&recording("never", day(0)));
    months.cloud.fail_api(ApiCalls::AnyDetails, Times::always(), ApiFault::Answer(Canned::error(503, "W.1", "down")));
    assert_eq!(months.night(0, "--retention 15d").code, 3);
    months.cloud.heal();
    months.delete("never");
    let gone = months.night(16, "--retention 15d --max-unverified-age 99d");
    assert_eq!(gone.verdicts(), verdicts(3, &["never unverified expired_unverified"]));
    assert_eq!(months.night(17, "--retention 15d --max-unverified-age 99d").verdicts(), verdicts(4, &[]));
}

#[test]
fn a_quiet_delete_within_the_retention_is_a_finding_the_same_night_and_until_somebody_answers_for_it() {
    let months = Months::new();
    months.cloud.upload(&recording("there", day(0)));
    months.cloud.upload(&recording("deleted", day(0) + SignedDuration::from_secs(60)));
    assert_eq!(months.night(0, "--retention 15d").code, 0);
    months.delete("deleted");
    for night in [1, 2] {
        let found = months.night(night, "--retention 15d");
        assert_eq!(found.verdicts(), verdicts(1, &["deleted missing record_vanished"]), "night {night}");
        let history = &found.report["records"][0]["history"];
        let told = (text(&history["last_intact_at"]).get(..10), history["nights"].as_i64());
        assert_eq!(told, (Some("2026-03-01"), Some(night)));
    }
    months.acknowledge("deleted");
    let known = months.night(3, "--retention 15d");
    assert_eq!((known.verdicts(), known.count("acknowledged")), (verdicts(0, &["deleted missing record_vanished"]), 1));
    assert_eq!(known.report["records"][0]["acknowledged"]["operator"], "ann");
    let over = months.night(16, "--retention 15d");
    assert_eq!((over.count("expired"), over.count("missing")), (1, 0), "{:?}", over.verdicts());
}

#[test]
fn a_record_that_is_gone_while_the_listing_fails_or_without_a_retention_is_no_finding() {
    let months = Months::new();
    months.cloud.upload(&recording("there", day(0)));
    months.cloud.upload(&recording("deleted", day(0) + SignedDuration::from_secs(60)));
    assert_eq!(months.night(0, "--retention 15d").code, 0);
    months.delete("deleted");
    months.cloud.fail_api(ApiCalls::List, Times::always(), ApiFault::Answer(Canned::error(503, "W.1", "down")));
    assert_eq!(months.night(1, "--retention 15d").verdicts(), verdicts(3, &[]));
    months.cloud.heal();
    let unknown = months.night(2, "");
    assert_eq!(unknown.verdicts(), verdicts(3, &["deleted unverified record_not_found"]));
    let message = text(&unknown.report["records"][0]["reason"]["message"]);
    assert!(message.ends_with("without --retention nobody can say whether it may have expired"), "{message}");
}

#[test]
fn an_upload_that_never_comes_is_told_after_two_days_and_not_before() {
    let months = Months::new();
    let mut record = months.cloud.upload(&recording("late", day(0)));
    record["status"] = json!("UPLOADING");
    months.cloud.add_record("late", record);
    for night in [0, 1] {
        let waiting = months.night(night, "--retention 15d");
        assert_eq!((waiting.verdicts(), waiting.count("not_ready")), (verdicts(4, &[]), 1), "night {night}");
    }
    assert_eq!(months.night(2, "--retention 15d").verdicts(), verdicts(3, &["late unverified never_uploaded"]));
    assert_eq!(months.night(6, "--retention 15d").verdicts(), verdicts(3, &["late unverified never_uploaded"]));
    months.acknowledge("late");
    assert_eq!(months.night(7, "--retention 15d").verdicts(), verdicts(0, &["late unverified never_uploaded"]));
}

#[test]
fn an_acknowledged_finding_that_changes_is_an_alarm_again() {
    let months = Months::new();
    let altered = recording("a", day(0));
    months.cloud.upload(&altered);
    months.cloud.put_object(&altered.bucket, &altered.video_key(), "tampered with");
    assert_eq!(months.night(0, "").verdicts(), verdicts(1, &["a altered digest_differs"]));
    months.acknowledge("a");
    assert_eq!(months.night(1, "").verdicts(), verdicts(0, &["a altered digest_differs"]));
    months.cloud.put_object(&altered.bucket, &altered.video_key(), "tampered with once more");
    let again = months.night(2, "");
    assert_eq!(again.verdicts(), verdicts(1, &["a altered digest_differs"]));
    assert_eq!(again.report["records"][0]["acknowledged"], Value::Null);
}

#[test]
fn the_window_goes_on_where_listings_end_without_a_gap() {
    let months = Months::new();
    let since = |night: &Night| text(&night.report["run"]["selection"]["window"]["since"]).to_owned();
    assert_eq!(since(&months.night(0, "--retention 20d")), "2026-02-09T02:00:00.000Z", "the retention back");
    months.cloud.fail_api(ApiCalls::List, Times::always(), ApiFault::Answer(Canned::error(503, "W.1", "down")));
    assert_eq!(months.night(5, "").code, 3);
    months.cloud.heal();
    assert_eq!(since(&months.night(6, "--overlap 1d")), "2026-02-28T02:00:00.000Z", "a failed listing covers nothing");
    assert_eq!(since(&months.night(7, "")), "2026-03-04T02:00:00.000Z");
}

#[test]
fn coverage_that_falls_behind_is_no_success_although_all_that_was_read_is_intact() {
    let months = Months::new();
    for n in 0..3 {
        months.cloud.upload(&recording(&format!("r{n}"), day(0) + SignedDuration::from_secs(60 * n)));
    }
    let small = "--retention 10d --max-bytes 1B";
    assert_eq!(months.night(0, small).verdicts(), verdicts(0, &["r0 intact"]));
    let behind = months.night(6, small);
    assert_eq!(behind.verdicts(), verdicts(3, &["r1 intact"]));
    assert_eq!(behind.report["run"]["overdue"]["code"], "coverage_overdue");
    assert_eq!(text(&behind.report["summary"]["soonest_expiry_at"]), "2026-03-11T00:00:00.000Z");
    let caught_up = months.night(7, "--retention 10d");
    assert_eq!((caught_up.code, &caught_up.report["run"]["overdue"]), (0, &Value::Null), "{:?}", caught_up.verdicts());
}

#[test]
fn a_moved_bucket_is_read_where_it_is_and_another_place_alone_is_a_note() {
    let months = Months::new();
    let old = recording("a", day(0));
    months.cloud.upload(&old);
    assert_eq!(months.night(0, "").code, 0);
    let new = Recording { bucket: "new-recordings".to_owned(), ..recording("a", day(0)) };
    let moved = months.cloud.upload(&new);
    months.cloud.add_record("a", old.record(day(0)));
    months.cloud.remove_bucket(&old.bucket);
    let mapped = months.night(8, "--map-bucket wks-recordings=new-recordings");
    assert_eq!(mapped.verdicts(), verdicts(0, &["a intact"]));
    let object = &mapped.report["records"][0]["objects"][0];
    assert_eq!((text(&object["bucket"]), text(&object["declared_bucket"])), ("new-recordings", "wks-recordings"));
    months.cloud.add_record("a", moved);
    let declared = months.night(16, "");
    assert_eq!(declared.verdicts(), verdicts(0, &["a intact"]));
    assert_eq!(declared.report["records"][0]["warnings"][0]["code"], "relocated");
}

#[test]
fn a_backup_is_whole_and_a_clock_behind_the_ledger_is_told() {
    let months = Months::new();
    months.cloud.upload(&recording("a", day(0)));
    assert_eq!(months.night(9, "").code, 0);
    let copy = months.dir.path().join("copy.db");
    let backup = || bare().args("ledger backup").arg(&copy).arg("--ledger").arg(months.ledger()).run();
    assert_eq!(backup().code, 0);
    let reader = recverify::ledger::Reader::open(&copy).expect("a ledger");
    assert_eq!(reader.first_break().expect("walked"), None);
    assert!(reader.head().expect("a head").seq > 2);
    let again = backup();
    let line = format!("error: the ledger cannot be copied to {}: File exists (os error 17)\n", copy.display());
    assert_eq!((again.code, again.err), (2, line));
    let behind = months.night(8, "");
    assert_eq!(behind.report["run"]["warnings"][0]["code"], "clock_behind_ledger");
}

#[test]
fn what_cannot_be_acknowledged_is_said_in_one_line() {
    let months = Months::new();
    months.cloud.upload(&recording("a", day(0)));
    assert_eq!(months.night(0, "").code, 0);
    let ack = |id: &str| bare().args(&format!("ledger ack {id} --note n --operator ann --ledger")).arg(months.ledger());
    let intact = ack("a").run();
    let line = "error: a was intact when it was last verified; there is nothing to acknowledge\n";
    assert_eq!((intact.code, intact.err.as_str()), (4, line));
    let unknown = ack("b").run();
    assert_eq!((unknown.code, unknown.err.as_str()), (4, "error: the ledger knows nothing of that\n"));
    let nobody = bare().args("ledger ack a --note n --ledger").arg(months.ledger()).run();
    assert_eq!(
        (nobody.code, nobody.err.as_str()),
        (2, "error: nobody is named who acknowledges it; say who with --operator\n")
    );
}
