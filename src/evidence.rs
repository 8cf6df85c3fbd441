//! What was established about records and objects: data only, in the shape of the report `recverify/report/v1`.

mod api;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

pub use api::{Answer, ApiCall};

use crate::fixity::{Code, Fits, Outcome, Sha256Digest, SizeRule};
use crate::record::{Record, RecordId, Role};
pub use crate::time::{millis, millis_opt, report_time};

/// Everything one run established about one record.
#[derive(Debug, Clone, Serialize)]
pub struct RecordReport {
    /// The id that was asked for.
    pub record_id: RecordId,
    /// The gravest of its objects and of what the record itself says.
    pub outcome: Outcome,
    /// Why it is not intact; that of its gravest object, or of the record itself.
    pub reason: Option<Reason>,
    /// What is worth a look although it decided nothing.
    pub warnings: Vec<Warning>,
    /// The declared size and what it fitted.
    pub declared_size: SizeReport,
    /// The record as parsed; `None` when it could not be had.
    pub record: Option<Record>,
    /// The very answer of the API; `None` when there was none.
    pub answer: Option<Answer>,
    /// Every request to the API about it, in order; the answer to the last one is `answer`.
    pub calls: Vec<ApiCall>,
    /// What earlier runs established about it; `None` without a ledger, and for a record new to it.
    pub history: Option<History>,
    /// Who has answered for this very state; `None` for any other.
    pub acknowledged: Option<Acknowledged>,
    /// The objects, in the order video, event; empty when none was looked for.
    pub objects: Vec<ObjectReport>,
}

/// What the ledger knew of a record before this run, and what this run adds to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct History {
    /// When a listing or a verification first met it.
    #[serde(serialize_with = "millis")]
    pub first_seen_at: Timestamp,
    /// When it was last found intact.
    #[serde(serialize_with = "millis_opt")]
    pub last_intact_at: Option<Timestamp>,
    /// In which run.
    pub last_intact_run: Option<String>,
    /// Since when it has not been found intact; `None` while it is.
    #[serde(serialize_with = "millis_opt")]
    pub first_not_intact_at: Option<Timestamp>,
    /// How many runs have not found it intact since then, this one included; 0 while it is.
    pub nights: u64,
}

/// That somebody has answered for the state of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acknowledged {
    /// When.
    #[serde(serialize_with = "millis")]
    pub at: Timestamp,
    /// Who.
    pub operator: String,
    /// Why, in their words.
    pub note: String,
}

/// Everything one run established about one object.
#[derive(Debug, Clone, Serialize)]
pub struct ObjectReport {
    /// Which file of the recording it is.
    pub role: Role,
    /// The host and port asked for it; `None` when the store was not asked.
    pub host: Option<String>,
    /// Its bucket, where the record names a usable one.
    pub bucket: Option<String>,
    /// The bucket the record names, where another one was read in its place.
    pub declared_bucket: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// The answer for this object.
    pub outcome: Outcome,
    /// Why it is not intact.
    pub reason: Option<Reason>,
    /// The declared digest, exactly as the record has it.
    pub declared_sha256: Option<String>,
    /// The digest of what was read, once a read came to its end; only the outcome says what it proves.
    pub observed_sha256: Option<Sha256Digest>,
    /// How many bytes were read in order before the read ended, whole or not; `None` when none was begun.
    pub observed_bytes: Option<u64>,
    /// The change token the store gave; never a digest.
    pub etag: Option<String>,
    /// The version that was read, in versioned buckets.
    pub version_id: Option<String>,
    /// When the store says it was last written.
    pub last_modified: Option<String>,
    /// How it is kept, as the headers of the first answer say.
    #[serde(flatten)]
    pub keeping: Keeping,
    /// When the first request for it was made.
    #[serde(serialize_with = "millis_opt")]
    pub started_at: Option<Timestamp>,
    /// When its outcome was known.
    #[serde(serialize_with = "millis_opt")]
    pub finished_at: Option<Timestamp>,
    /// Every request for its bytes, in order, both reads included.
    pub attempts: Vec<Attempt>,
    /// Every request that looked for it and took none of its bytes, in order.
    pub lookups: Vec<Lookup>,
    /// The versions the bucket has of it, where it was altered or missing and they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<Versions>,
}

/// What a look at the versions of an object came to. It changes no outcome: what is under the key is what counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// How many the bucket has, delete markers included; `None` where it did not say.
    pub total: Option<u64>,
    /// In words: what survives, or why nobody knows.
    pub message: String,
    /// The version that has the declared bytes, if one that was hashed has.
    pub declared_bytes_in: Option<String>,
    /// The newest of them, newest first; all that were hashed are among them.
    pub listed: Vec<Version>,
    /// Bytes that were read of them.
    pub bytes_read: u64,
}

/// One version of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Its id; `null` for one that was written without versioning.
    pub version_id: String,
    /// Its length; none for a delete marker.
    pub size: Option<u64>,
    /// Its change token.
    pub etag: Option<String>,
    /// When it was written, in RFC 3339.
    pub last_modified: Option<String>,
    /// Whether it is the one under the plain key.
    pub is_latest: bool,
    /// Whether it says that the object was deleted, and holds nothing.
    pub delete_marker: bool,
    /// The digest of its bytes, if all of it was read.
    pub observed_sha256: Option<Sha256Digest>,
    /// Why it could not be read, if so.
    pub error: Option<AttemptError>,
}

/// One request that looked for an object and took none of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lookup {
    /// How it was looked for.
    pub by: LookupBy,
    /// Why it gave no answer to the question; `None` when it did.
    pub error: Option<AttemptError>,
    /// HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// The store's own id of the request.
    pub request_id: Option<String>,
    /// When it was sent.
    #[serde(serialize_with = "millis")]
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(serialize_with = "millis")]
    pub finished_at: Timestamp,
}

/// How an object is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LookupBy {
    /// A HEAD of it.
    Head,
    /// A GET of which the head alone was taken, where a HEAD does not say enough.
    Get,
    /// A listing of its bucket from its key on.
    List,
}

/// How the store keeps an object, in headers of either dialect (`x-amz-…`, `x-obs-…`) by their names and as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Keeping {
    /// Its storage class; a store says nothing of the standard one.
    pub storage_class: Option<String>,
    /// How it is encrypted at rest.
    pub encryption: BTreeMap<String, String>,
    /// Until when and how it is kept from being changed or deleted, and when it expires.
    pub retention: BTreeMap<String, String>,
}

/// One request for bytes of an object.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// The offset the bytes were asked from.
    pub from: u64,
    /// How many bytes this request brought.
    pub bytes: u64,
    /// Why it ended before the object did; `None` when it brought the last byte.
    pub error: Option<AttemptError>,
    /// HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// The store's own id of the request, for its support staff.
    pub request_id: Option<String>,
    /// When it was sent.
    #[serde(serialize_with = "millis")]
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(serialize_with = "millis")]
    pub finished_at: Timestamp,
}

/// How a request ended badly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptError {
    /// The code the outcome would have if nothing better followed.
    pub code: Code,
    /// In words.
    pub message: String,
}

/// Why an outcome is not intact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// For machines.
    pub code: Code,
    /// For people: one sentence, without a full stop.
    pub message: String,
    /// What the service itself said, when it answered with an error.
    pub api: Option<ServiceAnswer>,
}

/// An error as a service (the API or the store) put it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ServiceAnswer {
    /// HTTP status.
    pub status: Option<u16>,
    /// The service's code.
    pub error_code: Option<String>,
    /// The service's words.
    pub error_msg: Option<String>,
    /// The reason of a refusal, encrypted; STS can decode it for its owner.
    pub encoded_authorization_message: Option<String>,
    /// The service's id of the request, for its support staff.
    pub request_id: Option<String>,
}

/// Something worth a look that decided nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// For machines.
    pub code: Code,
    /// For people.
    pub message: String,
}

/// The declared size, the rule it was held against, and what it fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SizeReport {
    /// As declared; `None` when absent or malformed.
    pub bytes: Option<u64>,
    /// The rule in force.
    pub rule: SizeRule,
    /// What it fitted; `None` when it was not compared.
    pub fits: Option<Fits>,
}

impl Reason {
    /// A reason no service had a word in.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), api: None }
    }
}

impl Warning {
    /// A warning.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl ObjectReport {
    /// The observed length, if the whole object was read.
    #[must_use]
    pub fn whole_bytes(&self) -> Option<u64> {
        self.observed_sha256.and(self.observed_bytes)
    }

    /// How many bytes came over the network for it, repeated ones included.
    #[must_use]
    pub fn transferred(&self) -> u64 {
        let of_versions = self.versions.as_ref().map_or(0, |versions| versions.bytes_read);
        self.attempts.iter().map(|attempt| attempt.bytes).sum::<u64>() + of_versions
    }
}
