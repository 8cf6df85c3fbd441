//! Reads that disagree, and answers that are not the store's: nobody is accused on one read or on a stranger's word.

use recverify_sandbox::{Canned, Recording, Sandbox, Service, StoreCalls, StoreFault, Times};

use crate::check::{check, sha256};

fn upload(cloud: &Sandbox, id: &str) -> StoreCalls {
    let recording = Recording::new(id);
    cloud.upload(&recording);
    StoreCalls::get(&recording.bucket, &recording.video_key())
}

fn flipped(id: &str, at: usize) -> String {
    let mut video = Recording::new(id).video.to_vec();
    video[at] ^= 1;
    sha256(&video)
}

#[test]
fn a_bit_flipped_on_the_way_once_is_a_warning() {
    let cloud = Sandbox::start();
    let calls = upload(&cloud, "once");
    cloud.fail_store(calls, Times::once(), StoreFault::FlipBit(9));
    let run = check(&cloud, "once");
    run.is_intact("once");
    let message = format!(
        "the first read of the video gave {}, the second the declared digest: something on the way alters what it carries",
        flipped("once", 9)
    );
    assert_eq!(run.record("once")["warnings"], serde_json::json!([{"code": "reads_disagree", "message": message}]));
    assert_eq!(run.code, 0);
}

#[test]
fn reads_that_differ_from_each_other_too_decide_nothing() {
    let cloud = Sandbox::start();
    let calls = upload(&cloud, "always");
    cloud.fail_store(calls.clone(), Times::once(), StoreFault::FlipBit(9));
    cloud.fail_store(calls, Times::once(), StoreFault::FlipBit(10));
    let run = check(&cloud, "always");
    let message = format!(
        "two reads of the same object gave different bytes, neither the declared ones: first {}, then {}",
        flipped("always", 9),
        flipped("always", 10)
    );
    run.says("always", "unverified", "reads_disagree", &message);
    assert_eq!(run.code, 3);
}

#[test]
fn the_second_read_is_whole_on_a_connection_of_its_own() {
    let cloud = Sandbox::start();
    let recording = Recording::new("altered");
    cloud.upload(&recording);
    cloud.put_object(&recording.bucket, &recording.video_key(), "not what was declared");
    let run = check(&cloud, "altered --versions off");
    assert_eq!(run.attempts("altered", "video"), [(0, 21, ""), (0, 21, "")]);
    let requests = cloud.requests();
    let of_store: Vec<_> = requests.iter().filter(|seen| seen.service == Service::Store).collect();
    let second = of_store.last().expect("a second read");
    assert_eq!((second.header("range"), second.header("if-match").is_some()), (None, true));
    assert_eq!(of_store.iter().filter(|seen| seen.connection == second.connection).count(), 1);
}

#[test]
fn a_second_read_that_fails_confirms_nothing() {
    let cloud = Sandbox::start();
    let recording = Recording::new("denied");
    cloud.upload(&recording);
    cloud.put_object(&recording.bucket, &recording.video_key(), "not what was declared");
    let calls = StoreCalls::get(&recording.bucket, &recording.video_key());
    cloud.fail_store(calls, Times::always().after(1), StoreFault::error(403, "AccessDenied"));
    let run = check(&cloud, "denied");
    let message = "one read gave another digest than the declared one, and the second read, which would confirm it, \
                   failed: the store denied access; grant obs:object:GetObject and obs:bucket:ListBucket \
                   (403 AccessDenied: The sandbox was told to say so.)";
    run.says("denied", "unverified", "access_denied", message);
}

#[test]
fn a_page_without_any_mark_of_a_store_accuses_nobody() {
    let cloud = Sandbox::start();
    let page = "what came is an HTML page";
    let cases = [
        ("page", Canned::html(200), page),
        ("document", Canned::new(200, "text/xml", "<?xml version=\"1.0\"?><a/>"), "what came is an XML document"),
        ("bytes", Canned::new(200, "video/mp4", "quite other bytes"), "what came is something else"),
        ("empty", Canned::empty(200), "what came is something else"),
    ];
    for (id, canned, _) in &cases {
        let calls = upload(&cloud, id);
        cloud.fail_store(calls, Times::always(), StoreFault::Stranger(canned.clone()));
    }
    let run = check(&cloud, "page document bytes empty");
    for (id, _, what) in &cases {
        let message = format!("{what}, without any mark of an object store; check endpoint and proxy");
        run.says(id, "unverified", "unreadable_answer", &message);
    }
    assert_eq!(run.code, 3);
}

#[test]
fn a_page_in_one_of_the_two_reads_accuses_nobody() {
    let cloud = Sandbox::start();
    let calls = upload(&cloud, "first");
    cloud.fail_store(calls, Times::once(), StoreFault::Stranger(Canned::html(200)));
    let recording = Recording::new("second");
    let calls = upload(&cloud, "second");
    let page = Canned::html(200);
    cloud.put_object(&recording.bucket, &recording.video_key(), page_bytes());
    cloud.fail_store(calls, Times::once().after(1), StoreFault::Stranger(page));
    let run = check(&cloud, "first second");
    run.is_intact("first");
    assert_eq!(run.warnings("first"), ["reads_disagree"]);
    let message = "what came is an HTML page, without any mark of an object store; check endpoint and proxy";
    run.says("second", "unverified", "unreadable_answer", message);
}

/// The very bytes of the page a stranger sends.
fn page_bytes() -> &'static str {
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>\n"
}

#[test]
fn a_page_under_the_objects_own_headers_is_read_as_the_object() {
    // Nothing tells it from a store that serves other bytes: the same ETag, the store's marks, two reads that agree.
    let cloud = Sandbox::start();
    let calls = upload(&cloud, "impostor");
    cloud.fail_store(calls, Times::always(), StoreFault::Impostor(Canned::html(200)));
    let run = check(&cloud, "impostor");
    let message = "what came is an HTML page; \
                   two independent reads agree with each other and not with the declared digest";
    run.says("impostor", "altered", "digest_differs", message);
}

#[test]
fn a_page_under_the_objects_headers_once_is_a_warning() {
    let cloud = Sandbox::start();
    let calls = upload(&cloud, "impostor");
    cloud.fail_store(calls, Times::once(), StoreFault::Impostor(Canned::html(200)));
    let run = check(&cloud, "impostor");
    run.is_intact("impostor");
    assert_eq!(run.warnings("impostor"), ["reads_disagree"]);
}
