//! Versions as a real store has them: Ceph's radosgw, where `RECVERIFY_RADOSGW` names its endpoint.

use std::process::Command;

use recverify_sandbox::{Recording, Sandbox, TOKEN};

use crate::check::{Checked, checked, text};
use crate::harness::verify;
use crate::radosgw::server::OWNER;

/// A bucket of a real store with the objects of a recording whose record the sandbox has.
struct Real {
    endpoint: String,
    key: String,
    secret: String,
    cloud: Sandbox,
    recording: Recording,
}

impl Real {
    /// With the bucket's versioning in this state, or never touched.
    #[expect(clippy::print_stderr, reason = "a test that did not run must not look like one that did")]
    fn start(bucket: &str, versioning: Option<&str>) -> Option<Self> {
        let Ok(endpoint) = std::env::var("RECVERIFY_RADOSGW") else {
            eprintln!("skipped: RECVERIFY_RADOSGW names no server; tests/radosgw/up starts one");
            return None;
        };
        let (key, secret) = (OWNER.0.to_owned(), OWNER.1.to_owned());
        let bucket = format!("recverify-{bucket}-{}", std::process::id());
        let recording = Recording { bucket, ..Recording::new("r") };
        let cloud = Sandbox::start();
        cloud.upload(&recording);
        let real = Self { endpoint, key, secret, cloud, recording };
        real.ask("PUT", "", "", b"");
        if let Some(state) = versioning {
            real.set_versioning(state);
        }
        real.put(&real.recording.video_key(), &real.recording.video);
        real.put(&real.recording.event_key(), &real.recording.event);
        Some(real)
    }

    fn ask(&self, method: &str, key: &str, query: &str, body: &[u8]) -> String {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("body"), body).unwrap();
        let url = format!("{}/{}/{key}{query}", self.endpoint, self.recording.bucket);
        let url = url.trim_end_matches('/');
        let user = format!("{}:{}", self.key, self.secret);
        let digest = format!("x-amz-content-sha256: {}", crate::check::sha256(body));
        let ended = Command::new("curl")
            .args([
                "-sS",
                "--fail-with-body",
                "-i",
                "-X",
                method,
                "--aws-sigv4",
                "aws:amz:us-east-1:s3",
                "--user",
                &user,
            ])
            .args(["-H", &digest, "--data-binary", "@body", "-H", "Content-Type: application/octet-stream", url])
            .current_dir(dir.path())
            .output()
            .expect("curl is there");
        let out = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(ended.status.success(), "{method} {url}: {out}{}", String::from_utf8_lossy(&ended.stderr));
        out
    }

    fn put(&self, key: &str, body: &[u8]) -> String {
        version_id(&self.ask("PUT", key, "", body))
    }

    fn set_versioning(&self, state: &str) {
        let body = format!("<VersioningConfiguration><Status>{state}</Status></VersioningConfiguration>");
        self.ask("PUT", "", "?versioning=", body.as_bytes());
    }

    fn check(&self, words: &str) -> Checked {
        let call = verify(&self.cloud, words)
            .env("RECVERIFY_OBS_ENDPOINT", &self.endpoint)
            .env("RECVERIFY_OBS_REGION", "us-east-1")
            .env("RECVERIFY_AUTH_TOKEN", TOKEN)
            .env("HUAWEICLOUD_SDK_AK", &self.key)
            .env("HUAWEICLOUD_SDK_SK", &self.secret);
        checked(call)
    }

    /// Outcome, version with the declared bytes, number of versions, and the words without their times.
    fn told(&self) -> (String, String, u64, String) {
        let checked = self.check("r");
        let versions = &checked.object("r", "video")["versions"];
        let message = text(&versions["message"]);
        let words: Vec<_> = message.split(' ').map(|word| if is_time(word) { "TIME" } else { word }).collect();
        let outcome = text(&checked.record("r")["outcome"]).to_owned();
        let found = text(&versions["declared_bytes_in"]).to_owned();
        (outcome, found, versions["total"].as_u64().unwrap_or_default(), words.join(" ").replace("TIME;", "TIME"))
    }
}

fn is_time(word: &str) -> bool {
    word.trim_end_matches(';').ends_with('Z') && word.starts_with("20")
}

fn version_id(answer: &str) -> String {
    let line = answer.lines().find(|line| line.to_ascii_lowercase().starts_with("x-amz-version-id:"));
    line.and_then(|line| line.split_once(':')).map(|(_, id)| id.trim().to_owned()).unwrap_or_default()
}

fn told(outcome: &str, found: &str, total: u64, words: &str) -> (String, String, u64, String) {
    (outcome.to_owned(), found.to_owned(), total, words.to_owned())
}

/// As long as the video, so that it may be it.
fn other(recording: &Recording, byte: u8) -> Vec<u8> {
    vec![byte; recording.video.len()]
}

#[test]
fn overwritten_once_and_three_times() {
    let Some(real) = Real::start("overwritten", Some("Enabled")) else { return };
    let key = real.recording.video_key();
    let good = real.put(&key, &real.recording.video);
    real.put(&key, &other(&real.recording, b'1'));
    let words = format!("the declared bytes survive as version {good} of TIME the current version was written at TIME");
    assert_eq!(real.told(), told("altered", &good, 3, &words));
    real.put(&key, &other(&real.recording, b'2'));
    real.put(&key, b"of another length");
    assert_eq!(real.told(), told("altered", &good, 5, &words));
}

#[test]
fn deleted_by_a_marker() {
    let Some(real) = Real::start("marker", Some("Enabled")) else { return };
    let key = real.recording.video_key();
    let good = real.put(&key, &real.recording.video);
    real.ask("DELETE", &key, "", b"");
    let words = format!("the declared bytes survive as version {good} of TIME it was deleted at TIME");
    assert_eq!(real.told(), told("missing", &good, 3, &words));
}

#[test]
fn the_version_with_the_declared_bytes_is_gone() {
    let Some(real) = Real::start("gone", Some("Enabled")) else { return };
    let key = real.recording.video_key();
    let listed = real.ask("GET", "", "?versions=", b"");
    let first = listed.split("<Key>").find(|entry| entry.starts_with(&key)).expect("it is listed");
    let first = first.split("<VersionId>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    real.put(&key, &other(&real.recording, b'1'));
    real.put(&key, &other(&real.recording, b'2'));
    real.ask("DELETE", &key, &format!("?versionId={first}"), b"");
    let words = "the bucket has 1 other version of it; 1 of a length that fits were read, and none has the declared bytes; \
                 the current version was written at TIME";
    assert_eq!(real.told(), told("altered", "", 2, words));
}

#[test]
fn versioning_suspended_leaves_what_was_written_before_and_one_without_an_id() {
    let Some(real) = Real::start("suspended", Some("Enabled")) else { return };
    let key = real.recording.video_key();
    let good = real.put(&key, &real.recording.video);
    real.set_versioning("Suspended");
    real.put(&key, &other(&real.recording, b'1'));
    let words = format!("the declared bytes survive as version {good} of TIME the current version was written at TIME");
    assert_eq!(real.told(), told("altered", &good, 3, &words));
}

#[test]
fn written_before_versioning_it_survives_as_the_null_version() {
    let Some(real) = Real::start("null", None) else { return };
    real.set_versioning("Enabled");
    real.put(&real.recording.video_key(), &other(&real.recording, b'1'));
    let words = "the declared bytes survive as version null of TIME the current version was written at TIME";
    assert_eq!(real.told(), told("altered", "null", 2, words));
}

#[test]
fn without_versioning_there_is_no_other_version() {
    let Some(real) = Real::start("unversioned", None) else { return };
    real.put(&real.recording.video_key(), &other(&real.recording, b'1'));
    let words = "the bucket has no other version of it; the current version was written at TIME";
    assert_eq!(real.told(), told("altered", "", 1, words));
}

#[test]
fn without_leave_to_list_versions_that_is_said_and_the_verdict_stands() {
    let Some(real) = Real::start("denied", Some("Enabled")) else { return };
    real.put(&real.recording.video_key(), &other(&real.recording, b'1'));
    let policy = format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Deny\",\"Principal\":\"*\",\
         \"Action\":[\"s3:ListBucketVersions\",\"s3:ListBucket\"],\"Resource\":\"arn:aws:s3:::{}\"}}]}}",
        real.recording.bucket
    );
    real.ask("PUT", "", "?policy=", policy.as_bytes());
    let words = "its versions could not be listed: there is no leave to; grant obs:bucket:ListBucketVersions";
    assert_eq!(real.told(), told("altered", "", 0, words));
}
