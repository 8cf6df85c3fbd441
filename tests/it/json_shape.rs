//! The JSON report, name by name, and its sibling of one record a line.

use recverify_sandbox::{Recording, Sandbox};
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
                    ("started_at" | "finished_at", Value::String(text)) => is_time(text),
                    ("request_id", Value::String(text)) => text.len() == 16 && text.starts_with("000000"),
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

#[test]
fn the_whole_report_of_one_intact_record() {
    let cloud = Sandbox::start();
    let recording = recording();
    let record = cloud.upload(&recording);
    let run = check(&cloud, "r");
    let mut report = run.report;
    mask(&mut report);
    let id: uuid::Uuid = report["run"]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);

    let (video, event) = (recording.video.len(), recording.event.len());
    let object = |role: &str, key: String, digest: String, bytes: usize| {
        let attempt = json!({
            "from": 0, "bytes": bytes, "error": null, "request_id": "…", "started_at": "…", "finished_at": "…",
        });
        json!({
            "role": role,
            "bucket": "wks-recordings",
            "key": key,
            "outcome": "intact",
            "reason": null,
            "declared_sha256": digest,
            "observed_sha256": digest,
            "observed_bytes": bytes,
            "etag": "…",
            "version_id": null,
            "last_modified": "…",
            "started_at": "…",
            "finished_at": "…",
            "attempts": [attempt],
        })
    };
    let body = record.to_string();
    let expected = json!({
        "schema": "recverify/report/v1",
        "tool": {"name": "recverify", "version": env!("CARGO_PKG_VERSION")},
        "run": {
            "id": id.to_string(),
            "started_at": "…",
            "finished_at": "…",
            "selection": {
                "ids": 1, "ids_from": null, "window": null, "limit": null, "complete": true, "shortfall": null,
            },
        },
        "records": [{
            "record_id": "r",
            "outcome": "intact",
            "reason": null,
            "warnings": [],
            "declared_size": {"bytes": video, "rule": "auto", "fits": "video"},
            "record": record,
            "answer": {"body": body, "sha256": sha256(body.as_bytes())},
            "history": null,
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
    let lines: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<_> = lines.iter().map(|line| line["record_id"].clone()).collect();
    assert_eq!(ids, [json!("r"), json!("s"), json!("nobody"), Value::Null]);

    let whole = check(&cloud, "r s nobody --concurrency 1").report;
    let names = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&lines[0]), names(&whole["records"][0]));
    let last = &lines[3];
    assert_eq!(names(last), ["run", "schema", "summary", "tool"]);
    assert_eq!(
        (&last["schema"], &last["tool"], &last["summary"]),
        (&whole["schema"], &whole["tool"], &whole["summary"])
    );
    assert_eq!(ended.code, 3);
}
