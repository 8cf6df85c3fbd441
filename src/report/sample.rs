//! What the writers are tested on: one run, and a record of every kind a writer tells apart.

use std::collections::BTreeMap;

use crate::evidence::{Attempt, Keeping, ObjectReport, Reason, RecordReport, SizeReport, Warning};
use crate::fixity::{Code, Fits, Outcome, Sha256Digest, SizeRule};
use crate::record::{Record, RecordId, Role};
use crate::report::{Credentials, Host, Identity, Operator, ReportWriter, Run, Selection, Spool};
use crate::summary::Summary;

/// A run of 90 s on 15 January 2026.
pub(super) fn run() -> Run {
    Run {
        id: "019bc0f2-7a40-7000-8000-000000000001".to_owned(),
        started_at: time("2026-01-15T23:59:00Z"),
        finished_at: time("2026-01-16T00:00:30Z"),
        selection: Selection {
            ids: Some(3),
            ids_from: None,
            window: None,
            limit: None,
            complete: true,
            shortfall: None,
        },
        host: Host { name: "host".to_owned(), os: "Debian".to_owned(), kernel: "Linux 6.1 x86_64".to_owned() },
        operator: Operator { name: Some("ann".to_owned()), login: Some("root".to_owned()), uid: 0 },
        case: None,
        note: None,
        settings: BTreeMap::new(),
        credentials: Credentials { workspace: Identity::Token, store: Identity::Token },
        clocks: Vec::new(),
        reports: Vec::new(),
        signing_key: None,
        timestamp_url: None,
        chain: None,
        warnings: Vec::new(),
        overdue: None,
        expected: Spool::default(),
        listing: Spool::default(),
    }
}

/// Writes records and the end of the run.
pub(super) fn write(writer: &mut dyn ReportWriter, reports: &[RecordReport]) {
    let mut summary = Summary::default();
    for report in reports {
        summary.add(report);
        writer.record(report).expect("written to memory");
    }
    writer.finish(&run(), &summary).expect("written to memory");
}

/// Both objects intact.
pub(super) fn intact() -> RecordReport {
    RecordReport {
        record_id: id("r-1"),
        outcome: Outcome::Intact,
        reason: None,
        warnings: Vec::new(),
        declared_size: SizeReport { bytes: Some(5), rule: SizeRule::Auto, fits: Some(Fits::Video) },
        record: Some(record()),
        answer: None,
        calls: Vec::new(),
        history: None,
        acknowledged: None,
        objects: vec![object(Role::Video, "v.mp4", b"video"), object(Role::Event, "e.jsonl", b"event")],
    }
}

/// The video altered, the event file intact.
pub(super) fn altered() -> RecordReport {
    let reason = Reason::new(Code::DigestDiffers, "two reads say <a> & \"b\"");
    let mut report = intact();
    report.record_id = id("r-2");
    report.outcome = Outcome::Altered;
    report.reason = Some(reason.clone());
    report.objects[0].outcome = Outcome::Altered;
    report.objects[0].reason = Some(reason);
    report.objects[0].observed_sha256 = Some(Sha256Digest::of(b"other"));
    report
}

/// A record that could not be had, so that it has no objects.
pub(super) fn unverified() -> RecordReport {
    RecordReport {
        record_id: id("r-3"),
        outcome: Outcome::Unverified,
        reason: Some(Reason::new(Code::Stalled, "nothing came from api for 30 s")),
        warnings: vec![Warning::new(Code::UnknownStatus, "odd"), Warning::new(Code::ReadsDisagree, "once")],
        declared_size: SizeReport { bytes: None, rule: SizeRule::Auto, fits: None },
        record: None,
        answer: None,
        calls: Vec::new(),
        history: None,
        acknowledged: None,
        objects: Vec::new(),
    }
}

fn id(text: &str) -> RecordId {
    text.parse().expect("an id")
}

fn time(text: &str) -> jiff::Timestamp {
    text.parse().expect("a time")
}

fn record() -> Record {
    Record {
        desktop_id: Some("d-1".to_owned()),
        desktop_name: Some("desk".to_owned()),
        username: Some("ann".to_owned()),
        start_time: Some("2026-01-14T08:00:00.000Z".to_owned()),
        ..Record::default()
    }
}

fn object(role: Role, key: &str, content: &[u8]) -> ObjectReport {
    let digest = Sha256Digest::of(content);
    let (started_at, finished_at) = (time("2026-01-15T23:59:01Z"), time("2026-01-15T23:59:02.250Z"));
    ObjectReport {
        role,
        host: None,
        bucket: Some("bucket".to_owned()),
        declared_bucket: None,
        key: Some(key.to_owned()),
        outcome: Outcome::Intact,
        reason: None,
        declared_sha256: Some(digest.to_string()),
        observed_sha256: Some(digest),
        observed_bytes: Some(content.len() as u64),
        etag: None,
        version_id: None,
        last_modified: None,
        keeping: Keeping::default(),
        started_at: Some(started_at),
        finished_at: Some(finished_at),
        attempts: vec![Attempt {
            from: 0,
            bytes: content.len() as u64,
            error: None,
            status: Some(200),
            request_id: None,
            started_at,
            finished_at,
        }],
        lookups: Vec::new(),
        versions: None,
    }
}
