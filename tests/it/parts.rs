//! Large objects by several connections: the parts cover the object, and none of them ever decides about it.

use bytes::Bytes;
use recverify_sandbox::{Recording, Sandbox, Seen, Service, StoreCalls, StoreFault, Times};

use crate::check::{Checked, check, checked_while, text};
use crate::harness::{send, verify};

const LENGTH: u64 = 1_000_000;
const PART: u64 = 64_000;
const IN_PARTS: &str = "big --parts 4 --part-size 64kB";

fn upload(cloud: &Sandbox) -> Recording {
    let video: Vec<u8> = (0..LENGTH).map(|n| u8::try_from((n ^ (n >> 8)) % 251).expect("below 251")).collect();
    let recording = Recording { video: video.into(), ..Recording::new("big") };
    cloud.upload(&recording);
    recording
}

fn video(recording: &Recording) -> StoreCalls {
    StoreCalls::get(&recording.bucket, &recording.video_key())
}

/// The cloud with one large recording whose parts, or whose own requests, meet a fault.
fn with(calls: impl FnOnce(StoreCalls) -> StoreCalls, times: Times, fault: StoreFault) -> Sandbox {
    let cloud = Sandbox::start();
    let recording = upload(&cloud);
    cloud.fail_store(calls(video(&recording)), times, fault);
    cloud
}

fn is_for_a_part(seen: &Seen) -> bool {
    seen.service == Service::Store && seen.header("range").is_some()
}

/// The bytes that came without an error cover the object.
fn is_covered(run: &Checked) {
    let mut attempts = run.attempts("big", "video");
    attempts.sort_unstable();
    let end = attempts.iter().fold(0, |end, (from, bytes, _)| if *from <= end { end.max(from + bytes) } else { end });
    assert!(end >= LENGTH, "{attempts:?}");
}

#[test]
fn parts_come_by_connections_of_their_own_under_the_etag_of_the_first_answer() {
    let cloud = Sandbox::start();
    let recording = upload(&cloud);
    let run = check(&cloud, IN_PARTS);
    run.is_intact("big");
    is_covered(&run);
    let mut seen: Vec<_> =
        cloud.requests().into_iter().filter(|seen| seen.path.ends_with(&recording.video_key())).collect();
    assert_eq!((seen[0].header("range"), seen[0].header("if-match")), (None, None), "the first sets the pin");
    let mut ranges: Vec<_> =
        (1..=15).map(|n| format!("bytes={}-{}", n * PART, ((n + 1) * PART).min(LENGTH) - 1)).collect();
    ranges.sort_unstable();
    seen[1..].sort_unstable_by(|a, b| a.header("range").cmp(&b.header("range")));
    assert!(seen[1..].iter().map(|seen| seen.header("range")).eq(ranges.iter().map(|range| Some(range.as_str()))));
    let etag = text(&run.object("big", "video")["etag"]);
    assert!(seen[1..].iter().all(|seen| seen.header("if-match") == Some(etag)));
    assert_eq!(seen.len(), 16);
    assert_eq!(run.attempts("big", "video").len(), 16, "every request is evidence");
}

#[test]
fn a_part_that_breaks_off_goes_on_where_it_stopped() {
    for fault in [StoreFault::Cut(1000), StoreFault::CutByReset(1000), StoreFault::Close, StoreFault::slow_down(None)] {
        let cloud = with(StoreCalls::ranged, Times::first(3), fault.clone());
        let run = check(&cloud, IN_PARTS);
        run.is_intact("big");
        is_covered(&run);
        let failed = run.attempts("big", "video").iter().filter(|(.., error)| !error.is_empty()).count();
        assert_eq!(failed, 3, "{fault:?}");
    }
}

#[test]
fn a_store_that_throttles_parts_and_breaks_the_read_itself_holds_nothing_up_for_good() {
    let cloud = with(StoreCalls::ranged, Times::first(6), StoreFault::slow_down(None));
    let recording = Recording::new("big");
    cloud.fail_store(video(&recording).unranged(), Times::first(1), StoreFault::Cut(PART / 2));
    let run = check(&cloud, IN_PARTS);
    run.is_intact("big");
    is_covered(&run);
}

#[test]
fn a_store_that_gives_no_parts_is_read_by_one_connection() {
    let faults = [
        StoreFault::IgnoreRange,
        StoreFault::RefuseIfMatch,
        StoreFault::ShiftedRange(1),
        StoreFault::WrongTotal(1),
        StoreFault::WeakETag,
        StoreFault::NoETag,
        StoreFault::error(403, "AccessDenied"),
        StoreFault::error(416, "InvalidRange"),
    ];
    for fault in faults {
        let cloud = with(StoreCalls::ranged, Times::first(3), fault);
        let run = check(&cloud, IN_PARTS);
        run.is_intact("big");
        is_covered(&run);
    }
}

#[test]
fn without_a_strong_etag_or_a_length_an_object_is_not_divided() {
    for fault in [StoreFault::WeakETag, StoreFault::NoETag, StoreFault::EndEarlyChunked(LENGTH)] {
        let cloud = with(StoreCalls::unranged, Times::always(), fault);
        check(&cloud, IN_PARTS);
        assert!(!cloud.requests().iter().any(is_for_a_part));
    }
}

#[test]
fn one_flipped_bit_in_a_part_is_no_finding_and_one_in_the_object_is() {
    let cloud = with(StoreCalls::ranged, Times::once(), StoreFault::FlipBit(PART + 9));
    let run = check(&cloud, IN_PARTS);
    run.says("big", "intact", "", "");
    assert_eq!(run.warnings("big"), ["reads_disagree"]);

    let cloud = Sandbox::start();
    let recording = upload(&cloud);
    let mut altered = recording.video.to_vec();
    altered[500_000] ^= 1;
    cloud.put_object(&recording.bucket, &recording.video_key(), altered);
    let run = check(&cloud, IN_PARTS);
    assert_eq!((run.code, text(&run.record("big")["outcome"])), (1, "altered"));
}

#[test]
fn an_object_replaced_under_its_parts_is_never_spliced() {
    let cloud = Sandbox::start();
    let recording = upload(&cloud);
    cloud.fail_store(video(&recording).unranged(), Times::once(), StoreFault::HoldAfter(PART / 2));
    let run = checked_while(verify(&cloud, IN_PARTS), |_| {
        cloud.wait_for(|seen| seen.iter().any(is_for_a_part));
        cloud.put_object(&recording.bucket, &recording.video_key(), Bytes::from(vec![7; 1_000_000]));
        cloud.release();
    });
    let verdict = (text(&run.record("big")["outcome"]), text(&run.record("big")["reason"]["code"]));
    assert!([("unverified", "changed_during_read"), ("intact", "")].contains(&verdict), "{verdict:?}");
}

#[test]
fn an_interrupted_read_tells_of_its_parts_too() {
    let cloud = Sandbox::start();
    let recording = upload(&cloud);
    cloud.fail_store(video(&recording).unranged(), Times::once(), StoreFault::HoldAfter(10));
    cloud.fail_store(video(&recording).ranged(), Times::always(), StoreFault::HoldAfter(1000));
    let run = checked_while(verify(&cloud, IN_PARTS), |process| {
        cloud.wait_for(|seen| seen.iter().filter(|seen| is_for_a_part(seen) && seen.status.is_some()).count() == 3);
        send("INT", process);
    });
    assert_eq!((run.code, text(&run.record("big")["reason"]["code"])), (130, "interrupted"));
    let froms: Vec<_> = run.attempts("big", "video").iter().map(|(from, ..)| *from).collect();
    assert_eq!(froms, [0, PART, 2 * PART, 3 * PART]);
}

#[test]
fn the_smallest_memory_still_reads_everything() {
    let cloud = Sandbox::start();
    upload(&cloud);
    let ids: Vec<_> = (0..20).map(|n| format!("r-{n}")).collect();
    for id in &ids {
        cloud.upload(&Recording::new(id));
    }
    let words = format!("{IN_PARTS} --memory 1MiB --concurrency 16 --hashing beside {}", ids.join(" "));
    assert_eq!(check(&cloud, &words).code, 0);
}
