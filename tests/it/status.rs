//! What a record says about itself before any file is looked for: its status, its id, its very JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use recverify_sandbox::{Recording, Sandbox, Service};
use serde_json::{Value, json};

use crate::check::{check, sha256};

fn with_status(cloud: &Sandbox, id: &str, status: Value) {
    let mut record = cloud.upload(&Recording::new(id));
    record["status"] = status;
    cloud.add_record(id, record);
}

#[test]
fn what_is_not_uploaded_or_failed_is_told_without_asking_the_store() {
    let cloud = Sandbox::start();
    let later = "verify it once it is uploaded";
    let none = "the service has no file of it";
    let cases = [
        ("RECORDING", "not_uploaded", later),
        ("REC_COMPLETED", "not_uploaded", later),
        ("UPLOADING", "not_uploaded", later),
        ("REC_FAILED", "recording_failed", none),
        ("UPLOAD_FAILED", "recording_failed", none),
    ];
    for (status, ..) in cases {
        with_status(&cloud, status, json!(status));
    }
    let run = check(&cloud, &cases.map(|(status, ..)| status).join(" "));
    for (status, code, words) in cases {
        run.says(status, "unverified", code, &format!("its status is {status}; {words}"));
        assert_eq!(run.record(status)["objects"], json!([]));
    }
    assert_eq!(run.code, 3);
    assert!(cloud.requests().iter().all(|seen| seen.service == Service::Workspace));
}

#[test]
fn an_unknown_status_is_verified_and_said_and_an_absent_one_is_no_matter() {
    let cloud = Sandbox::start();
    for (id, status) in [("unknown", json!("ARCHIVED")), ("lower", json!("recording")), ("number", json!(7))] {
        with_status(&cloud, id, status);
    }
    with_status(&cloud, "absent", Value::Null);
    let run = check(&cloud, "unknown lower number absent");
    for id in ["unknown", "lower", "number"] {
        run.is_intact(id);
        assert_eq!(run.warnings(id), ["unknown_status"]);
    }
    let message = "the status \"ARCHIVED\" is none this version knows; the files were looked for all the same";
    assert_eq!(run.record("unknown")["warnings"][0]["message"], message);
    assert_eq!(run.warnings("absent"), [""; 0]);
    assert_eq!(run.code, 0);
}

#[test]
fn an_answer_about_another_record_is_no_answer() {
    let cloud = Sandbox::start();
    let other = cloud.upload(&Recording::new("other"));
    cloud.add_record("asked", other);
    let run = check(&cloud, "asked");
    run.says("asked", "unverified", "record_mismatch", "the API answered about another record, other");
    assert_eq!(run.record("asked")["record"]["id"], "other");
    assert!(cloud.requests().iter().all(|seen| seen.service == Service::Workspace));
}

#[test]
fn unknown_fields_are_ignored_and_kept_in_the_answer() {
    let cloud = Sandbox::start();
    let mut record = cloud.upload(&Recording::new("newer"));
    record["site_type"] = json!("CENTER");
    record["nested"] = json!({"video_file_sha256": "no", "list": [1, null]});
    cloud.add_record("newer", record.clone());
    let run = check(&cloud, "newer");
    run.is_intact("newer");
    let body = run.record("newer")["answer"]["body"].as_str().expect("the answer as text");
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), record);
    assert_eq!(run.record("newer")["record"].get("site_type"), None);
}

#[test]
fn what_is_no_record_is_unreadable_and_kept_byte_for_byte() {
    let cloud = Sandbox::start();
    let cases: [(&str, &[u8], &str); 8] = [
        (
            "twice",
            br#"{"id":"twice","size":1,"size":2}"#,
            "it is not the JSON expected: the field \"size\" stands twice",
        ),
        (
            "escaped",
            br#"{"id":"escaped","size":1,"\u0073ize":2}"#,
            "it is not the JSON expected: the field \"size\" stands twice",
        ),
        ("page", b"<!DOCTYPE html><html></html>", "it is an HTML page"),
        ("empty", b"", "it is empty"),
        ("list", b"[]", "it is not the JSON expected: invalid type: sequence, expected a JSON object"),
        ("nothing", b"{}", "it is JSON, but no record"),
        ("error", br#"{"error_code":"WKS.1","error_msg":"no"}"#, "it is JSON, but no record"),
        ("cut", br#"{"id":"cut""#, "it is not the JSON expected: EOF while parsing an object"),
    ];
    for (id, body, _) in cases {
        cloud.set_record_body(id, "application/json", body);
    }
    let run = check(&cloud, &cases.map(|(id, ..)| id).join(" "));
    for (id, body, what) in cases {
        let record = run.record(id);
        let message = record["reason"]["message"].as_str().expect("words");
        let expected = format!("the API's answer cannot be read: {what}");
        // The JSON parser ends its words with the place.
        let without_place = message.split(" at line ").next();
        assert_eq!(without_place, Some(expected.as_str()));
        assert_eq!(
            (record["outcome"].as_str(), record["reason"]["code"].as_str()),
            (Some("unverified"), Some("unreadable_answer"))
        );
        assert_eq!(record["answer"]["body"], std::str::from_utf8(body).unwrap());
        assert_eq!(record["reason"]["api"]["status"], 200);
    }
    assert_eq!(run.code, 3);
}

#[test]
fn an_answer_that_is_not_utf8_is_kept_as_base64() {
    let cloud = Sandbox::start();
    let body = [&b"{\"id\":\"latin\",\"username\":\"Zo"[..], b"\xeb", b"\"}"].concat();
    cloud.set_record_body("latin", "application/json", body.clone());
    let run = check(&cloud, "latin");
    let answer = &run.record("latin")["answer"];
    let kept = STANDARD.decode(answer["body_base64"].as_str().unwrap()).unwrap();
    assert_eq!(kept, body);
    assert_eq!(answer["sha256"], sha256(&body));
    assert_eq!(answer.get("body"), None);
    assert_eq!(run.record("latin")["reason"]["code"], "unreadable_answer");
}
