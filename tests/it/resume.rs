//! A read that breaks off goes on at the byte it stopped, under the ETag it began with, or starts over.

use std::time::Duration;

use recverify_sandbox::{Recording, Sandbox, Seen, Service, StoreCalls, StoreFault, Times};

use crate::check::{Checked, check, text};

const LENGTH: u64 = 300;

fn upload(cloud: &Sandbox, id: &str) -> Recording {
    let video = (0..LENGTH).map(|n| u8::try_from(n % 251).expect("below 251")).collect::<Vec<_>>();
    let recording = Recording { video: video.into(), ..Recording::new(id) };
    cloud.upload(&recording);
    recording
}

fn video(recording: &Recording) -> StoreCalls {
    StoreCalls::get(&recording.bucket, &recording.video_key())
}

/// A recording with a fault on its video.
fn disturb(cloud: &Sandbox, id: &str, times: Times, fault: StoreFault) -> Recording {
    let recording = upload(cloud, id);
    cloud.fail_store(video(&recording), times, fault);
    recording
}

/// The requests for a video, in order.
fn asked(cloud: &Sandbox, id: &str) -> Vec<Seen> {
    let end = format!("/{id}.mp4");
    cloud.requests().into_iter().filter(|seen| seen.service == Service::Store && seen.path.ends_with(&end)).collect()
}

fn etag<'a>(run: &'a Checked, id: &str) -> &'a str {
    text(&run.object(id, "video")["etag"])
}

#[test]
fn a_body_cut_at_any_byte_goes_on_there_under_its_etag() {
    let cloud = Sandbox::start();
    let cuts = [1, 2, 63, 64, 65, 150, 298, 299];
    let ids = cuts.map(|at| format!("cut-{at}"));
    for (at, id) in cuts.iter().zip(&ids) {
        disturb(&cloud, id, Times::once(), StoreFault::Cut(*at));
    }
    let run = check(&cloud, &ids.join(" "));
    for (at, id) in cuts.iter().zip(&ids) {
        run.is_intact(id);
        assert_eq!(run.attempts(id, "video"), [(0, *at, "truncated"), (*at, LENGTH - at, "")]);
        let asked = asked(&cloud, id);
        assert_eq!((asked[0].header("range"), asked[0].header("if-match")), (None, None));
        assert_eq!(asked[1].header("range"), Some(format!("bytes={at}-").as_str()));
        assert_eq!(asked[1].header("if-match"), Some(etag(&run, id)));
        assert!(asked.iter().all(|seen| seen.header("accept-encoding") == Some("identity")));
        assert!(asked.iter().all(|seen| !seen.query.contains("versionId")), "it needs a permission of its own");
        assert_eq!(asked.len(), 2);
    }
    assert_eq!(run.code, 0);
}

#[test]
fn a_body_cut_at_every_piece_comes_together() {
    let cloud = Sandbox::start();
    disturb(&cloud, "pieces", Times::first(5), StoreFault::Cut(50));
    disturb(&cloud, "resets", Times::first(3), StoreFault::CutByReset(70));
    let run = check(&cloud, "pieces resets");
    let pieces: Vec<_> = (0..6).map(|n| (n * 50, 50, if n < 5 { "truncated" } else { "" })).collect();
    assert_eq!(run.attempts("pieces", "video"), pieces);
    assert_eq!(run.code, 0);
    let ids: Vec<_> = run.object("pieces", "video")["attempts"].as_array().unwrap().iter().collect();
    assert!(ids.iter().all(|attempt| text(&attempt["request_id"]).len() == 16), "each attempt names its request");
}

#[test]
fn a_cut_before_the_first_byte_and_one_after_the_last_cost_nothing() {
    let cloud = Sandbox::start();
    disturb(&cloud, "none", Times::once(), StoreFault::Cut(0));
    disturb(&cloud, "close", Times::once(), StoreFault::Close);
    disturb(&cloud, "reset", Times::once(), StoreFault::Reset);
    disturb(&cloud, "all", Times::once(), StoreFault::Cut(LENGTH));
    let run = check(&cloud, "none close reset all");
    assert_eq!(run.attempts("none", "video"), [(0, 0, "truncated"), (0, LENGTH, "")]);
    assert_eq!(run.attempts("close", "video"), [(0, 0, "connection"), (0, LENGTH, "")]);
    assert_eq!(run.attempts("all", "video"), [(0, LENGTH, "")]);
    assert_eq!(run.code, 0);
}

#[test]
fn a_stall_is_left_and_a_slow_body_is_waited_for() {
    let cloud = Sandbox::start();
    disturb(&cloud, "stall", Times::once(), StoreFault::Stall(100));
    disturb(&cloud, "silent", Times::once(), StoreFault::NoAnswer);
    // Longer in all than the time-out, and each pause far shorter.
    let slow = StoreFault::Slow { piece: 12, pause: Duration::from_millis(50) };
    disturb(&cloud, "slow", Times::once(), slow);
    let run = check(&cloud, "stall silent slow --stall-timeout 1s");
    assert_eq!(run.attempts("stall", "video"), [(0, 100, "stalled"), (100, 200, "")]);
    assert_eq!(run.attempts("silent", "video"), [(0, 0, "stalled"), (0, LENGTH, "")]);
    assert_eq!(run.attempts("slow", "video"), [(0, LENGTH, "")]);
    assert_eq!(run.code, 0);
}

#[test]
fn a_body_that_comes_in_drops_is_left_and_gone_on_with() {
    let cloud = Sandbox::start();
    let drops = StoreFault::Slow { piece: 1, pause: Duration::from_millis(50) };
    disturb(&cloud, "once", Times::once(), drops.clone());
    disturb(&cloud, "ever", Times::always(), drops);
    // Drops are looked for over twice the time-out.
    let run = check(&cloud, "once ever --stall-timeout 200ms --read-retries 2");
    run.is_intact("once");
    let [(0, came, "stalled"), (from, rest, "")] = run.attempts("once", "video")[..] else {
        panic!("{:?}", run.attempts("once", "video"))
    };
    assert_eq!((came > 0, from > 0, from + rest), (true, true, LENGTH));
    let attempts = run.attempts("ever", "video");
    assert_eq!(attempts.iter().map(|(.., code)| *code).collect::<Vec<_>>(), ["stalled"; 3]);
    assert!(attempts.is_sorted_by(|(before, ..), (after, ..)| before < after), "each went further: {attempts:?}");
    let message = text(&run.record("ever")["reason"]["message"]);
    let bytes = message.strip_prefix("only ").and_then(|rest| rest.strip_suffix(" bytes came from 127.0.0.1 in 0.4 s"));
    assert!(bytes.is_some_and(|bytes| bytes.parse::<u64>().is_ok_and(|bytes| bytes < 20)), "{message}");
    assert_eq!((text(&run.record("ever")["outcome"]), run.code), ("unverified", 3));
}

#[test]
fn what_is_sent_again_is_skipped_or_read_anew_but_never_doubled() {
    let cloud = Sandbox::start();
    let faults = [
        ("ignored", StoreFault::IgnoreRange, vec![(0, 100, "truncated"), (100, LENGTH, "")]),
        (
            "no-if-match",
            StoreFault::RefuseIfMatch,
            vec![(0, 100, "truncated"), (100, 0, "service_error"), (0, LENGTH, "")],
        ),
    ];
    for (id, fault, _) in &faults {
        let recording = disturb(&cloud, id, Times::once(), StoreFault::Cut(100));
        cloud.fail_store(video(&recording), Times::always(), fault.clone());
    }
    let run = check(&cloud, "ignored no-if-match");
    for (id, _, attempts) in &faults {
        run.is_intact(id);
        assert_eq!(&run.attempts(id, "video"), attempts, "{id}");
    }
}

#[test]
fn without_a_strong_etag_a_read_starts_over() {
    let cloud = Sandbox::start();
    for (id, fault) in [("none", StoreFault::NoETag), ("weak", StoreFault::WeakETag)] {
        let recording = upload(&cloud, id);
        // A rule strikes alone, so the answer with an odd ETag is followed by one that is cut, not cut itself.
        cloud.fail_store(video(&recording), Times::once(), StoreFault::Cut(100));
        cloud.fail_store(video(&recording), Times::once(), fault);
    }
    let run = check(&cloud, "none weak");
    for id in ["none", "weak"] {
        run.is_intact(id);
        assert_eq!(run.attempts(id, "video"), [(0, 100, "truncated"), (100, 0, "unreadable_answer"), (0, LENGTH, "")]);
        assert_eq!(asked(&cloud, id)[2].header("range"), None);
    }
}

#[test]
fn a_versioned_object_is_asked_for_by_version_only_where_the_plain_form_is_refused() {
    let cloud = Sandbox::start();
    let versioned = |id: &str, faults: &[StoreFault]| {
        let bucket = format!("bucket-{id}");
        cloud.create_bucket(&bucket);
        cloud.enable_versioning(&bucket);
        let recording = Recording { bucket, video: vec![b'v'; 300].into(), ..Recording::new(id) };
        cloud.upload(&recording);
        cloud.fail_store(video(&recording), Times::once(), StoreFault::Cut(100));
        for fault in faults {
            cloud.fail_store(video(&recording), Times::always(), fault.clone());
        }
    };
    versioned("plain", &[]);
    versioned("refused", &[StoreFault::RefuseIfMatch]);
    versioned("denied", &[StoreFault::RefuseVersion, StoreFault::RefuseIfMatch]);
    let run = check(&cloud, "plain refused denied");
    assert_eq!(run.code, 0);

    let by_version = |id: &str| asked(&cloud, id).iter().filter(|seen| seen.query.contains("versionId=")).count();
    assert_eq!(["plain", "refused", "denied"].map(by_version), [0, 1, 1]);
    let version = text(&run.object("refused", "video")["version_id"]);
    assert!(asked(&cloud, "refused")[2].query.contains(&format!("versionId={version}")));
    assert_eq!(run.attempts("refused", "video"), [(0, 100, "truncated"), (100, 0, "service_error"), (100, 200, "")]);
    let denied = [(0, 100, "truncated"), (100, 0, "service_error"), (100, 0, "access_denied"), (0, LENGTH, "")];
    assert_eq!(run.attempts("denied", "video"), denied, "its absence never becomes the verdict");
}
