//! A record: one screen recording as the Workspace API describes it, and what its strings mean to us.
//!
//! Decoding is lenient, meaning is strict: whatever the service sent is kept, and only what is well formed counts as
//! declared. Sources: *Querying Screen Recording Details* of the Workspace API reference.

mod bucket_map;
mod criteria;
mod id;
mod location;
mod time;

use std::fmt;

use serde::Serialize;
use serde_json::Value;

pub use bucket_map::{Moved, MovedError, moved_to};
pub use criteria::Criteria;
pub use id::{RecordId, RecordIdError};
pub use location::{BucketNameError, Location, LocationError, check_bucket_name};
pub use time::{list_time, service_time};

use crate::fixity::{DigestError, Sha256Digest};

/// Which of the two files of a recording an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The recording itself.
    Video,
    /// The events noted beside it.
    Event,
}

impl Role {
    /// Both, in the order they are reported.
    pub const BOTH: [Self; 2] = [Self::Video, Self::Event];

    /// The file of the pair that this one is not.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Video => Self::Event,
            Self::Event => Self::Video,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Video => "video",
            Self::Event => "event",
        })
    }
}

/// A record as it was answered. Field names are the API's; an absent or null field is `None`.
///
/// Text fields that came as another JSON type hold that JSON, so that nothing is lost and nothing malformed passes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Record {
    /// Primary key of the record.
    pub id: Option<String>,
    /// Desktop the recording was made on.
    pub desktop_id: Option<String>,
    /// Its name.
    pub desktop_name: Option<String>,
    /// The pool it belongs to.
    pub desktop_pool_id: Option<String>,
    /// Who was logged in.
    pub username: Option<String>,
    /// Size in bytes; which file it measures is undocumented.
    pub size: Option<Value>,
    /// FULL, INTERVAL, OPERATION, SESSION; an open set.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// RECORDING to `UPLOAD_COMPLETED`; an open set.
    pub status: Option<String>,
    /// The policy that made the recording.
    pub policy_id: Option<String>,
    /// OBS bucket.
    pub obs_bucket: Option<String>,
    /// Directory inside the bucket.
    pub file_directory: Option<String>,
    /// Name of the video file.
    pub video_filename: Option<String>,
    /// Its SHA-256.
    pub video_file_sha256: Option<String>,
    /// Name of the event file.
    pub event_filename: Option<String>,
    /// Its SHA-256.
    pub event_file_sha256: Option<String>,
    /// When the recording began, UTC, as written by the service.
    pub start_time: Option<String>,
    /// When it ended.
    pub end_time: Option<String>,
    /// When the record last changed.
    pub update_time: Option<String>,
    /// Length of the video in seconds.
    pub duration: Option<Value>,
}

/// What a record declares about the digest of one of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeclaredDigest {
    /// Absent, null or empty.
    Absent,
    /// There is a text, but it is no SHA-256 digest.
    Malformed(DigestError),
    /// A digest to compare with.
    Sha256(Sha256Digest),
}

/// What a record declares about its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredSize {
    /// Absent or null.
    Absent,
    /// Negative, fractional, beyond 64 bits, or no number.
    Malformed,
    /// Bytes.
    Bytes(u64),
}

impl DeclaredSize {
    /// The bytes, where there is a number of them.
    #[must_use]
    pub const fn bytes(self) -> Option<u64> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Absent | Self::Malformed => None,
        }
    }
}

/// What the status of a record means for reading its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// The files should be in the bucket.
    Uploaded,
    /// The status is none that is documented; the files are looked for all the same.
    Unknown,
    /// The files are not there yet.
    NotUploaded,
    /// Recording or upload failed; there is nothing to look for.
    Failed,
}

impl Record {
    /// What the status says: absent counts as uploaded, since the API may leave any field out.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        match self.status.as_deref() {
            None | Some("UPLOAD_COMPLETED") => Readiness::Uploaded,
            Some("RECORDING" | "REC_COMPLETED" | "UPLOADING") => Readiness::NotUploaded,
            Some("REC_FAILED" | "UPLOAD_FAILED") => Readiness::Failed,
            Some(_) => Readiness::Unknown,
        }
    }

    /// The digest declared for a file, as text, exactly as it was sent.
    #[must_use]
    pub fn digest_text(&self, role: Role) -> Option<&str> {
        let text = match role {
            Role::Video => self.video_file_sha256.as_deref(),
            Role::Event => self.event_file_sha256.as_deref(),
        };
        text.filter(|text| !text.is_empty())
    }

    /// The digest declared for a file.
    #[must_use]
    pub fn digest(&self, role: Role) -> DeclaredDigest {
        match self.digest_text(role).map(str::parse) {
            None => DeclaredDigest::Absent,
            Some(Ok(digest)) => DeclaredDigest::Sha256(digest),
            Some(Err(error)) => DeclaredDigest::Malformed(error),
        }
    }

    /// The one declared size.
    #[must_use]
    pub fn declared_size(&self) -> DeclaredSize {
        match &self.size {
            None => DeclaredSize::Absent,
            Some(value) => value.as_u64().map_or(DeclaredSize::Malformed, DeclaredSize::Bytes),
        }
    }

    /// Where a file lies: the places it may be at, likeliest first.
    pub fn location(&self, role: Role) -> Result<Location, LocationError> {
        Location::new(self.obs_bucket.as_deref(), self.file_directory.as_deref(), self.filename(role))
    }

    /// The name declared for a file.
    #[must_use]
    pub fn filename(&self, role: Role) -> Option<&str> {
        match role {
            Role::Video => self.video_filename.as_deref(),
            Role::Event => self.event_filename.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_documented_status_is_sorted_and_the_rest_is_unknown() {
        use Readiness::*;
        let cases = [
            (None, Uploaded),
            (Some("UPLOAD_COMPLETED"), Uploaded),
            (Some("RECORDING"), NotUploaded),
            (Some("REC_COMPLETED"), NotUploaded),
            (Some("UPLOADING"), NotUploaded),
            (Some("REC_FAILED"), Failed),
            (Some("UPLOAD_FAILED"), Failed),
            (Some("upload_completed"), Unknown),
            (Some(""), Unknown),
        ];
        for (status, readiness) in cases {
            let record = Record { status: status.map(str::to_owned), ..Record::default() };
            assert_eq!(record.readiness(), readiness, "{status:?}");
        }
    }

    #[test]
    fn only_a_plain_unsigned_number_is_a_size() {
        let cases = [
            (None, DeclaredSize::Absent),
            (Some(json!(0)), DeclaredSize::Bytes(0)),
            (Some(json!(u64::MAX)), DeclaredSize::Bytes(u64::MAX)),
            (Some(json!(-1)), DeclaredSize::Malformed),
            (Some(json!(1.5)), DeclaredSize::Malformed),
            (Some(json!(4262.0)), DeclaredSize::Malformed),
            (Some(json!(1e30)), DeclaredSize::Malformed),
            (Some(json!("4262")), DeclaredSize::Malformed),
            (Some(json!([])), DeclaredSize::Malformed),
        ];
        for (size, declared) in cases {
            let record = Record { size: size.clone(), ..Record::default() };
            assert_eq!(record.declared_size(), declared, "{size:?}");
        }
    }

    #[test]
    fn an_empty_digest_is_an_absent_one_and_a_blank_one_is_malformed() {
        let mut record = Record { video_file_sha256: Some(String::new()), ..Record::default() };
        assert_eq!(record.digest(Role::Video), DeclaredDigest::Absent);
        assert_eq!(record.digest(Role::Event), DeclaredDigest::Absent);
        record.event_file_sha256 = Some(" ".to_owned());
        assert_eq!(record.digest(Role::Event), DeclaredDigest::Malformed(DigestError::Length(1)));
    }
}
