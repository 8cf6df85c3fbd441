//! Whether a service can be reached: its name, TLS, and that it answers.

use super::finding::{Check, Finding};
use crate::endpoint::Endpoint;
use crate::evidence::ServiceAnswer;
use crate::http::HttpError;

/// What to say of a service that answered.
pub(super) fn reached(check: Check, endpoint: &Endpoint) -> Finding {
    if endpoint.is_https() {
        Finding::ok(check, format!("{endpoint} answers, and its certificate is trusted"))
    } else if endpoint.is_loopback() {
        Finding::ok(check, format!("{endpoint} answers, in plain http that stays on this machine"))
    } else {
        let message = format!("{endpoint} answers, in plain http: keys and records go unprotected");
        Finding::warn(check, message, "use https")
    }
}

/// What to say of one that did not; `flag` is the one its address comes from.
pub(super) fn unreachable(check: Check, error: &HttpError, flag: &str) -> Finding {
    let remedy = match error {
        HttpError::Name { .. } => format!("check --region, {flag} and this machine's resolver"),
        HttpError::NotPlain { .. } => format!("check {flag}"),
        HttpError::Tls { .. } => format!("check {flag}, --ca-bundle and what stands in between"),
        HttpError::Connect { .. } | HttpError::Stalled { .. } | HttpError::Dripped { .. } | HttpError::Slow { .. } => {
            format!("check {flag}, firewall and proxy (HTTPS_PROXY, NO_PROXY)")
        }
        HttpError::Broken { .. } | HttpError::Truncated { .. } | HttpError::TooLarge(_) | HttpError::Unsendable => {
            format!("check {flag} and what stands in between, then try again")
        }
    };
    Finding::fail(check, error.to_string(), remedy)
}

/// What the service itself said, in parentheses, where it said anything.
pub(super) fn said(answer: Option<&ServiceAnswer>) -> String {
    let Some(ServiceAnswer { status, error_code, error_msg, .. }) = answer else { return String::new() };
    let status = status.map(|status| status.to_string());
    let words = match (error_code, error_msg) {
        (Some(code), Some(message)) => Some(format!("{code}: {message}")),
        (Some(text), None) | (None, Some(text)) => Some(text.clone()),
        (None, None) => None,
    };
    let parts: Vec<_> = status.into_iter().chain(words).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(" ")) }
}
