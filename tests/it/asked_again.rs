//! Look-ups and the listing that proves an absence: asked again as reads are, never after a refusal.

use recverify_sandbox::{Recording, Sandbox, StoreCalls, StoreFault, Times};
use serde_json::Value;

use crate::check::check;

fn undeclared(cloud: &Sandbox, id: &str) -> Recording {
    let recording = Recording::new(id);
    let mut record = cloud.upload(&recording);
    record["video_file_sha256"] = Value::Null;
    cloud.add_record(id, record);
    recording
}

/// A recording of which nothing is left, in a bucket of its own.
fn gone(cloud: &Sandbox, id: &str) -> Recording {
    let recording = Recording { bucket: format!("bucket-{id}"), ..Recording::new(id) };
    cloud.upload(&recording);
    cloud.remove_object(&recording.bucket, &recording.video_key());
    cloud.remove_object(&recording.bucket, &recording.event_key());
    recording
}

fn passing() -> [(&'static str, StoreFault); 5] {
    [
        ("failing", StoreFault::error(500, "InternalError")),
        ("throttled", StoreFault::slow_down(None)),
        ("too-many", StoreFault::error(429, "TooManyRequests")),
        ("closed", StoreFault::Close),
        ("reset", StoreFault::Reset),
    ]
}

fn heads(cloud: &Sandbox, recording: &Recording) -> usize {
    let path = format!("/{}/{}", recording.bucket, recording.video_key());
    cloud.requests().iter().filter(|seen| seen.method == "HEAD" && seen.path == path).count()
}

fn listings(cloud: &Sandbox, recording: &Recording) -> usize {
    let path = format!("/{}", recording.bucket);
    cloud.requests().iter().filter(|seen| seen.path.trim_end_matches('/') == path).count()
}

#[test]
fn a_look_up_that_fails_is_repeated_until_it_is_answered() {
    for (id, fault) in passing() {
        let cloud = Sandbox::start();
        let recording = undeclared(&cloud, id);
        cloud.fail_store(StoreCalls::heads(), Times::first(3), fault);
        let run = check(&cloud, id);
        let message = "the record declares no digest for it; it is in the bucket, and was not read";
        run.says(id, "undeclared", "digest_not_declared", message);
        assert_eq!((run.warnings(id).len(), heads(&cloud, &recording)), (0, 4), "{id}");
    }
}

#[test]
fn a_look_up_that_goes_on_failing_is_given_up_and_one_refused_is_not_repeated() {
    let cases = [
        ("failing", StoreFault::error(503, "InternalError"), 3),
        ("refused", StoreFault::error(400, "InvalidRequest"), 1),
        ("not-known", StoreFault::error(501, "NotImplemented"), 1),
        ("denied", StoreFault::error(403, "AccessDenied"), 1),
    ];
    for (id, fault, asked) in cases {
        let cloud = Sandbox::start();
        let recording = undeclared(&cloud, id);
        cloud.fail_store(StoreCalls::any().of(&recording.bucket, &recording.video_key()), Times::always(), fault);
        let run = check(&cloud, &format!("{id} --read-retries 2"));
        run.says(id, "undeclared", "digest_not_declared", "the record declares no digest for it");
        assert_eq!((run.warnings(id), heads(&cloud, &recording)), (vec!["lookup_failed"], asked), "{id}");
    }
}

#[test]
fn a_listing_that_fails_is_repeated_until_it_proves_the_absence() {
    for (id, fault) in passing() {
        let cloud = Sandbox::start();
        let recording = gone(&cloud, id);
        cloud.fail_store(StoreCalls::lists(), Times::first(3), fault);
        let run = check(&cloud, &format!("{id} --versions off"));
        assert_eq!((run.code, run.record(id)["outcome"].as_str()), (1, Some("missing")), "{id}");
        // One of each object, and the three that failed.
        assert_eq!(listings(&cloud, &recording), 5, "{id}");
    }
}

#[test]
fn a_listing_that_goes_on_failing_proves_nothing_and_one_refused_is_not_repeated() {
    let cases = [
        ("failing", StoreFault::error(503, "InternalError"), 6),
        ("denied", StoreFault::error(403, "AccessDenied"), 2),
        ("no-bucket", StoreFault::error(404, "NoSuchBucket"), 2),
    ];
    for (id, fault, asked) in cases {
        let cloud = Sandbox::start();
        let recording = gone(&cloud, id);
        cloud.fail_store(StoreCalls::lists(), Times::always(), fault);
        let run = check(&cloud, &format!("{id} --read-retries 2"));
        assert_eq!(run.record(id)["reason"]["code"], "absence_unproven", "{id}");
        assert_eq!(listings(&cloud, &recording), asked, "{id}");
    }
}
