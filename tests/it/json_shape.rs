//! The JSON report, name by name, and its sibling of one record a line.

use recverify_sandbox::{ACCESS_KEY, PROJECT_ID, Recording, Sandbox};
use serde_json::{Value, json};

use crate::check::{check, sha256};
use crate::harness::recverify;

fn recording() -> Recording {
    Recording { start_time: Some("2026-03-12T12:02:01Z".parse().unwrap()), ..Recording::new("r") }
}

/// Replaces what no two runs share, after looking whether it is what it should be.
fn mask(value: &mut Value) {
    let is_time = |text: &str| text.len() == 24 && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok();
    match value {
        Value::Array(list) => list.iter_mut().for_each(mask),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                let good = match (name.as_str(), &*value) {
                    ("started_at" | "finished_at" | "sent_at" | "received_at" | "server_date", Value::String(text)) => {
                        is_time(text)
                    }
                    ("ahead_ms_least" | "ahead_ms_most", Value::Number(_)) => true,
                    ("request_id", Value::String(text)) => matches!(text.len(), 16 | 32) && text.starts_with("000000"),
                    ("etag", Value::String(text)) => text.len() == 34 && text.starts_with('"'),
                    ("last_modified", Value::String(text)) => text.ends_with(" GMT"),
                    _ => {
                        mask(value);
                        continue;
                    }
                };
                assert!(good, "{name}: {value}");
                *value = json!("…");
            }
        }
        _ => {}
    }
}

fn authority(endpoint: &str) -> String {
    endpoint.trim_start_matches("http://").to_owned()
}

#[test]
#[expect(clippy::too_many_lines, reason = "every name of the report stands here once")]
fn the_whole_report_of_one_intact_record() {
    let cloud = Sandbox::start();
    let recording = recording();
    let record = cloud.upload(&recording);
    let run = check(&cloud, "r");
    let mut report = run.report;
    mask(&mut report);
    let id: uuid::Uuid = report["run"]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);

    let host = authority(&cloud.obs_endpoint());
    let (video, event) = (recording.video.len(), recording.event.len());
    let object = |role: &str, key: String, digest: String, bytes: usize| {
        let attempt = json!({
            "from": 0, "bytes": bytes, "error": null, "status": 200, "request_id": "…", "started_at": "…", "finished_at": "…",
        });
        json!({
            "role": role,
            "host": host,
            "bucket": "wks-recordings",
            "declared_bucket": null,
            "key": key,
            "outcome": "intact",
            "reason": null,
            "declared_sha256": digest,
            "observed_sha256": digest,
            "observed_bytes": bytes,
            "etag": "…",
            "version_id": null,
            "last_modified": "…",
            "storage_class": null,
            "encryption": {},
            "retention": {},
            "started_at": "…",
            "finished_at": "…",
            "attempts": [attempt],
            "lookups": [],
        })
    };
    let body = record.to_string();
    let clock = |service: &str| {
        json!({
            "service": service, "sent_at": "…", "received_at": "…", "server_date": "…",
            "ahead_ms_least": "…", "ahead_ms_most": "…",
        })
    };
    // What is this machine's is looked at by itself.
    let (tool, host_facts) = (report["tool"].clone(), report["run"]["host"].clone());
    let (uid, settings) = (report["run"]["operator"]["uid"].clone(), report["run"]["settings"].clone());
    let report_file = report["run"]["reports"][0].clone();
    let expected = json!({
        "schema": "recverify/report/v1",
        "tool": tool,
        "statement": "Intact means: in this run every byte of both files was read from the store, and the SHA-256 of each \
                      equals the one the Workspace API declared for it. It does not prove that the declared digest was \
                      true when it was declared, nor what the recording shows or leaves out. Without a time-stamp of an \
                      authority, the times are the word of whoever ran the program.",
        "run": {
            "id": id.to_string(),
            "started_at": "…",
            "finished_at": "…",
            "selection": {
                "ids": 1, "ids_from": null, "window": null, "limit": null, "complete": true, "shortfall": null,
            },
            "host": host_facts,
            "operator": {"name": null, "login": null, "uid": uid},
            "case": null,
            "note": null,
            "settings": settings,
            "credentials": {
                "workspace": {"kind": "access_key", "access_key_id": ACCESS_KEY, "temporary": false},
                "store": {"kind": "access_key", "access_key_id": ACCESS_KEY, "temporary": false},
            },
            "clocks": [clock("workspace"), clock("store")],
            "reports": [report_file],
            "signing_key": null,
            "timestamp_url": null,
            "warnings": [],
            "overdue": null,
            "expected": ["r"],
            "listing": [],
        },
        "records": [{
            "record_id": "r",
            "outcome": "intact",
            "reason": null,
            "warnings": [],
            "declared_size": {"bytes": video, "rule": "auto", "fits": "video"},
            "record": record,
            "answer": {"body": body, "sha256": sha256(body.as_bytes())},
            "calls": [{
                "uri": format!("{}/v2/{PROJECT_ID}/screen-records/r", cloud.workspace_endpoint()),
                "status": 200,
                "request_id": "…",
                "started_at": "…",
                "finished_at": "…",
                "error": null,
                "answer_sha256": sha256(body.as_bytes()),
                "answer": null,
            }],
            "history": null,
            "acknowledged": null,
            "objects": [
                object("video", recording.video_key(), sha256(&recording.video), video),
                object("event", recording.event_key(), sha256(&recording.event), event),
            ],
        }],
        "summary": {
            "records": 1,
            "intact": 1,
            "altered": 0,
            "missing": 0,
            "inconsistent": 0,
            "undeclared": 0,
            "unverified": 0,
            "selected": 1,
            "skipped": 0,
            "not_ready": 0,
            "left": 0,
            "oldest_left_at": null,
            "backlog": null,
            "oldest_unverified_at": null,
            "expired": 0,
            "acknowledged": 0,
            "not_intact_since": null,
            "nights": 0,
            "soonest_expiry_at": null,
            "bytes": video + event,
        },
    });
    assert_eq!(report, expected, "{report:#}");
}

#[test]
fn the_version_of_a_versioned_object_is_reported() {
    let cloud = Sandbox::start();
    cloud.create_bucket("versioned");
    cloud.enable_versioning("versioned");
    let recording = Recording { bucket: "versioned".to_owned(), ..recording() };
    cloud.upload(&recording);
    let version = cloud.put_object("versioned", &recording.video_key(), recording.video.clone());
    let run = check(&cloud, "r");
    run.is_intact("r");
    assert_eq!(run.object("r", "video")["version_id"], json!(version));
}

#[test]
fn json_lines_are_one_record_a_line_then_run_and_summary() {
    let cloud = Sandbox::start();
    cloud.upload(&recording());
    cloud.upload(&Recording::new("s"));
    let ended = recverify(&cloud).args("verify --format jsonl r s nobody --concurrency 1").run();
    let lines = ended.lines();
    let ids: Vec<_> = lines.iter().map(|line| line["record_id"].clone()).collect();
    assert_eq!(ids, [json!("r"), json!("s"), json!("nobody"), Value::Null]);

    let whole = check(&cloud, "r s nobody --concurrency 1").report;
    let names = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&lines[0]), names(&whole["records"][0]));
    let last = &lines[3];
    assert_eq!(names(last), ["run", "schema", "statement", "summary", "tool"]);
    assert_eq!(
        (&last["schema"], &last["tool"], &last["summary"]),
        (&whole["schema"], &whole["tool"], &whole["summary"])
    );
    assert_eq!(ended.code, 3);
}
