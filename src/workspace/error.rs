//! Why the API gave no record, and what that means for its report.

use crate::credentials::Unavailable;
use crate::evidence::{Answer, ApiCall, Reason, ServiceAnswer};
use crate::fixity::Code;
use crate::gate::Closed;
use crate::http::HttpError;

/// A failure, with the answer that came all the same and every call made.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub error: ApiError,
    /// The body of the last answer, whatever it was.
    pub answer: Option<Answer>,
    /// Every request, in order.
    pub calls: Vec<ApiCall>,
}

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The service is not asked any more in this run.
    #[error("{}", .0.message)]
    NotAsked(Closed),
    /// No key or no project could be had to ask it with.
    #[error(transparent)]
    NoAccess(#[from] Unavailable),
    /// No answer, or not all of one.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The service answered with an error.
    #[error("{}", refusal(.0))]
    Refused(ServiceAnswer),
    /// The service refused the signature, and its clock and ours are this many seconds apart.
    #[error("the clock of this machine is {} {}, so no signature is accepted; set it right", apart(*.seconds), if *.seconds < 0 { "behind" } else { "ahead" })]
    ClockSkew {
        /// Ours minus theirs.
        seconds: i64,
        /// What the service said.
        answer: ServiceAnswer,
    },
    /// A redirect, which is never followed.
    #[error("the API answered with a redirect to {to}, which is not followed; check the endpoint")]
    Redirected {
        /// Where it points.
        to: String,
        /// Its status and request id.
        answer: ServiceAnswer,
    },
    /// What came is not what this API answers.
    #[error("the API's answer cannot be read: {message}")]
    Unreadable {
        /// What it is instead.
        message: String,
        /// Its status and request id.
        answer: ServiceAnswer,
    },
}

impl ApiError {
    /// The reason a record gets.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let api = match self {
            Self::NoAccess(unavailable) => unavailable.reason.api.clone(),
            Self::NotAsked(_) | Self::Http(_) => None,
            Self::Refused(answer)
            | Self::ClockSkew { answer, .. }
            | Self::Redirected { answer, .. }
            | Self::Unreadable { answer, .. } => Some(answer.clone()),
        };
        Reason { code: self.code(), message: self.to_string(), api }
    }

    /// The code of that reason.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::NotAsked(closed) => closed.code,
            Self::NoAccess(unavailable) => unavailable.reason.code,
            Self::Http(error) => error.code(),
            Self::ClockSkew { .. } => Code::ClockSkew,
            Self::Redirected { .. } | Self::Unreadable { .. } => Code::UnreadableAnswer,
            Self::Refused(answer) => match answer.status {
                _ if self.is_rejection() => Code::Unauthorized,
                // A page of something in between.
                Some(403) if !has_words(answer) => Code::UnreadableAnswer,
                Some(403) => Code::AccessDenied,
                Some(404) if is_about_the_record(answer) => Code::RecordNotFound,
                // A page of something in between.
                Some(404) if answer.error_code.is_none() => Code::UnreadableAnswer,
                Some(429) => Code::Throttled,
                _ => Code::ServiceError,
            },
        }
    }

    /// Whether the service rejected the credential itself (401, or the gateway's code 0301 under any status).
    #[must_use]
    pub fn is_rejection(&self) -> bool {
        match self {
            Self::ClockSkew { .. } => true,
            Self::Refused(answer) => answer.status == Some(401) || gateway_code(answer) == Some("0301"),
            _ => false,
        }
    }

    /// Whether it speaks of the service rather than of one record.
    #[must_use]
    pub fn is_service_level(&self) -> bool {
        matches!(self, Self::NoAccess(_))
            || !matches!(self, Self::NotAsked(_)) && !matches!(self.code(), Code::AccessDenied | Code::RecordNotFound)
    }

    /// Whether the same request may well succeed a little later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Http(error) => error.may_pass(),
            Self::Refused(answer) => matches!(answer.status, Some(429 | 500 | 502 | 503 | 504)) && !self.is_rejection(),
            _ => false,
        }
    }
}

/// A 404 in the service's own words; the gateway's 0101 says that there is no such API, and a page says nothing.
fn is_about_the_record(answer: &ServiceAnswer) -> bool {
    answer.error_code.is_some() && gateway_code(answer).is_none()
}

/// Whether the service said anything at all.
fn has_words(answer: &ServiceAnswer) -> bool {
    answer.error_code.is_some() || answer.error_msg.is_some()
}

/// The number in `APIG.0301` or `APIGW.0301`.
fn gateway_code(answer: &ServiceAnswer) -> Option<&str> {
    let code = answer.error_code.as_deref()?;
    code.strip_prefix("APIGW.").or_else(|| code.strip_prefix("APIG."))
}

fn refusal(answer: &ServiceAnswer) -> String {
    let status = answer.status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
    let said = match (&answer.error_code, &answer.error_msg) {
        (Some(code), Some(message)) => format!(" {code}: {message}"),
        (Some(text), None) | (None, Some(text)) => format!(" {text}"),
        (None, None) => String::new(),
    };
    let meaning = match answer.status {
        Some(401) => "the API rejected the credential",
        Some(403) if gateway_code(answer) == Some("0301") => "the API rejected the credential",
        Some(403) if !has_words(answer) => "a 403 came that is not the API's own; check endpoint and proxy",
        Some(403) => "the API denied access; grant workspace:screenRecord:get",
        Some(404) if is_about_the_record(answer) => "the API knows no such record",
        Some(404) => "there is no such API at this address; check endpoint and region",
        Some(429) => "the API is throttling",
        Some(500..) => "the API failed",
        _ => "the API refused the request",
    };
    format!("{meaning} ({status}{said})")
}

fn apart(seconds: i64) -> String {
    format!("{} min", seconds.unsigned_abs() / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: Option<&str>) -> ApiError {
        ApiError::Refused(ServiceAnswer {
            status: Some(status),
            error_code: code.map(str::to_owned),
            ..ServiceAnswer::default()
        })
    }

    #[test]
    fn each_status_has_its_code_and_only_passing_ones_are_tried_again() {
        let cases = [
            (400, Some("WKS.0001"), Code::ServiceError, false),
            (401, Some("APIGW.0301"), Code::Unauthorized, false),
            (403, Some("APIG.0301"), Code::Unauthorized, false),
            (500, Some("APIG.0301"), Code::Unauthorized, false),
            (403, Some("APIGW.0302"), Code::AccessDenied, false),
            (404, Some("WKS.00040004"), Code::RecordNotFound, false),
            (404, Some("APIGW.0101"), Code::ServiceError, false),
            (404, None, Code::UnreadableAnswer, false),
            (405, None, Code::ServiceError, false),
            (429, Some("APIGW.0308"), Code::Throttled, true),
            (500, None, Code::ServiceError, true),
            (502, None, Code::ServiceError, true),
            (503, None, Code::ServiceError, true),
            (504, None, Code::ServiceError, true),
            (501, None, Code::ServiceError, false),
        ];
        for (status, code, expected, again) in cases {
            let error = refused(status, code);
            assert_eq!((error.code(), error.may_pass()), (expected, again), "{status} {code:?}");
        }
    }

    #[test]
    fn one_denied_or_unknown_record_says_nothing_of_the_service() {
        assert!(!refused(403, Some("WKS.1")).is_service_level());
        assert!(refused(403, None).is_service_level(), "a page of something in between");
        assert!(!refused(404, Some("WKS.1")).is_service_level());
        assert!(refused(503, None).is_service_level());
        assert!(refused(404, None).is_service_level());
    }
}
