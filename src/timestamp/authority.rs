//! Asks a time-stamp authority over HTTP (RFC 3161, 3.4).

use std::fmt;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::uri::Uri;

use super::request::{Nonce, request};
use super::response::{Response, ResponseError};
use crate::clock::Backoff;
use crate::fixity::Sha256Digest;
use crate::http::{HttpClient, HttpError};

/// How often one stamp is asked for.
const TRIES: u32 = 3;

/// A token with its certificates has a few kilobytes.
const ANSWER_CAP: usize = 1 << 20;

/// Where an authority is. Plain http will do: what it answers is signed, and what it is sent is a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityUrl(Uri);

/// Why an address is none of an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the address of the time-stamp authority does not do: it must begin with http:// or https://, without a user name"
)]
pub struct AuthorityError;

/// An authority to be asked.
pub struct Authority {
    /// By which client.
    pub http: HttpClient,
    /// Where.
    pub url: AuthorityUrl,
    /// Waits between tries.
    pub backoff: Backoff,
}

/// Why there is no time-stamp.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer that is no success.
    #[error("the time-stamp authority answered {0}")]
    Status(http::StatusCode),
    /// An answer that does not do.
    #[error("the time-stamp authority's answer does not do: {0}")]
    Response(#[from] ResponseError),
}

impl AuthorityUrl {
    /// Checks an address.
    pub fn parse(text: &str) -> Result<Self, AuthorityError> {
        let uri: Uri = text.parse().map_err(|_| AuthorityError)?;
        let named = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        if named && matches!(uri.scheme_str(), Some("http" | "https")) && !text.contains('#') {
            Ok(Self(uri))
        } else {
            Err(AuthorityError)
        }
    }
}

impl fmt::Display for AuthorityUrl {
    /// Without its query, which may say more than where it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.0.scheme_str().unwrap_or("http"))?;
        write!(f, "{}{}", self.0.authority().map_or("", |authority| authority.as_str()), self.0.path())
    }
}

impl Authority {
    /// Has a digest stamped: the answer as it came, after it was held against the question.
    pub async fn stamp(&self, digest: &Sha256Digest) -> Result<Vec<u8>, StampError> {
        let mut retry = 0;
        loop {
            let error = match self.stamp_once(digest).await {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            retry += 1;
            if retry >= TRIES || !error.may_pass() {
                return Err(error);
            }
            tokio::time::sleep(self.backoff.wait(retry)).await;
        }
    }

    async fn stamp_once(&self, digest: &Sha256Digest) -> Result<Vec<u8>, StampError> {
        let nonce = Nonce::of(uuid::Uuid::now_v7());
        let mut question = http::Request::new(request(digest, nonce));
        *question.method_mut() = http::Method::POST;
        *question.uri_mut() = self.url.0.clone();
        let headers = question.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/timestamp-query"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/timestamp-reply"));
        let answer = self.http.fetch(question, ANSWER_CAP).await?;
        if answer.head.status != http::StatusCode::OK {
            return Err(StampError::Status(answer.head.status));
        }
        let response = Response::read(&answer.body)?;
        response.is_of(digest)?;
        response.answers(nonce)?;
        Ok(answer.body)
    }
}

impl StampError {
    fn may_pass(&self) -> bool {
        match self {
            Self::Http(error) => error.may_pass(),
            Self::Status(status) => matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504),
            Self::Response(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_may_be_asked_by_plain_http_and_is_shown_no_credential() {
        for text in ["http://tsa.example/tsr", "https://tsa.example", "http://tsa.example:81/?a=b"] {
            assert!(AuthorityUrl::parse(text).is_ok(), "{text}");
        }
        let shown = AuthorityUrl::parse("http://tsa.example:81/tsr?key=secret").map(|url| url.to_string());
        assert_eq!(shown.as_deref(), Ok("http://tsa.example:81/tsr"));
        for text in ["tsa.example", "ftp://tsa.example", "http://user@tsa.example", "http://tsa.example/#a", "", "/tsr"]
        {
            assert_eq!(AuthorityUrl::parse(text), Err(AuthorityError), "{text}");
        }
    }
}
