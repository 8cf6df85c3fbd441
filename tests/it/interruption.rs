//! SIGINT, SIGTERM and SIGHUP: what was established is reported, at once, and nothing half-written is left.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use recverify_sandbox::{ApiCalls, ApiFault, Canned, Recording, Sandbox, Seen, Service, StoreCalls, StoreFault, Times};
use serde_json::Value;
use tempfile::TempDir;

use crate::check::text;
use crate::harness::{Ended, Started, bare, end, send, verdict, verify};

const AT_ONCE: Duration = Duration::from_secs(2);

/// Three recordings; reading the video of the second one never ends.
fn held_in_the_second() -> Sandbox {
    let cloud = Sandbox::start();
    for id in ["first", "second", "third"] {
        cloud.upload(&Recording::new(id));
    }
    let second = Recording::new("second");
    let calls = StoreCalls::get(&second.bucket, &second.video_key());
    cloud.fail_store(calls, Times::always(), StoreFault::HoldAfter(100));
    cloud
}

fn wait_for_the_second_video(cloud: &Sandbox) {
    cloud.wait_for(|seen| seen.iter().any(|seen| seen.path.ends_with("second.mp4") && seen.status.is_some()));
}

/// Sends the signal and waits for the end, which must come soon.
fn stop(signal: &str, child: Started) -> Ended {
    let sent = Instant::now();
    send(signal, child.id());
    let ended = end(child);
    assert!(sent.elapsed() < AT_ONCE, "it took {:?}", sent.elapsed());
    ended
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("readable").file_name().into_string().expect("ASCII")).collect();
    names.sort();
    names
}

fn check_what_was_established(ended: &Ended, code: i32) {
    assert_eq!(ended.verdict("first"), verdict(code, "intact", ""));
    assert_eq!(ended.verdict("second"), verdict(code, "unverified", "interrupted"));
    assert_eq!(ended.verdict("third"), verdict(code, "unverified", "interrupted"));
    let second = ended.record("second");
    let video = &second["objects"][0];
    assert_eq!((&video["outcome"], &video["reason"]["code"]), (&"unverified".into(), &"interrupted".into()));
    assert_eq!(video["attempts"].as_array().map(Vec::len), Some(1));
    assert_eq!(video["attempts"][0]["error"]["code"], "interrupted");
    assert!(video["attempts"][0]["bytes"].as_u64().expect("a number") <= 100);
    assert_eq!(ended.record("third")["objects"], Value::Array(Vec::new()));
    let summary = &ended.report()["summary"];
    assert_eq!((&summary["records"], &summary["intact"], &summary["unverified"]), (&3.into(), &1.into(), &2.into()));
}

#[test]
fn what_was_established_is_reported_on_any_signal() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 143)] {
        let cloud = held_in_the_second();
        let dir = TempDir::new().expect("a directory");
        let child = verify(&cloud, "first second third --concurrency 1 -o a.json -o b.jsonl -o c.txt")
            .in_dir(dir.path())
            .spawn();
        wait_for_the_second_video(&cloud);
        let ended = stop(signal, child);

        check_what_was_established(&ended, code);
        assert_eq!(names_in(dir.path()), ["a.json", "b.jsonl", "c.txt"]);
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("a report");
        assert_eq!(read("a.json"), ended.out);
        let lines: Vec<Value> = read("b.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(
            (lines.len(), &lines[0]["record_id"], &lines[3]["summary"]["records"]),
            (4, &"first".into(), &3.into())
        );
        assert!(read("c.txt").contains("\n3 records: 2 unverified, 1 intact; "), "{}", read("c.txt"));
    }
}

#[test]
fn a_run_that_was_started_to_outlive_its_terminal_does() {
    let cloud = held_in_the_second();
    let call = verify(&cloud, "first second third --concurrency 1").into_command();
    let mut command = Command::new("/usr/bin/nohup");
    command.arg(call.get_program()).args(call.get_args()).env_clear();
    command.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("nohup");
    wait_for_the_second_video(&cloud);
    send("HUP", child.id());
    cloud.release();
    let ended = end(child);
    assert_eq!((ended.code, &ended.report()["summary"]["intact"]), (0, &3.into()), "{ended:?}");
}

#[test]
fn the_ledger_keeps_what_was_finished_notes_what_was_in_flight_and_the_end_of_the_run() {
    let cloud = held_in_the_second();
    // The API is asked about it while the second is read; once answered, it would be in flight too.
    cloud.fail_api(ApiCalls::details("third"), Times::always(), ApiFault::Hold);
    let dir = TempDir::new().expect("a directory");
    let ledger = |words: &str| bare().args("ledger").args(words).args("--ledger ledger.db").in_dir(dir.path()).run();
    let words = "first second third --concurrency 1 --ledger ledger.db";
    let child = verify(&cloud, words).in_dir(dir.path()).spawn();
    wait_for_the_second_video(&cloud);
    check_what_was_established(&stop("TERM", child), 143);

    let rows: Vec<Value> =
        ledger("export --format jsonl").out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let rows: Vec<_> =
        rows.iter().map(|r| [&r["record_id"], &r["outcome"], &r["report"]["reason"]["code"]].map(text)).collect();
    assert_eq!(rows, [["first", "intact", ""], ["second", "unverified", "interrupted"]]);
    assert!(ledger("status").out.trim_end().ends_with(" with 143"), "{}", ledger("status").out);

    cloud.release();
    let ended = verify(&cloud, words).in_dir(dir.path()).run();
    assert_eq!((ended.code, &ended.report()["summary"]["intact"]), (0, &3.into()));
}

#[test]
fn a_second_signal_leaves_no_half_written_file() {
    let cloud = held_in_the_second();
    let dir = TempDir::new().expect("a directory");
    let child = verify(&cloud, "first second third --concurrency 1 -o a.json -o b.jsonl").in_dir(dir.path()).spawn();
    wait_for_the_second_video(&cloud);
    send("INT", child.id());
    // It may be gone already.
    let _ = Command::new("sh").args(["-c", &format!("kill -INT {} 2>/dev/null", child.id())]).status();
    let ended = end(child);
    assert_eq!(ended.code, 130);
    for name in names_in(dir.path()) {
        assert!(["a.json", "b.jsonl"].contains(&name.as_str()), "{name} is left");
        let text = std::fs::read_to_string(dir.path().join(&name)).expect("a report");
        let last = if name == "a.json" { text.as_str() } else { text.lines().last().expect("lines") };
        let last: Value = serde_json::from_str(last).expect("a whole report");
        assert_eq!(last["summary"]["records"], 3);
    }
}

#[test]
fn many_objects_under_way_all_end_at_once() {
    let cloud = Sandbox::start();
    let ids: Vec<_> = (0..24).map(|n| format!("r-{n}")).collect();
    for id in &ids {
        cloud.upload(&Recording::new(id));
    }
    cloud.fail_store(StoreCalls::gets(), Times::always().after(2), StoreFault::Hold);
    let child = verify(&cloud, "--concurrency 16 --ids-from -").input(&ids.join("\n")).spawn();
    // The first request goes alone; the one after it is let through too.
    cloud.wait_for(|seen| seen.iter().filter(|seen| seen.service == Service::Store).count() >= 30);
    let ended = stop("INT", child);
    assert_eq!(ended.code, 130);
    let summary = &ended.report()["summary"];
    assert_eq!(summary["records"], 24);
    assert!(summary["unverified"].as_u64().expect("a number") >= 22, "{summary}");
}

#[test]
fn the_wait_before_a_retry_is_cut_short() {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("a"));
    cloud.upload(&Recording::new("b"));
    cloud.fail_store(StoreCalls::any(), Times::always(), StoreFault::slow_down(Some(60)));
    let child = verify(&cloud, "a b --concurrency 1").spawn();
    cloud.wait_for(|seen| seen.iter().any(|seen| seen.status == Some(503)));
    let ended = stop("TERM", child);
    assert_eq!(ended.verdict("a"), verdict(143, "unverified", "interrupted"));
    assert_eq!(ended.verdict("b"), verdict(143, "unverified", "interrupted"));
}

#[test]
fn those_who_wait_for_a_service_that_throttles_end_at_once() {
    let cloud = Sandbox::start();
    let ids: Vec<_> = (0..24).map(|n| format!("r-{n}")).collect();
    for id in &ids {
        cloud.upload(&Recording::new(id));
    }
    cloud.fail_store(StoreCalls::gets(), Times::once().after(2), StoreFault::slow_down(Some(60)));
    let child = verify(&cloud, "--concurrency 8 --ids-from -").input(&ids.join("\n")).spawn();
    let asked_for_all = |seen: &[Seen]| seen.iter().filter(|seen| seen.service == Service::Workspace).count() >= 8;
    cloud.wait_for(|seen| seen.iter().any(|seen| seen.status == Some(503)) && asked_for_all(seen));
    let ended = stop("TERM", child);
    let summary = &ended.report()["summary"];
    assert_eq!((ended.code, &summary["records"], &summary["altered"]), (143, &24.into(), &0.into()), "{summary}");
}

#[test]
fn an_api_that_is_silent_or_to_be_asked_later_does_not_hold_the_end_up() {
    let busy = ApiFault::Answer(Canned::error(503, "WKS.0503", "busy").retry_after(60));
    for fault in [ApiFault::Stall, busy] {
        let cloud = Sandbox::start();
        cloud.upload(&Recording::new("good"));
        cloud.upload(&Recording::new("next"));
        cloud.upload(&Recording::new("late"));
        cloud.fail_api(ApiCalls::details("late"), Times::always(), fault);
        // The API is asked about one record while the one before it is read, so the one before that is finished.
        let child = verify(&cloud, "good next late never --concurrency 1").spawn();
        let is_late = |seen: &Seen| seen.service == Service::Workspace && seen.path.ends_with("/late");
        cloud.wait_for(|seen| seen.iter().any(is_late));
        let ended = stop("INT", child);
        assert_eq!(ended.verdict("good"), verdict(130, "intact", ""));
        assert_eq!(ended.verdict("late"), verdict(130, "unverified", "interrupted"));
        assert_eq!(ended.verdict("never"), verdict(130, "unverified", "interrupted"));
    }
}

#[test]
fn a_finding_made_before_the_signal_stands() {
    let cloud = held_in_the_second();
    let first = Recording::new("first");
    cloud.put_object(&first.bucket, &first.video_key(), "something else");
    let child = verify(&cloud, "first second third --concurrency 1").spawn();
    wait_for_the_second_video(&cloud);
    let ended = stop("INT", child);
    assert_eq!(ended.verdict("first"), verdict(130, "altered", "digest_differs"));
}
