//! `recverify ledger`: what a ledger tells of what was verified, and what it says of files that are none.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use recverify::evidence::{RecordReport, SizeReport};
use recverify::fixity::{Outcome, SizeRule};
use recverify::ledger::{Ledger, Listed, RunEnd, Scope};
use recverify::record::Record;
use tempfile::TempDir;

use crate::harness::{Call, bare};

fn day(n: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24 * n)
}

/// A ledger of two projects with a record `a` each, intact on two days; p's declared another size on the second one.
fn ledger() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("ledger.db");
    let mut ledger = Ledger::open(&path).expect("the ledger opens");
    for project in ["p", "q"] {
        let scope = Scope { endpoint: "https://workspace.example".to_owned(), project: project.to_owned() };
        for n in [1, 2] {
            let run = ledger.begin_run(&format!("run {n} of {project}"), &scope, day(n), &()).expect("a run");
            let digest = Some("a1".repeat(32));
            let record = Record {
                video_file_sha256: digest.clone(),
                event_file_sha256: digest,
                size: Some(if project == "p" { n.into() } else { 1.into() }),
                video_filename: Some("=1+1".to_owned()),
                ..Record::default()
            };
            let report = RecordReport {
                record_id: "a".parse().expect("an id"),
                outcome: Outcome::Intact,
                reason: None,
                warnings: Vec::new(),
                declared_size: SizeReport { bytes: None, rule: SizeRule::Auto, fits: None },
                record: Some(record),
                answer: None,
                calls: Vec::new(),
                history: None,
                acknowledged: None,
                objects: Vec::new(),
            };
            ledger.verified(&run, &report, day(n)).expect("entered");
            let listed = Listed { complete: true, until: Some(day(n)) };
            ledger.end_run(&run, &RunEnd { finished_at: day(n), exit_code: 0, listed, summary: &() }).expect("entered");
        }
    }
    (dir, path)
}

fn ask(words: &str, path: &Path) -> Call {
    bare().args("ledger").args(words).arg("--ledger").arg(path)
}

#[test]
fn status_tells_each_project_apart() {
    let (_dir, path) = ledger();
    let all = ask("status", &path).run();
    assert_eq!((all.code, all.err.as_str()), (0, ""));
    assert_eq!(all.out.matches("    intact              1\n").count(), 2, "{}", all.out);
    let one = ask("status --project-id q", &path).run();
    let expected = "https://workspace.example, project q\n    records             1\n    intact              1\n    \
                    listed until        1970-01-03T00:00:00.000Z\n    last run            run 2 of q, started \
                    1970-01-03T00:00:00.000Z, ended 1970-01-03T00:00:00.000Z with 0\n";
    assert_eq!((one.code, one.out.as_str()), (0, expected));
}

#[test]
fn show_tells_what_was_established_and_what_was_declared_otherwise() {
    let (_dir, path) = ledger();
    let shown = ask("show a --project-id p", &path).run();
    let expected = "a of https://workspace.example, project p\n\
                    1970-01-02T00:00:00.000Z  intact  (row 2, run run 1 of p)\n\
                    1970-01-03T00:00:00.000Z  intact  (row 5, run run 2 of p)\n    \
                    declared: the size was 1 and is 2 now\n";
    assert_eq!((shown.code, shown.out.as_str()), (0, expected));
    let unknown = ask("show b", &path).run();
    assert_eq!((unknown.code, unknown.err.as_str()), (4, "error: the ledger knows nothing of that\n"));
}

#[test]
fn export_has_a_line_a_verification() {
    let (_dir, path) = ledger();
    let lines = ask("export --format jsonl", &path).run();
    assert_eq!((lines.code, lines.out.lines().count()), (0, 4));
    let first: serde_json::Value = serde_json::from_str(lines.out.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&first["seq"], &first["report"]["record_id"]), (&2.into(), &"a".into()));
    let table = ask("export --format csv --project-id q", &path).run();
    assert_eq!((table.code, table.out.lines().count()), (0, 3));
    assert!(table.out.contains(",'=1+1,"), "{}", table.out);
}

#[test]
fn what_is_no_ledger_is_refused_in_one_line() {
    let (dir, path) = ledger();
    let other = dir.path().join("other");
    std::fs::write(&other, "record_id\n".repeat(200)).expect("written");
    let cases = [
        (&dir.path().join("none"), "there is no ledger at"),
        (&other, "is no SQLite database"),
        (&dir.path().to_owned(), "is no SQLite database"),
    ];
    for (path, words) in cases {
        let ended = ask("status", path).run();
        assert_eq!(ended.code, 2);
        assert!(ended.err.contains(words) && ended.err.lines().count() == 1, "{}", ended.err);
    }
    assert_eq!(bare().args("ledger status").run().code, 2);
    assert_eq!(ask("status", &path).run().code, 0);
}
