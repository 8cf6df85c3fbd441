//! Faults on demand: which calls they strike and what they do to the answer.

use std::time::Duration;

use bytes::Bytes;
use http::Method;

use crate::canned::Canned;

/// Calls of the Workspace API a fault strikes. Only calls that were authenticated count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiCalls {
    /// Every call.
    Any,
    /// The details of one record.
    Details(String),
    /// The details of any record.
    AnyDetails,
    /// The list call.
    List,
}

impl ApiCalls {
    /// The details of one record.
    pub fn details(record_id: &str) -> Self {
        Self::Details(record_id.to_owned())
    }
}

/// Calls of IAM and of the metadata service a fault strikes. Only calls that were authenticated count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessCalls {
    /// IAM's projects.
    Projects,
    /// IAM's temporary keys for a token.
    Exchange,
    /// The session token of the metadata service.
    Session,
    /// The keys of the agency.
    Agency,
}

/// What becomes of a call of the Workspace API, of IAM or of the metadata service.
#[derive(Debug, Clone)]
pub enum ApiFault {
    /// This answer instead of the true one.
    Answer(Canned),
    /// The connection is closed before the answer.
    Close,
    /// The connection is reset before the answer.
    Reset,
    /// No answer ever comes; the connection stays open.
    Stall,
    /// The true answer, held back until [`Sandbox::release`](crate::Sandbox::release).
    Hold,
    /// The true answer, this much later.
    Delay(Duration),
    /// The true answer, its body broken off after so many bytes.
    Cut(u64),
    /// 200 with so many bytes of JSON that never closes its first string; no length is announced.
    Flood(u64),
    /// The true answer, its body packed with gzip and marked so, asked for or not.
    Gzip,
}

/// Requests to the store a fault strikes. Only requests that were authenticated count.
#[derive(Debug, Clone, Default)]
pub struct StoreCalls {
    pub(crate) method: Option<Method>,
    pub(crate) bucket: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) listing: Option<bool>,
    pub(crate) ranged: Option<bool>,
}

impl StoreCalls {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// GET of any object.
    pub fn gets() -> Self {
        Self { method: Some(Method::GET), listing: Some(false), ..Self::default() }
    }

    /// GET of one object.
    pub fn get(bucket: &str, key: &str) -> Self {
        Self::gets().of(bucket, key)
    }

    /// HEAD of any object.
    pub fn heads() -> Self {
        Self { method: Some(Method::HEAD), ..Self::default() }
    }

    /// Listings of any bucket.
    pub fn lists() -> Self {
        Self { method: Some(Method::GET), listing: Some(true), ..Self::default() }
    }

    /// Only those for this object.
    #[must_use]
    pub fn of(self, bucket: &str, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.in_bucket(bucket) }
    }

    /// Only those for this bucket and what is in it.
    #[must_use]
    pub fn in_bucket(self, bucket: &str) -> Self {
        Self { bucket: Some(bucket.to_owned()), ..self }
    }

    /// Only those with a `Range`.
    #[must_use]
    pub fn ranged(self) -> Self {
        Self { ranged: Some(true), ..self }
    }

    /// Only those without a `Range`.
    #[must_use]
    pub fn unranged(self) -> Self {
        Self { ranged: Some(false), ..self }
    }
}

/// What becomes of a request to the store.
///
/// Offsets called *of the answer* count from its first body byte; *of the object* from the object's first byte,
/// wherever the answer begins. A fault that needs something of the answer (a body, a range, a condition in the
/// request) strikes, and is counted, only where that is there.
#[derive(Debug, Clone)]
pub enum StoreFault {
    /// An S3 error. Retry-After in seconds, if any.
    Error {
        /// HTTP status.
        status: u16,
        /// `Code` of the error document.
        code: &'static str,
        /// `Retry-After`, in seconds.
        retry_after: Option<u32>,
    },
    /// This answer instead of the true one, with the headers S3 adds to everything.
    Answer(Canned),
    /// This answer instead of the true one, without any header of S3's: a stranger answered.
    Stranger(Canned),
    /// The status and headers of the true answer, but this body (and its length and type).
    Impostor(Canned),
    /// The connection is closed before the answer.
    Close,
    /// The connection is reset before the answer.
    Reset,
    /// No answer ever comes; the connection stays open.
    NoAnswer,
    /// The true answer, held back until [`Sandbox::release`](crate::Sandbox::release).
    Hold,
    /// The true answer, this much later.
    Delay(Duration),
    /// The connection is closed after so many bytes of the answer, `Content-Length` unmet.
    Cut(u64),
    /// The connection is reset after so many bytes of the answer, `Content-Length` unmet.
    CutByReset(u64),
    /// The answer has no `Content-Length` and ends properly, as chunks do, after so many bytes.
    EndEarlyChunked(u64),
    /// The answer is HTTP/1.0 without `Content-Length`, and the connection is closed after so many bytes.
    EndEarlyClosed(u64),
    /// After so many bytes of the answer nothing more comes; the connection stays open.
    Stall(u64),
    /// After so many bytes of the answer the rest is held back until [`Sandbox::release`](crate::Sandbox::release).
    HoldAfter(u64),
    /// The body comes in pieces of so many bytes, with a pause after each.
    Slow {
        /// Bytes a piece.
        piece: u64,
        /// Pause after each.
        pause: Duration,
    },
    /// The answer has no `Content-Length`, and after the object's bytes zeros come without end.
    Endless,
    /// `Content-Length` promises so many bytes more than come; then the connection is closed.
    LongLength(u64),
    /// `Content-Range` is shifted by so many bytes, while the bytes are those asked for.
    ShiftedRange(i64),
    /// `Content-Range` gives a total that is off by so many bytes.
    WrongTotal(i64),
    /// `Range` is ignored: 200, the whole object, the same `ETag`.
    IgnoreRange,
    /// Another `ETag`, quotes included.
    ETag(&'static str),
    /// No `ETag`.
    NoETag,
    /// The same `ETag`, weak.
    WeakETag,
    /// One bit of the object's byte at this offset is flipped, if the answer has that byte.
    FlipBit(u64),
    /// After so many bytes of the answer the object is overwritten with this, and the connection closed.
    Overwrite(u64, Bytes),
    /// After so many bytes of the answer the object is removed, and the connection closed.
    Remove(u64),
    /// `If-Match` is answered with 501 `NotImplemented`.
    RefuseIfMatch,
    /// `versionId` is answered with 403 `AccessDenied`.
    RefuseVersion,
}

impl StoreFault {
    /// An S3 error without `Retry-After`.
    pub const fn error(status: u16, code: &'static str) -> Self {
        Self::Error { status, code, retry_after: None }
    }

    /// 503 `SlowDown`.
    pub const fn slow_down(retry_after: Option<u32>) -> Self {
        Self::Error { status: 503, code: "SlowDown", retry_after }
    }
}
