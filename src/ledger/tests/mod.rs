//! The ledger as a whole, on real files; each file of tests is about one promise.

mod append_only;
mod files;
mod killed;
mod nights;
mod untouched;

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::evidence::{Reason, RecordReport, SizeReport};
use crate::fixity::Sha256Digest;
use crate::fixity::{Code, Outcome, SizeRule};
use crate::record::{Record, RecordId};

/// A ledger of its own, gone with the test.
pub(super) struct Place {
    dir: TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a directory") }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.dir.path().join("ledger.db")
    }

    pub(super) fn open(&self) -> Ledger {
        Ledger::open(&self.path()).expect("the ledger opens")
    }

    pub(super) fn read(&self) -> Reader {
        Reader::open(&self.path()).expect("the ledger can be read")
    }

    /// The names of all files there are.
    pub(super) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).expect("a directory");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }
}

pub(super) fn scope(project: &str) -> Scope {
    Scope { endpoint: "https://workspace.example".to_owned(), project: project.to_owned() }
}

pub(super) fn id(text: &str) -> RecordId {
    text.parse().expect("an id")
}

/// That many days after the first one, at midnight.
pub(super) fn day(n: i64) -> Timestamp {
    "2026-01-01T00:00:00Z".parse::<Timestamp>().expect("a time") + SignedDuration::from_hours(24 * n)
}

/// A record that declares everything, its digests made of its id.
pub(super) fn record(text: &str) -> Record {
    let digest = |role: &str| Some(Sha256Digest::of(format!("{text} {role}").as_bytes()).to_string());
    Record {
        id: Some(text.to_owned()),
        size: Some(json!(4262)),
        status: Some("UPLOAD_COMPLETED".to_owned()),
        obs_bucket: Some("bucket".to_owned()),
        file_directory: Some("2026/01".to_owned()),
        video_filename: Some(format!("{text}.mp4")),
        event_filename: Some(format!("{text}.jsonl")),
        video_file_sha256: digest("video"),
        event_file_sha256: digest("event"),
        start_time: Some("2026-01-01 00:00:00".to_owned()),
        ..Record::default()
    }
}

pub(super) fn uploading(text: &str) -> Record {
    Record {
        status: Some("UPLOADING".to_owned()),
        video_file_sha256: None,
        event_file_sha256: None,
        size: None,
        ..record(text)
    }
}

pub(super) fn report_of(record: Record, outcome: Outcome) -> RecordReport {
    let reason = (outcome != Outcome::Intact).then(|| Reason::new(Code::Connection, "no\u{202e}connection"));
    RecordReport {
        record_id: id(record.id.as_deref().expect("an id")),
        outcome,
        reason,
        warnings: Vec::new(),
        declared_size: SizeReport { bytes: None, rule: SizeRule::Auto, fits: None },
        record: Some(record),
        answer: None,
        calls: Vec::new(),
        history: None,
        acknowledged: None,
        objects: Vec::new(),
    }
}

pub(super) fn report(text: &str, outcome: Outcome) -> RecordReport {
    report_of(record(text), outcome)
}

pub(super) fn begin(ledger: &mut Ledger, project: &str, at: Timestamp) -> OpenRun {
    let run_id = format!("run of {project} at {at}");
    ledger.begin_run(&run_id, &scope(project), at, &json!({"ids": 1})).expect("a run begins")
}

pub(super) fn see(ledger: &mut Ledger, run: &OpenRun, records: &[Record], at: Timestamp) -> u64 {
    let ids: Vec<_> = records.iter().map(|record| id(record.id.as_deref().expect("an id"))).collect();
    ledger.seen(run, ids.iter().zip(records), at).expect("a page is entered")
}

/// A ledger with a row of every kind.
pub(super) fn one_of_each(place: &Place) {
    let mut ledger = place.open();
    let run = begin(&mut ledger, "p", day(0));
    see(&mut ledger, &run, &[record("a"), uploading("b")], day(0));
    ledger.verified(&run, &report("a", Outcome::Intact), day(0)).expect("entered");
    ledger.verified(&run, &report("b", Outcome::Unverified), day(0)).expect("entered");
    let listed = Listed { complete: true, until: Some(day(0)) };
    let end = RunEnd { finished_at: day(0), exit_code: 3, listed, summary: &json!({"records": 2}) };
    ledger.end_run(&run, &end).expect("entered");
}
