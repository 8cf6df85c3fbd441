//! The real server as a test holds it: a bucket of its own, what is in it, and a sandbox whose API declares it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use recverify_sandbox::{ACCESS_KEY, Recording, Relay, Sandbox};
use uuid::Uuid;

use crate::harness::{Call, verify};

/// Keys of the owner of all buckets, and of somebody who owns none.
pub(crate) const OWNER: (&str, &str) = ("RECVERIFYKEY", "recverify-radosgw-MUST-NOT-APPEAR");
pub(super) const GUEST: (&str, &str) = ("GUESTKEY", "guest-radosgw-MUST-NOT-APPEAR");

/// A bucket of the real store, and a Workspace API of its own.
pub(super) struct Real {
    pub(super) cloud: Sandbox,
    pub(super) endpoint: String,
    pub(super) bucket: String,
}

impl Real {
    /// A new bucket on the server that `RECVERIFY_RADOSGW` names; `None`, and a line that says so, where it names none.
    #[expect(clippy::print_stderr, reason = "a test that did not run must not look like one that did")]
    pub(super) fn start() -> Option<Self> {
        let Ok(endpoint) = std::env::var("RECVERIFY_RADOSGW") else {
            eprintln!("skipped: RECVERIFY_RADOSGW names no server; tests/radosgw/up starts one");
            return None;
        };
        let real = Self { cloud: Sandbox::start(), endpoint, bucket: format!("b-{}", Uuid::now_v7()) };
        real.send("PUT", "", b"");
        Some(real)
    }

    /// The same, and its objects have versions.
    pub(super) fn versioned() -> Option<Self> {
        let real = Self::start()?;
        let enabled = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                       <Status>Enabled</Status></VersioningConfiguration>";
        real.send("PUT", "?versioning=", enabled.as_bytes());
        Some(real)
    }

    /// A request of the owner, by a client that shares nothing with the program.
    fn send(&self, method: &str, rest: &str, body: &[u8]) {
        let mut curl = Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--output", "/dev/null", "--request", method])
            .args(["--aws-sigv4", "aws:amz:eu-west-101:s3", "--user", &format!("{}:{}", OWNER.0, OWNER.1)])
            .args(["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"])
            .args(["--header", "Content-Type: application/octet-stream", "--data-binary", "@-"])
            .arg(format!("{}/{}{rest}", self.endpoint, self.bucket))
            .stdin(Stdio::piped())
            .spawn()
            .expect("curl is installed");
        curl.stdin.take().expect("a pipe").write_all(body).expect("curl takes the body");
        assert!(curl.wait().expect("curl ends").success(), "{method} {rest}");
    }

    pub(super) fn put(&self, key: &str, content: &[u8]) {
        self.send("PUT", &format!("/{key}"), content);
    }

    pub(super) fn remove(&self, key: &str) {
        self.send("DELETE", &format!("/{key}"), b"");
    }

    /// Lets the guest read objects, and nothing else.
    pub(super) fn let_guest_read(&self) {
        let policy = format!(
            "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":\
             {{\"AWS\":[\"arn:aws:iam:::user/guest\"]}},\"Action\":[\"s3:GetObject\"],\
             \"Resource\":[\"arn:aws:s3:::{}/*\"]}}]}}",
            self.bucket
        );
        self.send("PUT", "?policy=", policy.as_bytes());
    }

    /// Uploads both files of a recording and declares them truly.
    pub(super) fn upload(&self, recording: Recording) -> Recording {
        let recording = Recording { bucket: self.bucket.clone(), ..recording };
        self.put(&recording.video_key(), &recording.video);
        self.put(&recording.event_key(), &recording.event);
        // The sandbox's own copy is never asked for: the store is the real one.
        self.cloud.upload(&recording);
        recording
    }

    /// A relay before the store.
    pub(super) fn relay(&self) -> Relay {
        Relay::start(self.endpoint.trim_start_matches("http://").parse().expect("an address"))
    }

    /// A verification with the owner's keys.
    pub(super) fn verify(&self, words: &str) -> Call {
        self.verify_as(OWNER, words)
    }

    /// The API is shown a token, so that keys are the store's alone.
    pub(super) fn verify_as(&self, (id, secret): (&str, &str), words: &str) -> Call {
        assert_ne!(id, ACCESS_KEY, "the real store knows its own users only");
        let call = verify(&self.cloud, words).env("RECVERIFY_AUTH_TOKEN", recverify_sandbox::TOKEN);
        let call = call.env("HUAWEICLOUD_SDK_AK", id).env("HUAWEICLOUD_SDK_SK", secret);
        call.env("RECVERIFY_OBS_ENDPOINT", &self.endpoint)
    }
}
