//! One cell of the matrix: what is true of a recording, what happens to the reading of it, what may be said of it.

use bytes::Bytes;
use recverify_sandbox::{Recording, Sandbox, StoreCalls, StoreFault, Times};
use serde_json::Value;

/// What is in the bucket in place of the video whose digest is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// That very video.
    Right,
    /// One of the same length that differs in its last byte.
    Altered,
    /// Nothing.
    Missing,
    /// A delete marker.
    Marked,
    /// The video, but no digest of it is declared.
    Undeclared,
}

/// What strikes requests for the video.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) calls: StoreCalls,
    pub(super) times: Times,
    pub(super) kind: StoreFault,
}

/// One answer that may be given: outcome of the record, and code of its reason (empty where it is intact).
pub(super) type Verdict = (&'static str, &'static str);

pub(super) const INTACT: Verdict = ("intact", "");

/// A recording with its truth, its faults and the only verdicts that are right.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) truth: Truth,
    pub(super) faults: Vec<Fault>,
    pub(super) allowed: Vec<Verdict>,
}

/// Length of every video: two parts and a half.
pub(super) const LENGTH: u64 = 2500;

/// The bucket of cases whose object is overwritten or deleted; its objects have versions.
pub(super) const VERSIONED: &str = "wks-versioned";

pub(super) fn video(name: &str) -> Bytes {
    let length = usize::try_from(LENGTH).expect("small");
    name.bytes().chain((0..=250).cycle()).take(length).collect()
}

/// The same but for one byte.
pub(super) fn altered_at(bytes: &Bytes, at: usize) -> Bytes {
    let mut altered = bytes.to_vec();
    altered[at] ^= 0x80;
    altered.into()
}

impl Case {
    pub(super) fn new(name: String, truth: Truth, faults: Vec<Fault>, allowed: &[Verdict]) -> Self {
        Self { name, truth, faults, allowed: allowed.to_vec() }
    }

    fn recording(&self) -> Recording {
        let versioned = self.name.starts_with("versioned") || self.truth == Truth::Marked;
        let bucket = if versioned { VERSIONED } else { "wks-recordings" }.to_owned();
        Recording { bucket, video: video(&self.name), ..Recording::new(&self.name) }
    }

    /// Puts record, object and faults into the cloud.
    pub(super) fn install(&self, cloud: &Sandbox) {
        let recording = self.recording();
        let (bucket, key) = (recording.bucket.as_str(), recording.video_key());
        let mut record = cloud.upload(&recording);
        match self.truth {
            Truth::Right => {}
            Truth::Altered => {
                let last = recording.video.len() - 1;
                cloud.put_object(bucket, &key, altered_at(&recording.video, last));
            }
            Truth::Missing | Truth::Marked => drop(cloud.remove_object(bucket, &key)),
            Truth::Undeclared => record["video_file_sha256"] = Value::Null,
        }
        cloud.add_record(&self.name, record);
        for Fault { calls, times, kind } in &self.faults {
            cloud.fail_store(calls.clone().of(bucket, &key), *times, kind.clone());
        }
    }

    /// What is wrong with what was said of it, if anything is.
    pub(super) fn judge(&self, record: &Value) -> Option<String> {
        let said = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let verdict = (said(&record["outcome"]), said(&record["reason"]["code"]));
        let fits = self.allowed.iter().any(|(outcome, code)| verdict == ((*outcome).to_owned(), (*code).to_owned()));
        (!fits).then(|| format!("{}: {verdict:?}, allowed are {:?}: {record:#}", self.name, self.allowed))
    }
}
