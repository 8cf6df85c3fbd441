//! `kill -9` at random moments of a batch of fifty records: nothing that was entered is lost, the ledger stays sound, and
//! a report stands under its name whole or not at all.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use recverify::ledger::Reader;
use recverify_sandbox::{Recording, Sandbox, StoreCalls, StoreFault, Times};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Call, bare, recverify};

const RECORDS: usize = 50;
/// A listing, and for each record its details and two objects.
const REQUESTS: usize = 1 + 3 * RECORDS;

/// Quiet, so that no pipe nobody reads can fill up and hold the run.
fn batch(cloud: &Sandbox, dir: &TempDir) -> Call {
    let words =
        "verify -q --concurrency 2 --since 2026-11-01 --until 2026-11-02 --ledger ledger.db -o night.json -o night.csv";
    recverify(cloud).args(words).in_dir(dir.path())
}

fn full_cloud() -> Sandbox {
    let cloud = Sandbox::start();
    let began = "2026-11-01T00:00:00Z".parse().expect("a time");
    for n in 0..RECORDS {
        cloud.upload(&Recording { start_time: Some(began), ..Recording::new(&format!("r{n:02}")) });
    }
    cloud
}

/// Kills a run once the sandbox has seen so many requests of it. Whether it was still running.
fn killed_after(requests: usize, cloud: &Sandbox, dir: &TempDir) -> bool {
    let before = cloud.requests().len();
    let mut child = batch(cloud, dir).spawn();
    cloud.wait_for(|seen| seen.len() >= before + requests);
    child.kill().expect("it was not waited for yet");
    child.wait().expect("it is gone").signal() == Some(9)
}

/// Integrity by SQLite's own word, the chain by ours.
fn is_sound(ledger: &Path) {
    let readonly = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = Connection::open_with_flags(ledger, readonly).expect("a database");
    let word: String = database.pragma_query_value(None, "integrity_check", |row| row.get(0)).expect("checked");
    assert_eq!(word, "ok");
    assert_eq!(Reader::open(ledger).expect("a ledger").first_break().expect("walked"), None);
}

/// The ids of all records found intact by the ledger, and how many verifications it holds.
fn verified(dir: &Path) -> (BTreeSet<String>, usize) {
    let export = bare().args("ledger export --format jsonl --ledger ledger.db").in_dir(dir).run();
    assert_eq!(export.code, 0, "{export:?}");
    let rows: Vec<Value> = export.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |row: &Value| (row["outcome"] == "intact").then(|| row["record_id"].as_str().expect("an id").to_owned());
    (rows.iter().filter_map(of).collect(), rows.iter().filter(|row| row["report"].is_object()).count())
}

/// Whatever stands under a report's name is whole; nothing else bears the name of one.
fn reports_are_whole(dir: &Path) -> usize {
    let names = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").file_name());
    let names: Vec<_> = names.map(|name| name.into_string().expect("UTF-8")).collect();
    let reports = names.iter().filter(|name| !name.starts_with("ledger.db") && !name.starts_with(".tmp"));
    let whole = reports.map(|name| {
        let text = std::fs::read_to_string(dir.join(name)).expect("a report");
        match name.as_str() {
            "night.json" => {
                let report: Value = serde_json::from_str(&text).expect("a whole document");
                let records = report["records"].as_array().expect("records").len();
                assert_eq!(report["summary"]["records"], records);
            }
            "night.csv" => {
                let mut lines = csv::Reader::from_reader(text.as_bytes());
                assert!(lines.records().all(|line| line.is_ok()) && text.ends_with('\n'), "{text}");
            }
            other => panic!("{other} is neither report nor ledger"),
        }
    });
    whole.count()
}

/// A batch killed at a moment drawn from the seed, then run to its end.
fn a_kill_loses_nothing(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let cloud = full_cloud();
    let dir = loop {
        let dir = TempDir::new().expect("a directory");
        let moment = random.usize(1..=REQUESTS);
        let struck = killed_after(moment, &cloud, &dir);
        reports_are_whole(dir.path());
        // Near its end a run may be faster than the kill; then another moment is drawn.
        if struck {
            break dir;
        }
    };
    let ledger = dir.path().join("ledger.db");
    let (entered, _) = if ledger.exists() { verified(dir.path()) } else { Default::default() };
    let again = batch(&cloud, &dir).run();
    assert_eq!(again.code, 0, "seed {seed}: {again:?}");
    let (all, rows) = verified(dir.path());
    assert_eq!((all.len(), rows), (RECORDS, RECORDS), "seed {seed}: each is verified, and none twice");
    assert!(entered.is_subset(&all), "seed {seed}: a row was lost");
    let report = std::fs::read_to_string(dir.path().join("night.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("a whole document");
    assert_eq!(report["summary"]["skipped"], entered.len(), "seed {seed}: what was entered is not read again");
    is_sound(&ledger);
    assert_eq!(reports_are_whole(dir.path()), 2, "seed {seed}");
}

#[test]
fn a_kill_at_any_moment_from_the_listing_to_the_reports_loses_no_row() {
    (0..5).for_each(a_kill_loses_nothing);
}

#[test]
fn a_batch_killed_twenty_times_over_is_finished_by_the_next_run() {
    let (cloud, dir) = (full_cloud(), TempDir::new().expect("a directory"));
    let mut random = fastrand::Rng::with_seed(1);
    let mut last = BTreeSet::new();
    for kill in 1..=20 {
        // No run gets further than two records, however late the kill comes: the batch outlives them all.
        cloud.heal();
        cloud.fail_store(StoreCalls::gets(), Times::always().after(5), StoreFault::Hold);
        assert!(killed_after(random.usize(1..=9), &cloud, &dir), "kill {kill} came too late");
        if dir.path().join("ledger.db").exists() {
            is_sound(&dir.path().join("ledger.db"));
            let (entered, _) = verified(dir.path());
            assert!(last.is_subset(&entered), "kill {kill}: {last:?} and then {entered:?}");
            last = entered;
        }
        assert_eq!(reports_are_whole(dir.path()), 0, "kill {kill}");
    }
    assert!(!last.is_empty() && last.len() < RECORDS, "the kills struck before or after the work: {last:?}");
    cloud.heal();
    let ended = batch(&cloud, &dir).run();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(verified(dir.path()), ((0..RECORDS).map(|n| format!("r{n:02}")).collect(), RECORDS));
    is_sound(&dir.path().join("ledger.db"));
    assert_eq!(reports_are_whole(dir.path()), 2);
}
