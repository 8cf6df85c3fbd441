//! Why the store gave no object, sorted so that nothing but a proven absence can become a finding.

use std::time::Duration;

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::head::Head;
use crate::credentials::Unavailable;
use crate::evidence::{Reason, ServiceAnswer};
use crate::fixity::Code;
use crate::gate::Closed;
use crate::http::HttpError;

/// Why one request to the store brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is not asked any more in this run.
    #[error("{}", .0.message)]
    NotAsked(Closed),
    /// No key could be had to ask it with.
    #[error(transparent)]
    NoAccess(#[from] Unavailable),
    /// No answer, or not all of one.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The store answered with an error.
    #[error("{}", refusal(.0))]
    Refused(Box<Refusal>),
    /// The request could not be made of what the record declares.
    #[error("no request can be made for this place: {0}")]
    Unsendable(String),
    /// What came is not what a store answers.
    #[error("the store's answer cannot be read: {0}")]
    Unreadable(String),
}

/// An error answer of the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Status, code, words, request id.
    pub answer: ServiceAnswer,
    /// Whether the current version is a delete marker.
    pub delete_marker: bool,
    /// Whether the answer bears a mark of an object store, rather than of something in between.
    pub from_a_store: bool,
    /// How long the store asked to be left alone.
    pub retry_after: Option<Duration>,
}

impl StoreError {
    /// Sorts what the SDK reports; `head` is that of the answer, if one came.
    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>, head: Option<Head>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if let (SdkError::ServiceError(failed), Some(head)) = (error, &head)
            && head.status >= 300
        {
            let meta = failed.err().meta();
            return Self::Refused(Box::new(Refusal::new(head, meta.code(), meta.message())));
        }
        if let Some(http) = HttpError::behind(error) {
            return Self::Http(http);
        }
        let message = DisplayErrorContext(error).to_string();
        match (error, head) {
            (SdkError::ConstructionFailure(_), _) => Self::Unsendable(message),
            (_, Some(head)) if head.status >= 300 => Self::Refused(Box::new(Refusal::new(&head, None, None))),
            _ => Self::Unreadable(message),
        }
    }

    /// The reason an object gets.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let api = match self {
            Self::Refused(refusal) => Some(refusal.answer.clone()),
            Self::NoAccess(unavailable) => unavailable.reason.api.clone(),
            _ => None,
        };
        Reason { code: self.code(), message: self.to_string(), api }
    }

    /// The code of that reason. `ObjectNotFound` and `DeleteMarker` still want proof.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::NotAsked(closed) => closed.code,
            Self::NoAccess(unavailable) => unavailable.reason.code,
            Self::Http(error) => error.code(),
            Self::Unsendable(_) => Code::MalformedLocation,
            Self::Unreadable(_) => Code::UnreadableAnswer,
            Self::Refused(refusal) => refusal.code(),
        }
    }

    /// Whether the store said that there is no such object: `NoSuchKey`, or a delete marker.
    #[must_use]
    pub fn says_absent(&self) -> bool {
        matches!(self.code(), Code::ObjectNotFound | Code::DeleteMarker)
    }

    /// Whether the store rejected the credential itself.
    #[must_use]
    pub fn is_rejection(&self) -> bool {
        matches!(self, Self::Refused(_)) && self.code() == Code::Unauthorized
    }

    /// Whether the answer shows that the credential was accepted.
    #[must_use]
    pub(super) fn is_acceptance(&self) -> bool {
        matches!(self, Self::Refused(_))
            && matches!(
                self.code(),
                Code::AccessDenied
                    | Code::ObjectNotFound
                    | Code::DeleteMarker
                    | Code::NotRestored
                    | Code::ChangedDuringRead
            )
            && self.error_code().is_some()
    }

    /// Whether it speaks of the store rather than of one object or bucket.
    #[must_use]
    pub fn is_service_level(&self) -> bool {
        match self {
            Self::NotAsked(_) | Self::NoAccess(_) | Self::Unsendable(_) | Self::Http(HttpError::Unsendable) => false,
            Self::Http(_) | Self::Unreadable(_) => true,
            Self::Refused(_) => {
                matches!(self.code(), Code::Throttled | Code::ServiceError | Code::ClockSkew | Code::UnreadableAnswer)
            }
        }
    }

    /// Whether the same request may well succeed a little later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Http(error) => error.may_pass(),
            Self::Refused(refusal) => refusal.may_pass(),
            Self::NotAsked(_) | Self::NoAccess(_) | Self::Unsendable(_) | Self::Unreadable(_) => false,
        }
    }

    /// The store's code, if it sent one.
    pub(super) fn error_code(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal.answer.error_code.as_deref(),
            _ => None,
        }
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => refusal.answer.status,
            _ => None,
        }
    }

    /// How long the store asked to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }
}

impl Refusal {
    fn new(head: &Head, code: Option<&str>, message: Option<&str>) -> Self {
        let said = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Self {
            answer: ServiceAnswer {
                status: Some(head.status),
                // The SDK makes this one up for a 404 without a body.
                error_code: said(code.filter(|code| *code != "NotFound" || said(message).is_some())),
                error_msg: said(message),
                encoded_authorization_message: None,
                request_id: head.request_id.clone(),
            },
            delete_marker: head.delete_marker,
            from_a_store: head.is_from_a_store() || said(code).is_some(),
            retry_after: head.retry_after,
        }
    }

    /// By the store's code where it sent one, else by the status; a bare 404 proves nothing.
    fn code(&self) -> Code {
        // Under any other status the words for an absence are somebody else's, or about something else.
        let not_found = self.answer.status == Some(404);
        match self.answer.error_code.as_deref() {
            Some("NoSuchKey" | "NoSuchBucket") if !not_found => self.code_of_status(),
            Some("NoSuchKey") if self.delete_marker => Code::DeleteMarker,
            Some("NoSuchKey") => Code::ObjectNotFound,
            Some("NoSuchBucket") => Code::BucketNotFound,
            Some("InvalidObjectState") => Code::NotRestored,
            Some(
                "SignatureDoesNotMatch"
                | "InvalidAccessKeyId"
                | "ExpiredToken"
                | "InvalidToken"
                | "TokenRefreshRequired"
                | "InvalidSecurity"
                | "InvalidAccessKey"
                | "NotSignedUp",
            ) => Code::Unauthorized,
            Some("RequestTimeTooSkewed") => Code::ClockSkew,
            Some("VirtualHostDomainRequired") => Code::WrongAddressing,
            Some("AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect" | "Redirect") => {
                Code::WrongRegion
            }
            Some("SlowDown" | "TooManyRequests" | "Throttling" | "RequestLimitExceeded") => Code::Throttled,
            Some("PreconditionFailed" | "InvalidRange") => Code::ChangedDuringRead,
            _ => self.code_of_status(),
        }
    }

    fn code_of_status(&self) -> Code {
        match self.answer.status {
            Some(401) => Code::Unauthorized,
            Some(403 | 404) if !self.from_a_store => Code::UnreadableAnswer,
            Some(403) => Code::AccessDenied,
            Some(404) if self.delete_marker => Code::DeleteMarker,
            Some(404) => Code::UnreadableAnswer,
            Some(412 | 416) => Code::ChangedDuringRead,
            Some(301 | 302 | 307 | 308) => Code::WrongRegion,
            Some(429) => Code::Throttled,
            _ => Code::ServiceError,
        }
    }

    fn may_pass(&self) -> bool {
        let by_status = matches!(self.answer.status, Some(429 | 500 | 502 | 503 | 504));
        let by_code = self.answer.error_code.as_deref() == Some("RequestTimeout");
        match self.code() {
            Code::Throttled => true,
            Code::ServiceError => by_status || by_code,
            _ => false,
        }
    }
}

fn refusal(refusal: &Refusal) -> String {
    let status = refusal.answer.status.map_or_else(String::new, |status| status.to_string());
    let strange = format!("a {status} came that is not the store's own; check endpoint and --addressing");
    let meaning = match refusal.code() {
        Code::ObjectNotFound => "the store has no such object",
        Code::DeleteMarker => "the object was deleted; its current version is a delete marker",
        Code::BucketNotFound => "the store knows no such bucket; check bucket, region and endpoint",
        Code::NotRestored => "the object is archived; restore it first, which costs money",
        Code::Unauthorized => "the store rejected the credential",
        Code::ClockSkew => {
            "the clock of this machine is more than 15 min off, so no signature is accepted; set it right"
        }
        Code::WrongAddressing => "the store refuses path-style addresses; use --addressing virtual",
        Code::WrongRegion => "the bucket is in another region; set --obs-region and --obs-endpoint",
        Code::Throttled => "the store is throttling",
        Code::AccessDenied => "the store denied access; grant obs:object:GetObject and obs:bucket:ListBucket",
        Code::ChangedDuringRead => "the object is not the one whose reading began",
        Code::UnreadableAnswer => &strange,
        _ => match refusal.answer.status {
            Some(500..) => "the store failed",
            _ => "the store refused the request",
        },
    };
    let said = match (&refusal.answer.error_code, &refusal.answer.error_msg) {
        (Some(code), Some(message)) => format!(" {code}: {message}"),
        (Some(text), None) | (None, Some(text)) => format!(" {text}"),
        (None, None) => String::new(),
    };
    format!("{meaning} ({status}{said})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: Option<&str>, delete_marker: bool) -> StoreError {
        let request_id = Some("r".to_owned());
        let head = Head { status, delete_marker, request_id, ..Head::default() };
        StoreError::Refused(Box::new(Refusal::new(&head, code, None)))
    }

    #[test]
    fn only_the_stores_own_word_for_a_key_says_absent() {
        assert!(refused(404, Some("NoSuchKey"), false).says_absent());
        assert!(refused(404, None, true).says_absent());
        for code in [None, Some("NoSuchBucket"), Some("NotFound"), Some("NoSuchUpload")] {
            assert!(!refused(404, code, false).says_absent(), "{code:?}");
        }
        assert!(!refused(403, Some("AccessDenied"), false).says_absent());
    }

    #[test]
    fn the_words_for_an_absence_count_under_404_alone() {
        for status in [200, 206, 300, 400, 403, 429, 500, 503] {
            assert!(!refused(status, Some("NoSuchKey"), false).says_absent(), "{status}");
            assert!(!refused(status, Some("NoSuchKey"), true).says_absent(), "{status}");
        }
    }

    #[test]
    fn each_code_of_the_store_has_its_reason() {
        let cases = [
            (403, Some("SignatureDoesNotMatch"), Code::Unauthorized),
            (403, Some("InvalidAccessKeyId"), Code::Unauthorized),
            (403, Some("ExpiredToken"), Code::Unauthorized),
            (401, None, Code::Unauthorized),
            (403, Some("AccessDenied"), Code::AccessDenied),
            (403, None, Code::AccessDenied),
            (403, Some("InvalidObjectState"), Code::NotRestored),
            (403, Some("RequestTimeTooSkewed"), Code::ClockSkew),
            (403, Some("VirtualHostDomainRequired"), Code::WrongAddressing),
            (400, Some("AuthorizationHeaderMalformed"), Code::WrongRegion),
            (301, None, Code::WrongRegion),
            (404, Some("NoSuchBucket"), Code::BucketNotFound),
            (404, None, Code::UnreadableAnswer),
            (412, None, Code::ChangedDuringRead),
            (416, Some("InvalidRange"), Code::ChangedDuringRead),
            (503, Some("SlowDown"), Code::Throttled),
            (429, None, Code::Throttled),
            (503, None, Code::ServiceError),
            (400, Some("InvalidArgument"), Code::ServiceError),
        ];
        for (status, code, expected) in cases {
            assert_eq!(refused(status, code, false).code(), expected, "{status} {code:?}");
        }
    }

    #[test]
    fn a_page_of_something_in_between_denies_nothing() {
        for status in [403, 404] {
            let page = StoreError::Refused(Box::new(Refusal::new(&Head { status, ..Head::default() }, None, None)));
            assert_eq!(page.code(), Code::UnreadableAnswer, "{status}");
        }
    }

    #[test]
    fn refusals_are_not_tried_again_and_failures_are() {
        for (status, code) in
            [(403, None), (404, Some("NoSuchKey")), (401, None), (400, None), (412, None), (501, None)]
        {
            assert!(!refused(status, code, false).may_pass(), "{status}");
        }
        for (status, code) in
            [(500, None), (502, None), (503, Some("SlowDown")), (429, None), (400, Some("RequestTimeout"))]
        {
            assert!(refused(status, code, false).may_pass(), "{status}");
        }
    }

    #[test]
    fn what_concerns_one_object_or_bucket_does_not_speak_of_the_store() {
        for (status, code) in [(403, None), (404, Some("NoSuchKey")), (404, Some("NoSuchBucket")), (301, None)] {
            assert!(!refused(status, code, false).is_service_level(), "{status}");
        }
        assert!(refused(503, None, false).is_service_level());
    }
}
