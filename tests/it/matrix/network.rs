//! What is wrong with the way to the store as a whole: names, certificates, proxies, regions, keys, and breaks within headers.

use std::net::TcpListener;

use recverify_sandbox::{
    Authority, Recording, Relay, Sandbox, Service, StoreCalls, StoreFault, Times, TlsFront, Trouble,
};

use super::Tally;
use super::case::{INTACT, Verdict};
use crate::harness::{Call, end, verify};

fn cloud() -> (Sandbox, Recording) {
    let cloud = Sandbox::start();
    let recording = Recording::new("r");
    cloud.upload(&recording);
    (cloud, recording)
}

/// One run of the one recording, which must come to one of these verdicts.
fn tell(call: Call, what: &str, faults: u64, allowed: &[Verdict]) -> Tally {
    let (_, outcome, code) = call.run().verdict("r");
    let fits = allowed.iter().any(|(allowed, reason)| outcome == *allowed && code == *reason);
    let wrong = (!fits).then(|| format!("{what}: {outcome} {code}, allowed are {allowed:?}"));
    Tally { injected: faults, wrong: wrong.into_iter().collect() }
}

fn unverified(call: Call, what: &str, code: &'static str) -> Tally {
    tell(call, what, 1, &[("unverified", code)])
}

/// The store cannot be reached, or not be trusted.
pub(super) fn unreachable(mode: &str) -> Tally {
    let (cloud, _) = cloud();
    let dir = tempfile::tempdir().expect("a directory");
    let authority = Authority::new("matrix authority");
    let pem = dir.path().join("ca.pem");
    std::fs::write(&pem, authority.pem()).expect("written");
    let at = |endpoint: &str| {
        let call = verify(&cloud, "r --read-retries 1 --addressing path --connect-timeout 2s").args(mode);
        call.arg("--ca-bundle").arg(&pem).env("RECVERIFY_OBS_ENDPOINT", endpoint)
    };
    let store = cloud.address(Service::Store);
    let here: &[&str] = &["127.0.0.1"];
    let mut tally = Tally::default();
    let certificates = [
        ("certificate of nobody known", Authority::new("stranger").certificate(here)),
        ("certificate expired", authority.expired(here)),
        ("certificate for another name", authority.certificate(&["obs.example"])),
    ];
    for (what, certificate) in certificates {
        let front = TlsFront::start(store, certificate);
        tally.add(unverified(at(&front.endpoint()), what, "tls"));
    }
    let front = TlsFront::start(store, authority.certificate(here));
    tally.add(tell(at(&front.endpoint()), "a good certificate", 0, &[INTACT]));

    tally.add(unverified(at("https://obs.invalid"), "name that does not resolve", "connection"));
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    tally.add(unverified(at(&format!("http://{nobody}")), "nobody listens", "connection"));
    let proxied = at("https://192.0.2.1").env("HTTPS_PROXY", &format!("http://{nobody}"));
    tally.add(unverified(proxied, "proxy down", "connection"));
    cloud.set_store_region("cn-north-4");
    tally.add(unverified(at(&cloud.obs_endpoint()), "wrong region", "wrong_region"));
    tally
}

/// Answers broken at bytes of their head, and just behind it, on the line itself.
pub(super) fn heads(mode: &str) -> Tally {
    let mut tally = Tally::default();
    let (cloud, recording) = cloud();
    for at in [0, 1, 8, 9, 12, 14, 15, 40, 90, 150, 220] {
        for trouble in [Trouble::Close, Trouble::Reset] {
            let relay = Relay::start(cloud.address(Service::Store));
            relay.disturb(&recording.video_name, at, trouble);
            let call = verify(&cloud, "r").args(mode).env("RECVERIFY_OBS_ENDPOINT", &relay.endpoint());
            tally.add(tell(call, &format!("{trouble:?} at {at}"), 0, &[INTACT]));
            tally.injected += u64::from(relay.struck());
        }
    }
    tally
}

/// Keys that end in the middle of a batch: what was read before stays, nothing is accused.
pub(super) fn expiring(mode: &str) -> Tally {
    let cloud = Sandbox::start();
    let ids = ["a", "b", "c", "d", "e", "f"];
    let recordings = ids.map(Recording::new);
    for recording in &recordings {
        cloud.upload(recording);
    }
    // Held at its first byte, so that the keys end between one request and the next.
    let third = StoreCalls::get(&recordings[2].bucket, &recordings[2].video_key());
    cloud.fail_store(third, Times::once(), StoreFault::HoldAfter(1));
    let child = verify(&cloud, "a b c d e f --concurrency 1").args(mode).spawn();
    let key = recordings[2].video_key();
    cloud.wait_for(|seen| seen.iter().any(|seen| seen.path.ends_with(&key)));
    cloud.expire_credentials();
    cloud.release();
    let ended = end(child);
    let mut tally = Tally { injected: 1, wrong: Vec::new() };
    for (at, id) in ids.iter().enumerate() {
        let (_, outcome, code) = ended.verdict(id);
        let right = match at {
            0 | 1 => outcome == "intact",
            // Under way when the keys ended; its other object may have been asked for before or after that.
            2 if outcome == "intact" => true,
            _ => outcome == "unverified" && code == "unauthorized",
        };
        if !right {
            tally.wrong.push(format!("keys end in a batch, {id}: {outcome} {code}"));
        }
    }
    tally
}
