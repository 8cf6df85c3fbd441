//! The store refuses or fails: each of its codes becomes its reason, and none of them a finding.

use recverify_sandbox::{Canned, Recording, Sandbox, Seen, Service, StoreCalls, StoreFault, Times};
use serde_json::json;

use crate::check::check;

const TOLD: &str = "The sandbox was told to say so.";

fn disturb(cloud: &Sandbox, id: &str, times: Times, fault: StoreFault) {
    let recording = Recording::new(id);
    cloud.upload(&recording);
    cloud.fail_store(StoreCalls::get(&recording.bucket, &recording.video_key()), times, fault);
}

fn asked(cloud: &Sandbox, id: &str) -> usize {
    let end = format!("/{id}.mp4");
    let of_video = |seen: &&Seen| seen.service == Service::Store && seen.path.ends_with(&end);
    cloud.requests().iter().filter(of_video).count()
}

#[test]
fn each_refusal_has_its_code_and_its_words_and_is_asked_once() {
    let cloud = Sandbox::start();
    let error = StoreFault::error;
    let cases = [
        (
            "denied",
            error(403, "AccessDenied"),
            "access_denied",
            format!(
                "the store denied access; grant obs:object:GetObject and obs:bucket:ListBucket (403 AccessDenied: {TOLD})"
            ),
        ),
        (
            "no-bucket",
            error(404, "NoSuchBucket"),
            "bucket_not_found",
            format!("the store knows no such bucket; check bucket, region and endpoint (404 NoSuchBucket: {TOLD})"),
        ),
        (
            "elsewhere",
            error(301, "PermanentRedirect"),
            "wrong_region",
            format!(
                "the bucket is in another region; set --obs-region and --obs-endpoint (301 PermanentRedirect: {TOLD})"
            ),
        ),
        (
            "skewed",
            error(403, "RequestTimeTooSkewed"),
            "clock_skew",
            format!(
                "the clock of this machine is more than 15 min off, so no signature is accepted; set it right (403 RequestTimeTooSkewed: {TOLD})"
            ),
        ),
        (
            "page",
            StoreFault::Stranger(Canned::html(404)),
            "unreadable_answer",
            "a 404 came that is not the store's own; check endpoint and --addressing (404)".to_owned(),
        ),
        (
            "no-upload",
            error(404, "NoSuchUpload"),
            "unreadable_answer",
            format!(
                "a 404 came that is not the store's own; check endpoint and --addressing (404 NoSuchUpload: {TOLD})"
            ),
        ),
        (
            "page-403",
            StoreFault::Stranger(Canned::html(403)),
            "unreadable_answer",
            "a 403 came that is not the store's own; check endpoint and --addressing (403)".to_owned(),
        ),
        (
            "bad",
            error(400, "InvalidArgument"),
            "service_error",
            format!("the store refused the request (400 InvalidArgument: {TOLD})"),
        ),
    ];
    for (id, fault, ..) in &cases {
        disturb(&cloud, id, Times::always(), fault.clone());
    }
    let run = check(&cloud, &cases.each_ref().map(|(id, ..)| *id).join(" "));
    for (id, _, code, message) in &cases {
        run.says(id, "unverified", code, message);
        assert_eq!(asked(&cloud, id), 1, "{id}");
        assert_eq!(run.object(id, "event")["outcome"], "intact", "the other object is verified all the same");
    }
    assert_eq!(run.code, 3);
}

#[test]
fn what_the_store_said_is_kept_word_for_word() {
    let cloud = Sandbox::start();
    disturb(&cloud, "denied", Times::always(), StoreFault::error(403, "AccessDenied"));
    let run = check(&cloud, "denied");
    let object = run.object("denied", "video");
    let api = json!({
        "status": 403,
        "error_code": "AccessDenied",
        "error_msg": TOLD,
        "encoded_authorization_message": null,
        "request_id": object["attempts"][0]["request_id"],
    });
    assert_eq!(object["reason"]["api"], api);
    assert_eq!(object["attempts"][0]["request_id"].as_str().map(str::len), Some(16));
    assert_eq!(run.record("denied")["reason"], object["reason"]);
}

#[test]
fn an_object_in_the_archive_is_not_restored() {
    let cloud = Sandbox::start();
    let recording = Recording::new("archived");
    cloud.upload(&recording);
    cloud.archive(&recording.bucket, &recording.video_key());
    let run = check(&cloud, "archived");
    let message = "the object is archived; restore it first, which costs money \
                   (403 InvalidObjectState: The operation is not valid for the object's storage class.)";
    run.says("archived", "unverified", "not_restored", message);
    assert_eq!(run.code, 3);
}

#[test]
fn a_bucket_that_is_gone_is_told_from_an_object_that_is() {
    let cloud = Sandbox::start();
    let recording = Recording { bucket: "gone".to_owned(), ..Recording::new("r") };
    cloud.upload(&recording);
    cloud.remove_bucket("gone");
    let run = check(&cloud, "r");
    let message = "the store knows no such bucket; check bucket, region and endpoint \
                   (404 NoSuchBucket: The specified bucket does not exist.)";
    run.says("r", "unverified", "bucket_not_found", message);
    assert_eq!(run.code, 3);
}

#[test]
fn an_object_that_may_not_be_read_is_denied() {
    let cloud = Sandbox::start();
    let recording = Recording::new("r");
    cloud.upload(&recording);
    cloud.deny_read(&recording.bucket, &recording.video_key());
    let run = check(&cloud, "r");
    let message = "the store denied access; grant obs:object:GetObject and obs:bucket:ListBucket \
                   (403 AccessDenied: Access Denied)";
    run.says("r", "unverified", "access_denied", message);
    assert_eq!(run.code, 3);
}

#[test]
fn what_passes_is_asked_again_and_costs_nothing() {
    let cloud = Sandbox::start();
    let faults = [
        ("slow-down", StoreFault::slow_down(None)),
        ("busy", StoreFault::error(429, "TooManyRequests")),
        ("failed", StoreFault::error(500, "InternalError")),
        ("gateway", StoreFault::Stranger(Canned::html(502))),
        ("time-out", StoreFault::error(400, "RequestTimeout")),
    ];
    for (id, fault) in &faults {
        disturb(&cloud, id, Times::first(2), fault.clone());
    }
    let run = check(&cloud, &faults.each_ref().map(|(id, _)| *id).join(" "));
    for (id, _) in &faults {
        run.is_intact(id);
        assert_eq!(asked(&cloud, id), 3);
    }
    assert_eq!(run.code, 0);
}

#[test]
fn a_failure_in_the_middle_of_a_read_goes_on_where_it_stood() {
    let cloud = Sandbox::start();
    disturb(&cloud, "r", Times::once(), StoreFault::Cut(100));
    disturb(&cloud, "r", Times::first(2), StoreFault::slow_down(None));
    let length = Recording::new("r").video.len() as u64;
    let run = check(&cloud, "r");
    let attempts = [(0, 100, "truncated"), (100, 0, "throttled"), (100, 0, "throttled"), (100, length - 100, "")];
    assert_eq!(run.attempts("r", "video"), attempts);
    assert_eq!(run.code, 0);
}

#[test]
fn what_never_passes_is_told_after_the_retries_allowed() {
    let cloud = Sandbox::start();
    disturb(&cloud, "throttled", Times::always(), StoreFault::slow_down(None));
    disturb(&cloud, "failed", Times::always(), StoreFault::error(500, "InternalError"));
    let run = check(&cloud, "throttled failed --read-retries 2");
    run.says("throttled", "unverified", "throttled", &format!("the store is throttling (503 SlowDown: {TOLD})"));
    run.says("failed", "unverified", "service_error", &format!("the store failed (500 InternalError: {TOLD})"));
    assert_eq!((asked(&cloud, "throttled"), asked(&cloud, "failed")), (3, 3));
    assert_eq!(run.code, 3);
}

#[test]
fn an_undeclared_object_that_cannot_be_looked_up_stays_undeclared_with_a_warning() {
    let cloud = Sandbox::start();
    let undeclared = |id: &str| {
        let recording = Recording::new(id);
        let mut record = cloud.upload(&recording);
        record["video_file_sha256"] = json!("");
        cloud.add_record(id, record);
        recording
    };
    let denied = undeclared("denied");
    cloud.deny_read(&denied.bucket, &denied.video_key());
    let failing = undeclared("failing");
    let heads = StoreCalls::heads().of(&failing.bucket, &failing.video_key());
    cloud.fail_store(heads, Times::always(), StoreFault::error(500, "InternalError"));
    let stranger = undeclared("stranger");
    let heads = StoreCalls::heads().of(&stranger.bucket, &stranger.video_key());
    cloud.fail_store(heads, Times::always(), StoreFault::Stranger(Canned::empty(200)));

    let run = check(&cloud, "denied failing stranger");
    for id in ["denied", "failing", "stranger"] {
        run.says(id, "undeclared", "digest_not_declared", "the record declares no digest for it");
        assert_eq!(run.warnings(id), ["lookup_failed"]);
    }
    assert_eq!(
        run.record("stranger")["warnings"][0]["message"],
        "the video object could not be looked up: the store's answer cannot be read: it bears no mark of an object store"
    );
    assert_eq!(run.code, 3);
}
