//! `recverify doctor`: whatever stands in the way is named with its remedy, and nothing else is blamed.

mod access;
mod api;
mod store;

use recverify_sandbox::{PROJECT_ID, Recording, Sandbox, Seen, Service, StoreCalls, StoreFault, Times};
use serde_json::{Value, json};

use crate::harness::{Call, Ended, recverify};

const BUCKET: &str = "wks-recordings";
const KEY: &str = "the access key SANDBOXACCESSKEY0001";
const NO_FILES: [&str; 6] = ["store_credentials", "bucket", "addressing", "read_video", "read_event", "absent_key"];

fn cloud() -> Sandbox {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("rec"));
    cloud
}

fn doctor(cloud: &Sandbox, words: &str) -> Call {
    recverify(cloud).args("doctor --retry-wait 1ms").args(words)
}

/// Runs it; no secret is told, and the exit code follows from the lines.
fn run(call: Call) -> Ended {
    let ended = call.run();
    for shown in [&ended.out, &ended.err] {
        assert!(!shown.contains("MUST-NOT-APPEAR") && !shown.contains("MUST/NOT/APPEAR"), "a secret in {shown}");
    }
    let undecided = ended.out.lines().any(|line| line.starts_with("fail") || line.starts_with("skip"));
    let in_json = ended.out.contains("\"status\":\"fail\"") || ended.out.contains("\"status\":\"skip\"");
    assert_eq!(ended.code, if undecided || in_json { 3 } else { 0 }, "{ended:?}");
    ended
}

/// Every line that is not well, as it stands.
fn not_well(call: Call) -> Vec<String> {
    run(call.args("-q")).out.lines().map(str::to_owned).collect()
}

fn line(status: &str, check: &str, message: &str, next: &str) -> String {
    let next = if next.is_empty() { String::new() } else { format!("; next: {next}") };
    format!("{status:<4}  {check:<17}  {message}{next}")
}

fn skipped(checks: &[&str], because_of: &str) -> Vec<String> {
    checks.iter().map(|check| line("skip", check, &format!("not checked, because of {because_of}"), "")).collect()
}

fn asked(cloud: &Sandbox, service: Service) -> Vec<Seen> {
    cloud.requests().into_iter().filter(|seen| seen.service == service).collect()
}

/// Requests a credential was shown in.
fn signed(cloud: &Sandbox, service: Service) -> usize {
    let shown = |seen: &&Seen| seen.header("authorization").or(seen.header("x-auth-token")).is_some();
    asked(cloud, service).iter().filter(shown).count()
}

#[test]
fn where_all_is_well_each_check_says_what_it_found() {
    let cloud = cloud();
    let (api, store) = (cloud.workspace_endpoint(), cloud.obs_endpoint());
    let plain = "answers, in plain http that stays on this machine";
    let settings = format!(
        "Workspace API: {api}, project {PROJECT_ID}; OBS: {store}, region eu-west-101; keys from the environment \
         (HUAWEICLOUD_SDK_AK)"
    );
    let found = [
        ("settings", settings),
        ("clock", "within a minute of the servers'".to_owned()),
        ("api", format!("{api} {plain}")),
        ("store", format!("{store} {plain}")),
        ("credentials", format!("the API accepts {KEY}")),
        ("project", format!("the API answers for project {PROJECT_ID}")),
        ("list", "records may be listed".to_owned()),
        ("record", "the API describes rec".to_owned()),
        ("store_credentials", format!("the store accepts {KEY}")),
        ("bucket", format!("the store knows bucket {BUCKET}")),
        ("addressing", format!("path-style: {store}/{BUCKET}")),
        ("read_video", format!("{BUCKET}/recordings/rec/rec.mp4 may be read")),
        ("read_event", format!("{BUCKET}/recordings/rec/rec.jsonl may be read")),
        ("absent_key", "a missing object can be told from a denied one".to_owned()),
    ];
    let ended = run(doctor(&cloud, ""));
    let lines: Vec<_> = found.iter().map(|(check, message)| line("ok", check, message, "")).collect();
    assert_eq!(
        (ended.code, ended.out.lines().collect::<Vec<_>>(), ended.err.as_str()),
        (0, lines.iter().map(String::as_str).collect(), "")
    );

    let ended = run(doctor(&cloud, "rec --format json"));
    let checks: Vec<_> = found
        .iter()
        .map(|(check, message)| json!({"check": check, "status": "ok", "message": message, "remedy": null}))
        .collect();
    let tool = json!({"name": "recverify", "version": env!("CARGO_PKG_VERSION")});
    let summary = json!({"ok": 14, "warn": 0, "fail": 0, "skip": 0});
    let document = json!({"schema": "recverify/doctor/v1", "tool": tool, "checks": checks, "summary": summary});
    assert_eq!((ended.code, ended.report()), (0, document));
}

#[test]
fn nothing_is_changed_and_no_more_than_a_byte_of_an_object_is_asked_for() {
    let cloud = cloud();
    // Even a store that sends all of an object instead is not listened to.
    cloud.fail_store(StoreCalls::get(BUCKET, "recordings/rec/rec.mp4"), Times::always(), StoreFault::IgnoreRange);
    assert_eq!(not_well(doctor(&cloud, "")), Vec::<String>::new());
    let requests = cloud.requests();
    assert!(requests.iter().all(|seen| seen.method == "GET" || seen.method == "HEAD"), "{requests:#?}");
    assert_eq!((asked(&cloud, Service::Workspace).len(), asked(&cloud, Service::Store).len()), (3, 4));
    let gets: Vec<_> = asked(&cloud, Service::Store).into_iter().filter(|seen| seen.method == "GET").collect();
    assert!(gets.len() == 3 && gets.iter().all(|seen| seen.header("range") == Some("bytes=0-0")), "{gets:#?}");
    assert!(gets[2].path.starts_with("/wks-recordings/recordings/rec/recverify-doctor-"), "{}", gets[2].path);
}

#[test]
fn what_a_service_says_reaches_no_terminal_unescaped() {
    let cloud = cloud();
    let mut record = cloud.upload(&Recording::new("sly"));
    record["status"] = json!("UPLOADING\u{1b}[2J\u{202e}\u{9b}");
    record["id"] = Value::Null;
    record["obs_bucket"] = json!("\u{1b}]0;x\u{7}");
    cloud.add_record("sly", record);
    for words in ["sly", "sly --format json"] {
        let ended = run(doctor(&cloud, words));
        let treacherous = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(ended.code == 3 && !ended.out.contains(treacherous), "{:?}", ended.out);
    }
}

#[test]
fn settings_that_do_not_do_are_told_before_any_network() {
    let cloud = cloud();
    let cases = [
        (
            doctor(&cloud, "a/b"),
            "error: \"a/b\" is no record id: a record id cannot hold a slash or a control character\n",
        ),
        (
            doctor(&cloud, "--since yesterday"),
            "error: \"yesterday\" of --since is no time; give 24h, 7d, a date such as 2026-11-01, or 2026-11-01T20:00:00Z\n",
        ),
        (
            doctor(&cloud, "").unset("HUAWEICLOUD_SDK_SK"),
            "error: HUAWEICLOUD_SDK_AK is set without HUAWEICLOUD_SDK_SK; keys of different families are never mixed\n",
        ),
    ];
    for (call, error) in cases {
        let ended = call.run();
        assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (2, "", error));
    }
    assert!(cloud.requests().is_empty());
}
