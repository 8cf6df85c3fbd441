//! An answer written beforehand, whatever the request: the shapes real services and gateways send.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Value, json};

/// A complete answer: status, headers, body.
#[derive(Debug, Clone)]
pub struct Canned {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Canned {
    /// An answer with a body of the given type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let answer = Self { status, headers: HeaderMap::new(), body: body.into() };
        answer.header("content-type", content_type)
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json;charset=utf-8", body.to_string())
    }

    /// A proxy's or a captive portal's page.
    pub fn html(status: u16) -> Self {
        Self::new(
            status,
            "text/html; charset=utf-8",
            "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>\n",
        )
    }

    /// A redirect.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::empty(status).header("location", location)
    }

    /// The documented error body: `error_code`, `error_msg`.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &json!({"error_code": code, "error_msg": message}))
    }

    /// The documented error body of a refusal, with `encoded_authorization_message`.
    pub fn forbidden(code: &str, message: &str, encoded_authorization_message: &str) -> Self {
        let body = json!({
            "error_code": code,
            "error_msg": message,
            "encoded_authorization_message": encoded_authorization_message,
        });
        Self::json(403, &body)
    }

    /// The gateway's older error body: `errorCode`, `errorMsg`.
    pub fn camel_case_error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &json!({"errorCode": code, "errorMsg": message}))
    }

    /// Another error body: `code`, `message`.
    pub fn plain_error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &json!({"code": code, "message": message}))
    }

    /// Identity services' error body: `error` with a numeric `code`, `message` and `title`.
    pub fn nested_error(status: u16, message: &str, title: &str) -> Self {
        Self::json(status, &json!({"error": {"code": status, "message": message, "title": title}}))
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).expect("a header name");
        self.headers.insert(name, HeaderValue::try_from(value).expect("a header value"));
        self
    }

    /// Sets `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.header(header::RETRY_AFTER.as_str(), &seconds.to_string())
    }
}
