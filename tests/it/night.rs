//! Night after night with a ledger: what is skipped, what is read again, what is found, and what a crash costs.

use std::path::Path;

use recverify_sandbox::{ApiCalls, ApiFault, Canned, Recording, Sandbox, Seen, StoreCalls, StoreFault, Times};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::check::{sha256, text};
use crate::harness::{Call, Ended, bare, recverify, verify};

const WINDOW: &str = "--since 2026-11-01 --until 2026-11-02";

fn upload(cloud: &Sandbox, id: &str) -> Value {
    let began = "2026-11-01T00:00:00Z".parse().expect("a time");
    cloud.upload(&Recording { start_time: Some(began), ..Recording::new(id) })
}

fn night(cloud: &Sandbox, dir: &TempDir) -> Call {
    verify(cloud, WINDOW).args("--ledger ledger.db").in_dir(dir.path())
}

fn counts(ended: &Ended) -> [u64; 4] {
    let summary = &ended.report()["summary"];
    ["records", "intact", "skipped", "left"].map(|name| summary[name].as_u64().expect("a count"))
}

fn reads_of(seen: &[Seen]) -> usize {
    seen.iter().filter(|seen| seen.method == "GET" && seen.path.contains("recordings/")).count()
}

fn reads(cloud: &Sandbox) -> usize {
    reads_of(&cloud.requests())
}

/// What the ledger says of the latest verification of every record, as `id outcome`, sorted.
fn ledgered(dir: &Path) -> Vec<String> {
    let export = bare().args("ledger export --format jsonl --ledger ledger.db").in_dir(dir).run();
    assert_eq!(export.code, 0, "{export:?}");
    let mut latest = std::collections::BTreeMap::new();
    for line in export.out.lines() {
        let row: Value = serde_json::from_str(line).expect("JSON");
        if let (Some(id), Some(outcome)) = (row["record_id"].as_str(), row["outcome"].as_str()) {
            latest.insert(id.to_owned(), outcome.to_owned());
        }
    }
    latest.into_iter().map(|(id, outcome)| format!("{id} {outcome}")).collect()
}

#[test]
fn what_was_intact_last_night_is_skipped_tonight() {
    let (cloud, dir) = (Sandbox::start(), TempDir::new().expect("a directory"));
    for id in ["a", "b", "c"] {
        upload(&cloud, id);
    }
    let first = night(&cloud, &dir).run();
    assert_eq!((first.code, counts(&first)), (0, [3, 3, 0, 0]), "{first:?}");
    let read = reads(&cloud);
    upload(&cloud, "d");
    let second = night(&cloud, &dir).run();
    assert_eq!((second.code, counts(&second)), (0, [1, 1, 3, 0]), "{second:?}");
    assert_eq!(reads(&cloud) - read, 2, "only the two objects of the new record are read");
    let third = night(&cloud, &dir).run();
    assert_eq!((third.code, counts(&third)), (0, [0, 0, 4, 0]), "{third:?}");
}

#[test]
fn what_is_due_is_read_again_and_an_alteration_says_when_it_was_last_intact() {
    let (cloud, dir) = (Sandbox::start(), TempDir::new().expect("a directory"));
    upload(&cloud, "a");
    let first = night(&cloud, &dir).run();
    let recording = Recording::new("a");
    cloud.put_object(&recording.bucket, &recording.video_key(), "tampered with");
    assert_eq!(night(&cloud, &dir).run().code, 0, "not due yet");
    let found = night(&cloud, &dir).args("--reverify-after 1ms").run();
    assert_eq!(found.verdict("a"), (1, "altered".to_owned(), "digest_differs".to_owned()));
    let history = &found.record("a")["history"];
    assert_eq!(history["last_intact_run"], first.report()["run"]["id"]);
    assert!(found.err.contains("; last intact on 20"), "{}", found.err);
    let again = night(&cloud, &dir).run();
    assert_eq!(again.verdict("a").0, 1, "a finding is looked at every night");
}

#[test]
fn the_line_of_a_finding_has_all_that_somebody_woken_at_night_needs() {
    let (cloud, dir) = (Sandbox::start(), TempDir::new().expect("a directory"));
    upload(&cloud, "a");
    let quiet = |words: &str| {
        let call = recverify(&cloud)
            .args("verify -q --versions off")
            .args(WINDOW)
            .args("--ledger ledger.db -o r.json")
            .args(words);
        call.in_dir(dir.path()).run()
    };
    let first = quiet("");
    assert_eq!((first.code, first.out, first.err), (0, String::new(), String::new()));
    let recording = Recording::new("a");
    cloud.put_object(&recording.bucket, &recording.video_key(), "tampered with");
    let found = quiet("--reverify-after 1ms");
    let report = std::fs::read_to_string(dir.path().join("r.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let line = format!(
        "altered a; 2026-11-01T00:00:00.000Z on sandbox-desktop-01 by sandbox-user; \
         video wks-recordings/recordings/a/a.mp4; declared {}; observed {}; last intact on {}; \
         digest_differs: {}; next: keep the object and this report untouched, look for an older version of the object, \
         and find out who wrote it last",
        sha256(&recording.video),
        sha256(b"tampered with"),
        text(&report["records"][0]["history"]["last_intact_at"]),
        text(&report["records"][0]["reason"]["message"]),
    );
    assert_eq!((found.code, found.out.as_str(), found.err.lines().next()), (1, "", Some(line.as_str())));
    assert_eq!(found.err.lines().count(), 2, "a finding and a summary: {}", found.err);
}

#[test]
fn a_declaration_that_changed_is_found_although_the_record_would_be_skipped() {
    let (cloud, dir) = (Sandbox::start(), TempDir::new().expect("a directory"));
    upload(&cloud, "a");
    night(&cloud, &dir).run();
    // Whoever can change the record as well as the object can make them agree.
    let mut forged = cloud.upload(&Recording { video: "forged".into(), ..Recording::new("a") });
    forged["start_time"] = json!("2026-11-01T00:00:00.000Z");
    cloud.add_record("a", forged);
    for _ in 0..2 {
        let ended = night(&cloud, &dir).run();
        assert_eq!(ended.verdict("a"), (1, "inconsistent".to_owned(), "declaration_changed".to_owned()));
        let message = ended.record("a")["reason"]["message"].as_str().expect("words").to_owned();
        assert!(message.starts_with("the SHA-256 of the video was ") && message.contains("(first declared so on 20"));
    }
}

#[test]
fn a_night_without_the_api_loses_nothing() {
    let (cloud, dir) = (Sandbox::start(), TempDir::new().expect("a directory"));
    upload(&cloud, "a");
    night(&cloud, &dir).run();
    upload(&cloud, "b");
    let down = ApiFault::Answer(Canned::error(503, "WKS.503", "out of order"));
    cloud.fail_api(ApiCalls::Any, Times::always(), down);
    let without = night(&cloud, &dir).args("--api-tries 2 --reverify-after 1ms").run();
    assert_eq!((without.code, counts(&without)), (3, [0, 0, 0, 1]), "{without:?}");
    cloud.heal();
    let after = night(&cloud, &dir).run();
    assert_eq!((after.code, counts(&after)), (0, [1, 1, 1, 0]), "{after:?}");
    assert_eq!(ledgered(dir.path()), ["a intact", "b intact"]);
}

#[test]
fn what_a_budget_leaves_comes_the_next_night() {
    let (cloud, dir) = (Sandbox::start(), TempDir::new().expect("a directory"));
    for id in ["a", "b", "c"] {
        upload(&cloud, id);
    }
    let mut nights = Vec::new();
    for _ in 0..4 {
        nights.push(counts(&night(&cloud, &dir).args("--max-bytes 1B").run()));
    }
    assert_eq!(nights, [[1, 1, 0, 2], [1, 1, 1, 1], [1, 1, 2, 0], [0, 0, 3, 0]]);
}

#[test]
fn late_uploads_are_verified_once_they_are_there_even_outside_the_window() {
    let (cloud, dir) = (Sandbox::start(), TempDir::new().expect("a directory"));
    let ready = upload(&cloud, "late");
    let mut record = ready.clone();
    record["status"] = json!("UPLOADING");
    cloud.add_record("late", record);
    let first = night(&cloud, &dir).args("--not-ready-after 9999d").run();
    assert_eq!((first.code, first.report()["summary"]["not_ready"].as_u64()), (4, Some(1)), "{first:?}");
    cloud.add_record("late", ready);
    let elsewhere = verify(&cloud, "--since 24h --ledger ledger.db").in_dir(dir.path()).run();
    assert_eq!((elsewhere.code, counts(&elsewhere)), (0, [1, 1, 0, 0]), "{elsewhere:?}");
}

#[test]
fn two_runs_never_share_a_ledger() {
    let (cloud, dir) = (Sandbox::start(), TempDir::new().expect("a directory"));
    upload(&cloud, "a");
    cloud.fail_store(StoreCalls::gets(), Times::once(), StoreFault::Hold);
    let first = night(&cloud, &dir).spawn();
    cloud.wait_for(|seen: &[Seen]| seen.iter().any(|seen| seen.path.contains("recordings/")));
    let second = night(&cloud, &dir).run();
    assert_eq!(second.code, 5);
    assert!(second.err.contains("another run holds the ledger"), "{}", second.err);
    let reader = bare().args("ledger status --ledger ledger.db").in_dir(dir.path()).run();
    assert_eq!(reader.code, 0, "{reader:?}");
    cloud.release();
    assert_eq!(crate::harness::end(first).code, 0);
}

#[test]
fn a_kill_costs_the_records_in_flight_and_nothing_else() {
    let (cloud, dir) = (Sandbox::start(), TempDir::new().expect("a directory"));
    for n in 0..20 {
        upload(&cloud, &format!("r{n:02}"));
    }
    for stop_at in [1, 9, 23] {
        let already = reads(&cloud);
        let held = StoreFault::Hold;
        cloud.hold_again();
        cloud.fail_store(StoreCalls::gets(), Times::once().after(stop_at), held);
        let mut child = night(&cloud, &dir).args("--concurrency 1 -o report.json").spawn();
        let stop_at = usize::try_from(stop_at).expect("small");
        cloud.wait_for(|seen| reads_of(seen) > already + stop_at);
        child.kill().expect("killed");
        child.wait().expect("gone");
        cloud.heal();
        assert!(!dir.path().join("report.json").exists(), "half a report");
    }
    let ended = night(&cloud, &dir).args("-o report.json").run();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ledgered(dir.path()), (0..20).map(|n| format!("r{n:02} intact")).collect::<Vec<_>>());
}
