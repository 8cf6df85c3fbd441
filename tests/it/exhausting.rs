//! Answers that would fill the memory: told soon, asked for once, and the process stays small.

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use recverify_sandbox::{ApiCalls, ApiFault, Canned, Recording, Sandbox, StoreCalls, StoreFault, Times};

use crate::check::{Checked, checked_while};
use crate::harness::verify;

const MIB: usize = 1 << 20;

/// More than a run needs for its libraries, its buffers and the largest document it takes in; less than what is offered.
const MOST_KIB: u64 = 48 << 10;

/// The most memory a process had resident, in KiB, watched until it is gone.
fn watch(process: u32) -> JoinHandle<u64> {
    std::thread::spawn(move || {
        let mut most = 0;
        while let Ok(status) = fs::read_to_string(format!("/proc/{process}/status"))
            && let Some(line) = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))
        {
            most = most.max(line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(0));
            sleep(Duration::from_millis(2));
        }
        most
    })
}

/// A run that must stay small and be over soon.
#[track_caller]
fn bounded(cloud: &Sandbox, words: &str) -> Checked {
    let began = Instant::now();
    let mut watching = None;
    let run = checked_while(verify(cloud, words), |process| watching = Some(watch(process)));
    let most = watching.expect("it ran").join().expect("watched");
    assert!(most > 0 && most < MOST_KIB, "{most} KiB, {words}");
    assert!(began.elapsed() < Duration::from_mins(1), "{words}");
    run
}

/// Zeros packed by the real gzip: about a thousandth of their length.
fn bomb(length: usize) -> Vec<u8> {
    let mut gzip = Command::new("sh")
        .args(["-c", &format!("head -c {length} /dev/zero | gzip -9")])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut packed = Vec::new();
    gzip.stdout.take().expect("a pipe").read_to_end(&mut packed).expect("gzip packs");
    assert!(gzip.wait().expect("it ends").success());
    packed
}

fn code<'a>(run: &'a Checked, id: &str) -> &'a str {
    run.record(id)["reason"]["code"].as_str().expect("a code")
}

#[test]
fn bodies_of_the_api_without_bounds_cost_no_memory() {
    let cloud = Sandbox::start();
    let json = |body: Vec<u8>| ApiFault::Answer(Canned::new(200, "application/json", body));
    let packed = Canned::new(200, "application/json", bomb(400 * MIB)).header("content-encoding", "gzip");
    let faults = [
        ("large", json([b"{\"id\":\"", &*vec![b'x'; 50 * MIB], b"\"}"].concat())),
        ("endless", ApiFault::Flood(300 << 20)),
        ("deep", json([b"{\"id\":", &*vec![b'['; MIB - 100]].concat())),
        ("deep-objects", json("{\"id\":".repeat(MIB / 8).into_bytes())),
        ("bomb", ApiFault::Answer(packed)),
    ];
    for (id, fault) in &faults {
        cloud.fail_api(ApiCalls::details(id), Times::always(), fault.clone());
    }
    let run = bounded(&cloud, "large endless deep deep-objects bomb");
    for (id, _) in &faults {
        assert_eq!((run.record(id)["outcome"].as_str(), code(&run, id)), (Some("unverified"), "unreadable_answer"));
    }
    assert_eq!(cloud.requests().len(), faults.len(), "none is asked for again");
}

#[test]
fn listings_of_the_store_without_bounds_prove_nothing_and_cost_no_memory() {
    let cloud = Sandbox::start();
    let xml = |body: String| StoreFault::Answer(Canned::new(200, "application/xml", body));
    let listing = |inner: &str| format!("<ListBucketResult><Name>BUCKET</Name>{inner}</ListBucketResult>");
    let entities = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>";
    let packed = Canned::new(200, "application/xml", bomb(400 * MIB)).header("content-encoding", "gzip");
    let faults = [
        ("large", xml(listing(&format!("<Prefix>{}</Prefix>", "x".repeat(50 * MIB))))),
        ("many", xml(listing(&"<Contents><Key>k</Key></Contents>".repeat(MIB / 40)))),
        ("deep", xml("<ListBucketResult>".repeat(MIB / 20))),
        ("entities", xml(format!("{entities}{}", listing("<Prefix>&b;</Prefix>")))),
        ("endless", StoreFault::Endless),
        ("bomb", StoreFault::Answer(packed)),
        ("json", StoreFault::Answer(Canned::new(200, "application/json", "{}"))),
    ];
    for (id, fault) in &faults {
        let recording = Recording { bucket: format!("bucket-{id}"), ..Recording::new(id) };
        cloud.upload(&recording);
        for key in [recording.video_key(), recording.event_key()] {
            cloud.remove_object(&recording.bucket, &key);
        }
        cloud.fail_store(StoreCalls::lists().in_bucket(&recording.bucket), Times::always(), fault.clone());
    }
    let run = bounded(&cloud, "large many deep entities endless bomb json");
    for (id, _) in &faults {
        let outcome = run.record(id)["outcome"].as_str();
        assert_eq!((outcome, code(&run, id)), (Some("unverified"), "absence_unproven"), "{id}");
    }
    assert_eq!(run.code, 3);
}

#[test]
fn a_packed_object_is_read_as_it_came() {
    let cloud = Sandbox::start();
    let recording = Recording::new("r");
    cloud.upload(&recording);
    let packed = Canned::new(200, "video/mp4", bomb(400 * MIB)).header("content-encoding", "gzip");
    let video = StoreCalls::get(&recording.bucket, &recording.video_key());
    cloud.fail_store(video, Times::always(), StoreFault::Impostor(packed));
    let run = bounded(&cloud, "r");
    assert_eq!((run.record("r")["outcome"].as_str(), code(&run, "r")), (Some("unverified"), "unreadable_answer"));
}

#[test]
fn a_field_that_stands_twice_is_no_answer() {
    let cloud = Sandbox::start();
    let record = cloud.upload(&Recording::new("r")).to_string();
    for field in ["id", "size", "video_file_sha256", "obs_bucket", "status"] {
        let twice = format!("{{\"{field}\":null,{}", &record[1..]);
        cloud.set_record_body("r", "application/json", twice);
        let run = bounded(&cloud, "r");
        assert_eq!((run.record("r")["outcome"].as_str(), code(&run, "r")), (Some("unverified"), "unreadable_answer"));
    }
}
