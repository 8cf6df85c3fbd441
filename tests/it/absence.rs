//! Missing is a finding, so it wants a proof: a listing that does not show the key, or another object that was read.

use recverify_sandbox::{Canned, Recording, Sandbox, StoreCalls, StoreFault, Times};
use serde_json::{Value, json};

use crate::check::check;

const GONE: &str = "the store has no such object (404 NoSuchKey: The specified key does not exist.)";

/// A recording in a bucket of its own whose video is gone.
fn gone(cloud: &Sandbox, id: &str) -> Recording {
    let recording = Recording { bucket: format!("bucket-{id}"), ..Recording::new(id) };
    cloud.upload(&recording);
    cloud.remove_object(&recording.bucket, &recording.video_key());
    recording
}

/// The same without an event file, so that no other object of the bucket is read.
fn alone(cloud: &Sandbox, id: &str) -> Recording {
    let recording = Recording { bucket: format!("bucket-{id}"), ..Recording::new(id) };
    let mut record = cloud.upload(&recording);
    record["event_filename"] = Value::Null;
    record["event_file_sha256"] = Value::Null;
    cloud.add_record(id, record);
    cloud.remove_object(&recording.bucket, &recording.video_key());
    recording
}

#[test]
fn an_object_is_missing_when_another_of_its_bucket_was_read() {
    let cloud = Sandbox::start();
    let recording = gone(&cloud, "r");
    cloud.fail_store(StoreCalls::lists(), Times::always(), StoreFault::error(403, "AccessDenied"));
    let run = check(&cloud, "r");
    let message = format!("{GONE}; another object of the bucket was read in this run");
    run.says("r", "missing", "object_not_found", &message);
    assert_eq!(run.object("r", "event")["outcome"], "intact");
    assert_eq!(run.object("r", "video")["bucket"], recording.bucket);
    assert_eq!(run.code, 1);
}

#[test]
fn an_object_is_missing_when_a_listing_does_not_show_it() {
    let cloud = Sandbox::start();
    let recording = alone(&cloud, "r");
    // A key that only begins like it is not it.
    cloud.put_object(&recording.bucket, &format!("{}.bak", recording.video_key()), "a copy");
    let run = check(&cloud, "r");
    run.says("r", "missing", "object_not_found", &format!("{GONE}; a listing of the bucket does not show it"));
    assert_eq!(run.code, 1);
    let video = run.object("r", "video");
    let [attempt] = &video["attempts"].as_array().unwrap()[..] else { panic!("{video:#}") };
    assert_eq!((&attempt["status"], &attempt["error"]["code"]), (&json!(404), &json!("object_not_found")));
    let [proof] = &video["lookups"].as_array().unwrap()[..] else { panic!("{video:#}") };
    assert_eq!((&proof["by"], &proof["status"], &proof["error"]), (&json!("list"), &json!(200), &Value::Null));
    assert!(proof["request_id"].is_string() && proof["request_id"] != attempt["request_id"], "{video:#}");
}

#[test]
fn an_empty_bucket_proves_it_for_both_objects() {
    let cloud = Sandbox::start();
    let recording = gone(&cloud, "r");
    cloud.remove_object(&recording.bucket, &recording.event_key());
    let run = check(&cloud, "r");
    let message = format!("{GONE}; a listing of the bucket does not show it");
    run.says("r", "missing", "object_not_found", &message);
    for role in ["video", "event"] {
        assert_eq!(run.object("r", role)["reason"]["message"], message);
    }
}

#[test]
fn without_a_proof_nothing_is_missing() {
    let cloud = Sandbox::start();
    let says = |why: &str| format!("the store says there is no such object, but {why}");
    let failed = |why: &str| says(&format!("the listing that would prove it failed: {why}"));
    let told = "The sandbox was told to say so.";
    let cases = [
        (
            "denied",
            StoreFault::error(403, "AccessDenied"),
            says("without leave to list the bucket nothing proves it; grant obs:bucket:ListBucket"),
        ),
        (
            "no-bucket",
            StoreFault::error(404, "NoSuchBucket"),
            failed(&format!(
                "the store knows no such bucket; check bucket, region and endpoint (404 NoSuchBucket: {told})"
            )),
        ),
        (
            "failing",
            StoreFault::error(500, "InternalError"),
            failed(&format!("the store failed (500 InternalError: {told})")),
        ),
        (
            "page",
            StoreFault::Stranger(Canned::new(200, "application/xml", "<ListBucketResult></ListBucketResult>")),
            failed("the store's answer cannot be read: it is no whole listing of that key"),
        ),
    ];
    for (id, fault, _) in &cases {
        let recording = alone(&cloud, id);
        cloud.fail_store(StoreCalls::lists().in_bucket(&recording.bucket), Times::always(), fault.clone());
    }
    let run = check(&cloud, "denied no-bucket failing page");
    for (id, _, message) in &cases {
        run.says(id, "unverified", "absence_unproven", message);
    }
    assert_eq!(run.code, 3);
}

#[test]
fn an_object_the_store_denies_and_lists_is_not_missing() {
    let cloud = Sandbox::start();
    let recording = alone(&cloud, "r");
    cloud.put_object(&recording.bucket, &recording.video_key(), recording.video.clone());
    let calls = StoreCalls::get(&recording.bucket, &recording.video_key());
    cloud.fail_store(calls, Times::always(), StoreFault::error(404, "NoSuchKey"));
    let run = check(&cloud, "r");
    let message = "the store says there is no such object, yet lists it";
    run.says("r", "unverified", "absence_unproven", message);
    assert_eq!(run.code, 3);
}

#[test]
fn an_absent_key_that_may_not_be_listed_is_denied_not_missing() {
    let cloud = Sandbox::start();
    let recording = alone(&cloud, "r");
    cloud.deny_list(&recording.bucket);
    let run = check(&cloud, "r");
    let message = "the store denied access; grant obs:object:GetObject and obs:bucket:ListBucket \
                   (403 AccessDenied: Access Denied)";
    run.says("r", "unverified", "access_denied", message);
    assert_eq!(run.code, 3);
}

#[test]
fn a_delete_marker_is_missing_as_what_it_is() {
    let cloud = Sandbox::start();
    cloud.create_bucket("versioned");
    cloud.enable_versioning("versioned");
    let recording = Recording { bucket: "versioned".to_owned(), ..Recording::new("r") };
    cloud.upload(&recording);
    cloud.remove_object("versioned", &recording.video_key()).expect("a delete marker");
    let run = check(&cloud, "r");
    let message = "the object was deleted; its current version is a delete marker \
                   (404 NoSuchKey: The specified key does not exist.); another object of the bucket was read in this run";
    run.says("r", "missing", "delete_marker", message);
    assert!(run.text.contains("    next      keep a copy of the version that has the declared bytes"), "{}", run.text);
    assert_eq!(run.code, 1);
}

#[test]
fn an_undeclared_object_that_is_gone_is_missing() {
    let cloud = Sandbox::start();
    let recording = gone(&cloud, "r");
    let mut record = cloud.upload(&recording);
    record["video_file_sha256"] = Value::Null;
    cloud.add_record("r", record);
    cloud.remove_object(&recording.bucket, &recording.video_key());
    let run = check(&cloud, "r");
    let message = format!("{GONE}; another object of the bucket was read in this run");
    run.says("r", "missing", "object_not_found", &message);
    assert_eq!(run.object("r", "video")["declared_sha256"], Value::Null);
    assert_eq!(run.code, 1);
}

#[test]
fn both_readings_of_a_leading_slash_have_to_be_absent() {
    let cloud = Sandbox::start();
    let recording = alone(&cloud, "r");
    let mut record = cloud.upload(&recording);
    record["event_filename"] = Value::Null;
    record["event_file_sha256"] = Value::Null;
    record["file_directory"] = json!("/recordings/r");
    cloud.add_record("r", record);
    cloud.remove_object(&recording.bucket, &recording.video_key());
    let run = check(&cloud, "r");
    let message = format!("{GONE}; a listing of the bucket does not show it; nor is it at \"/recordings/r/r.mp4\"");
    run.says("r", "missing", "object_not_found", &message);
}
