//! Bodies that never come whole: unverified with the right word, and never altered.

use recverify_sandbox::{Recording, Sandbox, StoreCalls, StoreFault, Times};

use crate::check::check;

fn disturb(cloud: &Sandbox, id: &str, times: Times, fault: StoreFault) {
    let recording = Recording { video: vec![b'v'; 300].into(), ..Recording::new(id) };
    cloud.upload(&recording);
    cloud.fail_store(StoreCalls::get(&recording.bucket, &recording.video_key()), times, fault);
}

#[test]
fn a_short_body_is_truncated_not_altered() {
    let cloud = Sandbox::start();
    disturb(&cloud, "never-more", Times::always(), StoreFault::Cut(0));
    disturb(&cloud, "long-length", Times::always(), StoreFault::LongLength(12));
    let run = check(&cloud, "never-more long-length --read-retries 2");
    run.says("never-more", "unverified", "truncated", "the answer from 127.0.0.1 ended early");
    assert_eq!(run.attempts("never-more", "video"), [(0, 0, "truncated"); 3]);
    assert_eq!(run.object("never-more", "video")["observed_sha256"], serde_json::Value::Null);
    let record = run.record("long-length");
    assert_eq!(record["outcome"], "unverified", "{record:#}");
    assert_eq!(run.code, 3);
}

#[test]
fn a_body_without_a_length_is_measured_by_a_look_up_and_goes_on_where_it_ended() {
    let cloud = Sandbox::start();
    disturb(&cloud, "chunked", Times::always(), StoreFault::EndEarlyChunked(200));
    disturb(&cloud, "closed", Times::once(), StoreFault::EndEarlyClosed(200));
    disturb(&cloud, "whole", Times::always(), StoreFault::EndEarlyChunked(300));
    let run = check(&cloud, "chunked closed whole");
    for id in ["chunked", "closed", "whole"] {
        run.is_intact(id);
    }
    assert_eq!(run.attempts("chunked", "video"), [(0, 200, "truncated"), (200, 100, "")]);
    assert_eq!(run.attempts("whole", "video"), [(0, 300, "")]);
}

#[test]
fn a_body_nobody_knows_the_length_of_is_neither_intact_nor_altered() {
    let cloud = Sandbox::start();
    cloud.fail_store(StoreCalls::heads(), Times::always(), StoreFault::error(403, "AccessDenied"));
    for (id, fault) in [
        ("chunked", StoreFault::EndEarlyChunked(200)),
        ("closed", StoreFault::EndEarlyClosed(200)),
        ("whole", StoreFault::EndEarlyChunked(300)),
    ] {
        disturb(&cloud, id, Times::always(), fault);
    }
    let run = check(&cloud, "chunked closed whole");
    for (id, digest) in [("chunked", "differs from"), ("closed", "differs from"), ("whole", "equals")] {
        let message = format!(
            "the digest of what came {digest} the declared one, but the store did not say how long the object is, \
             so it cannot be called whole"
        );
        run.says(id, "unverified", "length_unknown", &message);
    }
    assert_eq!(run.code, 3);
}

#[test]
fn a_body_that_stalls_for_ever_is_stalled() {
    let cloud = Sandbox::start();
    disturb(&cloud, "stall", Times::always(), StoreFault::Stall(0));
    disturb(&cloud, "silent", Times::always(), StoreFault::NoAnswer);
    let run = check(&cloud, "stall silent --stall-timeout 300ms --read-retries 1");
    for id in ["stall", "silent"] {
        run.says(id, "unverified", "stalled", "nothing came from 127.0.0.1 for 0.3 s");
    }
    assert_eq!(run.code, 3);
}

#[test]
fn a_connection_that_always_breaks_is_a_connection() {
    let cloud = Sandbox::start();
    disturb(&cloud, "close", Times::always(), StoreFault::Close);
    disturb(&cloud, "reset", Times::always(), StoreFault::Reset);
    let run = check(&cloud, "close reset --read-retries 2");
    let broke = |how: &str| format!("the connection to 127.0.0.1 broke: {how}");
    run.says("close", "unverified", "connection", &broke("connection closed before message completed"));
    run.says("reset", "unverified", "connection", &broke("Connection reset by peer (os error 104)"));
    assert_eq!(run.attempts("close", "video").len(), 3);
    assert_eq!(run.code, 3);
}
