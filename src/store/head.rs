//! Status and headers of one of the store's answers, as far as anything depends on them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use jiff::Timestamp;

use crate::clock::{Clock, Offset, OffsetMeter};
use crate::evidence::Keeping;
use crate::http::{retry_after, server_time};

/// The start of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) etag: Option<String>,
    pub(super) content_length: Option<u64>,
    pub(super) content_range: Option<String>,
    pub(super) last_modified: Option<String>,
    pub(super) version_id: Option<String>,
    pub(super) delete_marker: bool,
    pub(super) request_id: Option<String>,
    pub(super) retry_after: Option<Duration>,
    /// How the object is kept.
    pub(super) keeping: Keeping,
    /// How the body is packed, if it is: then its bytes are not those of the object.
    pub(super) packed: Option<String>,
    /// Whether the body is a listing that came to its closing tag: the SDK takes one that breaks off for a shorter one.
    pub(super) whole_listing: bool,
}

impl Head {
    fn new(status: u16, headers: &http::HeaderMap, clock: &Clock) -> Self {
        let text = |name: &str| {
            headers
                .get(name)
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .filter(|v| !v.is_empty())
        };
        let either = |suffix: &str| text(&format!("x-amz-{suffix}")).or_else(|| text(&format!("x-obs-{suffix}")));
        Self {
            status,
            etag: text("etag"),
            content_length: text("content-length").and_then(|length| length.parse().ok()),
            content_range: text("content-range"),
            last_modified: text("last-modified"),
            version_id: either("version-id").filter(|version| version != "null"),
            delete_marker: either("delete-marker").is_some_and(|marker| marker.eq_ignore_ascii_case("true")),
            request_id: either("request-id"),
            retry_after: retry_after(headers, clock.now()),
            keeping: keeping(headers),
            packed: packed(headers),
            whole_listing: false,
        }
    }

    /// Whether it bears the mark of an object store, the id of the request. A log-in page or an error page of something
    /// in between does not; an ETag alone is what any web server sends.
    pub(super) fn is_from_a_store(&self) -> bool {
        self.request_id.is_some()
    }
}

/// Headers of encryption and retention by either dialect (*OBS API Reference*, Common Response Headers, Downloading an
/// Object; S3 API, GetObject); the digest of a key that a customer keeps is left out.
fn keeping(headers: &http::HeaderMap) -> Keeping {
    let mut keeping = Keeping::default();
    for (name, value) in headers {
        let name = name.as_str();
        let Some(own) = name.strip_prefix("x-amz-").or_else(|| name.strip_prefix("x-obs-")) else { continue };
        let value = || String::from_utf8_lossy(value.as_bytes()).into_owned();
        if own == "storage-class" {
            keeping.storage_class = Some(value());
        } else if own.starts_with("server-side-encryption") && !own.contains("customer-key") {
            keeping.encryption.insert(name.to_owned(), value());
        } else if own.starts_with("object-lock") || matches!(own, "expiration" | "retention" | "legal-hold" | "restore")
        {
            keeping.retention.insert(name.to_owned(), value());
        }
    }
    keeping
}

/// A coding of the content or of the transfer that changes the bytes (RFC 9110, 8.4; RFC 9112, 7).
fn packed(headers: &http::HeaderMap) -> Option<String> {
    let codings = |name| headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let all = codings(http::header::CONTENT_ENCODING).chain(codings(http::header::TRANSFER_ENCODING));
    let mut words = all.flat_map(|value| value.split(',')).map(|word| word.trim().to_ascii_lowercase());
    words.find(|word| !matches!(word.as_str(), "" | "identity" | "chunked" | "aws-chunked"))
}

/// Notes the head of the answer to one operation, success or not: the SDK's outputs drop the status.
#[derive(Debug, Clone)]
pub(super) struct HeadCapture {
    seen: Arc<Mutex<Option<Head>>>,
    clock: Clock,
    offset: Arc<OffsetMeter>,
    sent_at: Timestamp,
}

impl HeadCapture {
    pub(super) fn new(clock: &Clock, offset: &Arc<OffsetMeter>) -> Self {
        Self { seen: Arc::default(), clock: clock.clone(), offset: offset.clone(), sent_at: clock.now() }
    }

    /// Whether the answer was a listing that came to its end.
    pub(super) fn is_whole_listing(&self) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().is_some_and(|head| head.status == 200 && head.whole_listing)
    }

    /// When the request was sent.
    pub(super) fn sent_at(&self) -> Timestamp {
        self.sent_at
    }

    /// The time now.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A copy of the head of the answer; `None` if none came.
    pub(super) fn head(&self) -> Option<Head> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Intercept for HeadCapture {
    fn name(&self) -> &'static str {
        "HeadCapture"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        let mut headers = http::HeaderMap::new();
        for (name, value) in answer.headers() {
            headers.append(http::HeaderName::try_from(name)?, http::HeaderValue::try_from(value)?);
        }
        if let Some(server_date) = server_time(&headers) {
            self.offset.note(Offset { sent_at: self.sent_at, received_at: self.clock.now(), server_date });
        }
        let head = Head::new(answer.status().as_u16(), &headers, &self.clock);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(head);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let whole = context
            .response()
            .body()
            .bytes()
            .map(<[u8]>::trim_ascii_end)
            .is_some_and(|body| body.ends_with(b"</ListBucketResult>") || body.ends_with(b"</ListVersionsResult>"));
        if let Some(head) = self.seen.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            head.whole_listing = whole;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn head(pairs: &[(&'static str, &'static str)]) -> Head {
        let pairs = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        Head::new(200, &pairs.collect::<HeaderMap>(), &Clock::system())
    }

    #[test]
    fn both_dialects_of_the_stores_own_headers_are_read() {
        assert_eq!(head(&[("x-amz-request-id", "a")]).request_id.as_deref(), Some("a"));
        assert_eq!(head(&[("x-obs-request-id", "b")]).request_id.as_deref(), Some("b"));
        assert!(head(&[("x-obs-delete-marker", "true")]).delete_marker);
        assert!(!head(&[("x-amz-delete-marker", "false")]).delete_marker);
    }

    #[test]
    fn a_coding_that_changes_the_bytes_is_told_from_one_that_does_not() {
        assert_eq!(head(&[("content-encoding", "gzip")]).packed.as_deref(), Some("gzip"));
        assert_eq!(head(&[("transfer-encoding", "gzip, chunked")]).packed.as_deref(), Some("gzip"));
        assert_eq!(head(&[("transfer-encoding", "chunked"), ("content-encoding", "identity")]).packed, None);
    }

    #[test]
    fn how_an_object_is_kept_is_read_in_both_dialects() {
        let kept = head(&[
            ("x-obs-storage-class", "WARM"),
            ("x-obs-server-side-encryption", "kms"),
            ("x-amz-server-side-encryption-customer-key-md5", "secret"),
            ("x-amz-object-lock-mode", "COMPLIANCE"),
            ("x-obs-expiration", "rule"),
            ("x-obs-request-id", "r"),
        ])
        .keeping;
        let pairs = |map: &std::collections::BTreeMap<String, String>| map.clone().into_iter().collect::<Vec<_>>();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(kept.storage_class.as_deref(), Some("WARM"));
        assert_eq!(pairs(&kept.encryption), [pair("x-obs-server-side-encryption", "kms")]);
        let retention = [pair("x-amz-object-lock-mode", "COMPLIANCE"), pair("x-obs-expiration", "rule")];
        assert_eq!(pairs(&kept.retention), retention);
    }

    #[test]
    fn the_null_version_is_no_version() {
        assert_eq!(head(&[("x-amz-version-id", "null")]).version_id, None);
        assert_eq!(head(&[("x-amz-version-id", "v1")]).version_id.as_deref(), Some("v1"));
    }

    #[test]
    fn a_page_of_something_in_between_bears_no_mark_of_a_store() {
        assert!(!head(&[("content-type", "text/html"), ("content-length", "12")]).is_from_a_store());
        assert!(!head(&[("etag", "\"x\"")]).is_from_a_store(), "any web server sends one");
        assert!(head(&[("x-obs-request-id", "r")]).is_from_a_store());
    }
}
