//! Who may do what, asked by s3s once a signature has been verified.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{HeaderMap, header};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::path::S3Path;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::cloud::Cloud;
use crate::keys::{ACCESS_KEY, OBS_ACCESS_KEY, OBS_SECRET_KEY, OBS_SECURITY_TOKEN, SECRET_KEY, SECURITY_TOKEN};

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
    fn check_token(&self, access: &str, headers: &HeaderMap) -> S3Result<()> {
        let credentials = &self.cloud.credentials;
        let issue = self.cloud.issued.of(access);
        let ended = issue.as_ref().is_some_and(|issue| issue.has_ended(self.cloud.clock.now()));
        if credentials.expired() || ended {
            let mut expired = s3_error!(ExpiredToken, "The provided token has expired.");
            expired.set_status_code(http::StatusCode::FORBIDDEN);
            return Err(expired);
        }
        let presented = headers.get("x-amz-security-token");
        let expected = match &issue {
            Some(issue) => Some(issue.security_token.as_str()),
            None if access == OBS_ACCESS_KEY => Some(OBS_SECURITY_TOKEN),
            None => credentials.temporary().then_some(SECURITY_TOKEN),
        };
        if presented.map(http::HeaderValue::as_bytes) != expected.map(str::as_bytes) {
            return Err(s3_error!(InvalidToken, "The provided token is malformed or otherwise invalid."));
        }
        if presented.is_some() && !signed_headers(headers).any(|name| name == "x-amz-security-token") {
            return Err(denied("There were headers present in the request which were not signed"));
        }
        Ok(())
    }
}

/// The secrets of all keys there are.
pub(crate) struct Secrets {
    cloud: Arc<Cloud>,
}

impl Secrets {
    pub(crate) fn new(cloud: Arc<Cloud>) -> Self {
        Self { cloud }
    }
}

#[async_trait]
impl S3Auth for Secrets {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let foreign = self.cloud.credentials.foreign_bucket();
        match (access_key, self.cloud.issued.of(access_key)) {
            (OBS_ACCESS_KEY, _) if foreign => Ok(SecretKey::from(OBS_SECRET_KEY)),
            (ACCESS_KEY, _) if !foreign => Ok(SecretKey::from(SECRET_KEY)),
            (_, Some(issue)) if !foreign => Ok(SecretKey::from(issue.secret)),
            _ => Err(s3_error!(InvalidAccessKeyId, "The Access Key Id you provided does not exist in our records.")),
        }
    }
}

#[async_trait]
impl S3Access for Gatekeeper {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(credentials) = cx.credentials() else { return Err(denied("Access Denied")) };
        self.check_token(&credentials.access_key, cx.headers())?;
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
