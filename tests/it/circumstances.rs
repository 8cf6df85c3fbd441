//! Who, where, with what and as whom: the facts about a run that its report holds.

use recverify_sandbox::{ACCESS_KEY, ApiCalls, ApiFault, Canned, Recording, Sandbox, TOKEN, Times};
use serde_json::{Value, json};

use crate::check::sha256;
use crate::harness::{recverify, verify};

fn cloud() -> Sandbox {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("r"));
    cloud
}

fn run_of(cloud: &Sandbox, words: &str) -> Value {
    let ended = verify(cloud, words).env("LOGNAME", "ann").run();
    ended.report()["run"].clone()
}

#[test]
fn the_program_names_its_commit_and_the_digest_of_its_file() {
    let tool = verify(&cloud(), "r").run().report()["tool"].clone();
    let program = std::fs::read(env!("CARGO_BIN_EXE_recverify")).unwrap();
    assert_eq!(tool["executable_sha256"], json!(sha256(&program)));
    let mut git = std::process::Command::new("git");
    let head = git.args(["rev-parse", "HEAD"]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    // Built from a package there is no repository; then there is nothing to compare with.
    if let Some(head) = head.ok().filter(|head| head.status.success()) {
        assert_eq!(tool["commit"], json!(String::from_utf8(head.stdout).unwrap().trim_end()));
    }
}

#[test]
fn the_operator_is_the_login_or_whoever_was_named_and_case_and_note_are_kept() {
    let cloud = cloud();
    let run = run_of(&cloud, "r");
    assert_eq!((&run["operator"]["name"], &run["operator"]["login"]), (&json!("ann"), &json!("ann")));
    assert_eq!((&run["case"], &run["note"]), (&Value::Null, &Value::Null));
    let dir = tempfile::tempdir().unwrap();
    let call = verify(&cloud, "r --operator bob --case C-7 -o a.txt --note").arg("a \u{202e}note").env("USER", "root");
    let ended = call.in_dir(dir.path()).run();
    let run = &ended.report()["run"];
    assert_eq!((&run["operator"]["name"], &run["operator"]["login"]), (&json!("bob"), &json!("root")));
    assert_eq!((&run["case"], &run["note"]), (&json!("C-7"), &json!("a \u{202e}note")));
    let text = std::fs::read_to_string(dir.path().join("a.txt")).unwrap();
    for line in
        ["operator  bob, user ", "case      C-7", "note      a \\u{202e}note", "run       ", "tool      recverify "]
    {
        assert!(text.lines().any(|told| told.starts_with(line)), "no \"{line}\" in {text}");
    }
    assert!(text.contains("\nIntact means: ") && text.contains("\nIt does not prove "), "{text}");
}

#[test]
fn credentials_are_named_and_never_shown_and_settings_are_those_in_force() {
    let cloud = cloud();
    let by_token = verify(&cloud, "r --size-rule off --max-bytes 5MB").env("RECVERIFY_AUTH_TOKEN", TOKEN).run();
    assert!(!by_token.out.contains(TOKEN), "{}", by_token.out);
    let run = &by_token.report()["run"];
    let key = json!({"kind": "access_key", "access_key_id": ACCESS_KEY, "temporary": false});
    assert_eq!(run["credentials"], json!({"workspace": {"kind": "token"}, "store": key}));
    let settings = &run["settings"];
    let expected = [
        ("size-rule", json!("off")),
        ("max-bytes", json!(5_000_000)),
        ("retry-wait", json!(0.001)),
        ("concurrency", json!("auto")),
        ("addressing", json!("path")),
        ("workspace-endpoint", json!(cloud.workspace_endpoint())),
        ("obs-endpoint", json!(cloud.obs_endpoint())),
        ("ledger", Value::Null),
    ];
    for (name, value) in expected {
        assert_eq!(settings[name], value, "{name}");
    }
}

#[test]
fn each_try_of_a_question_keeps_its_answer() {
    let cloud = cloud();
    let busy = r#"{"error_code":"WKS.1","error_msg":"busy"}"#;
    cloud.fail_api(ApiCalls::Any, Times::once(), ApiFault::Answer(Canned::new(503, "application/json", busy)));
    let record = verify(&cloud, "r").run().record("r");
    let [failed, answered] = &record["calls"].as_array().unwrap()[..] else { panic!("{record:#}") };
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!(503), &json!("service_error")));
    assert_eq!(failed["answer"], json!({"body": busy, "sha256": sha256(busy.as_bytes())}));
    assert_eq!(failed["answer_sha256"], failed["answer"]["sha256"]);
    assert_eq!(
        (&answered["status"], &answered["error"], &answered["answer"]),
        (&json!(200), &Value::Null, &Value::Null)
    );
    assert_eq!(answered["answer_sha256"], record["answer"]["sha256"]);
}

#[test]
fn a_listing_is_kept_call_by_call_and_names_all_that_was_expected() {
    let cloud = Sandbox::start();
    let ids: Vec<_> = (0..3).map(|n| format!("r{n}")).collect();
    for (n, id) in ids.iter().enumerate() {
        let start_time = format!("2026-03-12T12:00:0{n}Z").parse().unwrap();
        cloud.upload(&Recording { start_time: Some(start_time), ..Recording::new(id) });
    }
    let mut record = cloud.upload(&Recording::new("r3"));
    record["status"] = json!("UPLOADING");
    record["start_time"] = json!("2026-03-12T12:00:03.000Z");
    cloud.add_record("r3", record);
    let words = "verify --retry-wait 1ms --since 2026-03-12 --until 2026-03-12 --format";
    let whole = recverify(&cloud).args(words).arg("json").run().report();
    let lines = recverify(&cloud).args(words).arg("jsonl").run().lines();
    for run in [&whole["run"], &lines[3]["run"]] {
        assert_eq!(run["expected"], json!(["r0", "r1", "r2", "r3"]));
        let calls = run["listing"].as_array().unwrap();
        assert!(!calls.is_empty());
        for call in calls {
            let body = call["answer"]["body"].as_str().unwrap();
            assert_eq!((&call["status"], &call["answer_sha256"]), (&json!(200), &json!(sha256(body.as_bytes()))));
            assert!(call["uri"].as_str().unwrap().contains("/screen-records?"), "{call:#}");
        }
        assert!(calls[0]["answer"]["body"].as_str().unwrap().contains("\"r3\""));
    }
    assert_eq!((&whole["summary"]["records"], &whole["summary"]["not_ready"]), (&json!(3), &json!(1)));
}

#[test]
fn the_clocks_of_both_services_bound_how_far_this_ones_is_off() {
    let run = run_of(&cloud(), "r");
    let clocks = run["clocks"].as_array().unwrap();
    assert_eq!(clocks.iter().map(|clock| &clock["service"]).collect::<Vec<_>>(), ["workspace", "store"]);
    for clock in clocks {
        // One clock for all of them: no offset lies between the bounds.
        let bound = |name: &str| clock[name].as_i64().unwrap();
        assert!(bound("ahead_ms_least") <= 0 && bound("ahead_ms_most") >= 0, "{clock:#}");
    }
}
