//! The core of the fault matrix against a real S3 server, Ceph's radosgw, in every read mode.
//!
//! Runs where `RECVERIFY_RADOSGW` names its endpoint; `tests/radosgw/up` starts one, with the users these tests need.

pub(crate) mod server;

use bytes::Bytes;
use recverify_sandbox::{Recording, Seen, Service, Trouble};

use crate::check::{Checked, checked, checked_while, text};
use crate::mode::MODES;
use server::{GUEST, OWNER, Real};

/// More than the sockets between store, relay and program hold, so that an object is under way when it is changed.
const LARGE: usize = 20 << 20;

fn large(seed: u8) -> Bytes {
    (0..LARGE).map(|n| u8::try_from(n % 251).expect("below 251") ^ seed).collect()
}

fn large_recording(id: &str) -> Recording {
    Recording { video: large(0), ..Recording::new(id) }
}

fn verdict<'a>(run: &'a Checked, id: &str) -> (&'a str, &'a str) {
    let record = run.record(id);
    (text(&record["outcome"]), text(&record["reason"]["code"]))
}

/// The modes, their parts as long as a large object wants them.
fn modes() -> [String; 5] {
    MODES.map(|mode| mode.replace("--part-size 1kB", "--part-size 3MiB"))
}

#[test]
fn what_is_there_is_told_as_it_is_in_every_mode() {
    let Some(real) = Real::start() else { return };
    let recordings = ["intact", "altered", "short", "missing"].map(|id| real.upload(large_recording(id)));
    let [_, altered, short, missing] = &recordings;
    let mut bytes = altered.video.to_vec();
    bytes[LARGE - 1] ^= 1;
    real.put(&altered.video_key(), &bytes);
    real.put(&short.video_key(), &short.video[..LARGE - 512]);
    real.remove(&missing.video_key());
    for mode in modes() {
        let run = checked(real.verify("intact altered short missing").args(&mode));
        let verdicts = ["intact", "altered", "short", "missing"].map(|id| verdict(&run, id));
        let altered = ("altered", "digest_differs");
        assert_eq!(verdicts, [("intact", ""), altered, altered, ("missing", "object_not_found")], "{mode}");
        // The least memory has no room for parts.
        let divided = mode.contains("--parts 3") || mode.contains("--parts 4");
        assert_eq!(run.attempts("intact", "video").len() > 1, divided, "{mode}");
    }
}

#[test]
fn a_read_cut_anywhere_goes_on_under_its_etag() {
    let Some(real) = Real::start() else { return };
    real.upload(large_recording("r"));
    for mode in modes() {
        for at in [0, 100, 300, 1 << 20, 5_000_001, LARGE as u64] {
            for trouble in [Trouble::Close, Trouble::Reset] {
                let relay = real.relay();
                relay.disturb("r.mp4", at, trouble);
                let run = checked(real.verify("r").args(&mode).env("RECVERIFY_OBS_ENDPOINT", &relay.endpoint()));
                assert_eq!(verdict(&run, "r"), ("intact", ""), "{mode}, {trouble:?} at {at}");
            }
        }
    }
}

#[test]
fn a_bit_flipped_on_the_way_accuses_nobody() {
    let Some(real) = Real::start() else { return };
    real.upload(large_recording("r"));
    for mode in modes() {
        let relay = real.relay();
        relay.disturb("r.mp4", 1 << 20, Trouble::FlipBit);
        let run = checked(real.verify("r").args(&mode).env("RECVERIFY_OBS_ENDPOINT", &relay.endpoint()));
        assert_eq!((verdict(&run, "r"), relay.struck()), (("intact", ""), 1), "{mode}");
        assert_eq!(run.warnings("r"), ["reads_disagree"], "{mode}");
    }
}

/// Reads a recording, something happening to its video when its first mebibyte has come, and the connection breaking.
fn meanwhile(real: &Real, mode: &str, id: &str, happens: impl FnOnce(&str)) -> Checked {
    let recording = real.upload(large_recording(id));
    let relay = real.relay();
    relay.disturb(&recording.video_name, 1 << 20, Trouble::HoldThenClose);
    let call = real.verify(id).args(mode).env("RECVERIFY_OBS_ENDPOINT", &relay.endpoint());
    checked_while(call, |_| {
        relay.wait_for(1);
        happens(&recording.video_key());
        relay.release();
    })
}

#[test]
fn an_object_overwritten_while_it_is_read_is_never_spliced() {
    for real in [Real::start(), Real::versioned()].into_iter().flatten() {
        for (n, mode) in modes().iter().enumerate() {
            // Where parts were read before it was replaced, the front's own next request finds it out.
            let run = meanwhile(&real, mode, &format!("r{n}"), |key| real.put(key, &large(1)));
            assert_eq!(verdict(&run, &format!("r{n}")), ("unverified", "changed_during_read"), "{mode}");
        }
    }
}

#[test]
fn an_object_deleted_while_it_is_read_is_proven_gone() {
    for real in [Real::start(), Real::versioned()].into_iter().flatten() {
        for (n, mode) in modes().iter().enumerate() {
            let run = meanwhile(&real, mode, &format!("r{n}"), |key| real.remove(key));
            assert_eq!(verdict(&run, &format!("r{n}")), ("missing", "object_not_found"), "{mode}");
        }
    }
}

#[test]
fn a_delete_marker_is_missing() {
    let Some(real) = Real::versioned() else { return };
    let recording = real.upload(Recording::new("r"));
    real.remove(&recording.video_key());
    let run = checked(real.verify("r"));
    assert_eq!(verdict(&run, "r").0, "missing");
    assert_eq!(run.code, 1);
}

fn asked_store(seen: &[Seen]) -> usize {
    seen.iter().filter(|seen| seen.service == Service::Store).count()
}

#[test]
fn a_rejected_key_is_shown_once() {
    let Some(real) = Real::start() else { return };
    for id in ["a", "b", "c"] {
        real.upload(Recording::new(id));
    }
    let keys = [
        ((OWNER.0, "not-its-secret-MUST-NOT-APPEAR"), "SignatureDoesNotMatch"),
        (("NOBODYSKEY", OWNER.1), "InvalidAccessKeyId"),
    ];
    for (key, error) in keys {
        let run = checked(real.verify_as(key, "a b c"));
        let objects = || run.records().iter().flat_map(|record| record["objects"].as_array().expect("objects"));
        let asked = objects().filter(|object| !object["attempts"].as_array().expect("a list").is_empty()).count();
        let told = objects().filter(|object| object["reason"]["api"]["error_code"] == error).count();
        assert_eq!((asked, told), (1, 1), "{error}: {:#}", run.report);
        assert!(objects().all(|object| object["reason"]["code"] == "unauthorized"), "{error}");
    }
    assert_eq!(asked_store(&real.cloud.requests()), 0, "the sandbox's own store is never asked");
}

#[test]
fn an_absent_bucket_is_no_missing_object() {
    let Some(real) = Real::start() else { return };
    let recording = Recording { bucket: format!("{}-absent", real.bucket), ..Recording::new("r") };
    real.cloud.upload(&recording);
    let run = checked(real.verify("r"));
    assert_eq!(verdict(&run, "r"), ("unverified", "bucket_not_found"));
}

#[test]
fn without_leave_to_list_an_absent_object_is_not_missing() {
    let Some(real) = Real::start() else { return };
    real.upload(Recording::new("good"));
    let gone = real.upload(Recording::new("gone"));
    real.remove(&gone.video_key());
    let denied = checked(real.verify_as(GUEST, "good"));
    assert_eq!(verdict(&denied, "good"), ("unverified", "access_denied"));
    real.let_guest_read();
    let run = checked(real.verify_as(GUEST, "good gone --concurrency 1"));
    assert_eq!(verdict(&run, "good"), ("intact", ""));
    assert_eq!(verdict(&run, "gone"), ("unverified", "access_denied"));
}
