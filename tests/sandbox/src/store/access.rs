//! Who may do what, asked by s3s once a signature has been verified.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{HeaderMap, header};
use s3s::access::{S3Access, S3AccessContext};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::cloud::Cloud;
use crate::keys::SECURITY_TOKEN;

/// What an authenticated request is about.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) bucket: String,
    /// `None`: the bucket itself, or a listing of it.
    pub(crate) key: Option<String>,
}

/// Travels with a request and learns whether it was authenticated, and what it is about.
#[derive(Clone, Default)]
pub(crate) struct Admitted(Arc<Mutex<Option<Target>>>);

impl Admitted {
    pub(crate) fn target(&self) -> Option<Target> {
        self.0.lock().expect("no panic while noting a target").clone()
    }

    fn note(&self, path: &S3Path) {
        let target = path
            .get_bucket_name()
            .map(|bucket| Target { bucket: bucket.to_owned(), key: path.get_object_key().map(str::to_owned) });
        *self.0.lock().expect("no panic while noting a target") = target;
    }
}

pub(crate) struct Gatekeeper {
    cloud: Arc<Cloud>,
}

impl Gatekeeper {
    pub(crate) fn new(cloud: Arc<Cloud>) -> Self {
        Self { cloud }
    }

    /// Temporary keys are nothing without their token, and the token must be signed too.
    fn check_token(&self, headers: &HeaderMap) -> S3Result<()> {
        if self.cloud.credentials.expired() {
            let mut expired = s3_error!(ExpiredToken, "The provided token has expired.");
            expired.set_status_code(http::StatusCode::FORBIDDEN);
            return Err(expired);
        }
        let presented = headers.get("x-amz-security-token");
        let expected = self.cloud.credentials.temporary().then_some(SECURITY_TOKEN);
        if presented.map(http::HeaderValue::as_bytes) != expected.map(str::as_bytes) {
            return Err(s3_error!(InvalidToken, "The provided token is malformed or otherwise invalid."));
        }
        if presented.is_some() && !signed_headers(headers).any(|name| name == "x-amz-security-token") {
            return Err(denied("There were headers present in the request which were not signed"));
        }
        Ok(())
    }
}

#[async_trait]
impl S3Access for Gatekeeper {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        if cx.credentials().is_none() {
            return Err(denied("Access Denied"));
        }
        self.check_token(cx.headers())?;
        if let Some(admitted) = cx.extensions_mut().get::<Admitted>().cloned() {
            admitted.note(cx.s3_path());
        }
        let buckets = &self.cloud.buckets;
        let forbidden = match cx.s3_path() {
            S3Path::Root => false,
            S3Path::Bucket { bucket } => cx.s3_op().name().starts_with("List") && buckets.list_denied(bucket),
            S3Path::Object { bucket, key } => buckets.read_denied(bucket, key),
        };
        if forbidden { Err(denied("Access Denied")) } else { Ok(()) }
    }
}

pub(crate) fn denied(message: &'static str) -> S3Error {
    S3Error::with_message(S3ErrorCode::AccessDenied, message)
}

/// The names in `SignedHeaders` of a signature V4.
fn signed_headers(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let names = authorization.split_once("SignedHeaders=").map_or("", |(_, rest)| rest);
    names.split(',').next().unwrap_or_default().split(';')
}
