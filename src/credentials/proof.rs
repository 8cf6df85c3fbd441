//! What proves to a service who asks: a token that is sent, or a key that signs; and requests that carry it.

use http::header::{HeaderName, HeaderValue, InvalidHeaderValue};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::{AccessKey, Keyring, Unavailable};
use crate::endpoint::Endpoint;
use crate::gate::Rejection;
use crate::sign::{Unsigned, authorization, canonical_query, sdk_date};

/// A user token of IAM, sent as `X-Auth-Token`. Cloning shares whether it was rejected.
#[derive(Debug, Clone)]
pub struct Token {
    pub(super) text: SecretString,
    pub(super) rejection: Rejection,
}

/// What authenticates requests to the API and to IAM.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A token.
    Token(Token),
    /// Keys, by which each request is signed.
    Keys(Keyring),
}

/// What proves it in one request.
#[derive(Debug, Clone)]
pub enum Proof {
    /// The token.
    Token(SecretString),
    /// The key that is good now.
    Key(AccessKey),
}

impl Token {
    pub(super) fn new(text: SecretString) -> Self {
        Self { text, rejection: Rejection::default() }
    }
}

impl Credential {
    /// What to prove it with now; keys that are about to end are renewed first.
    pub async fn proof(&self) -> Result<Proof, Unavailable> {
        match self {
            Self::Token(token) => Ok(Proof::Token(token.text.clone())),
            Self::Keys(keys) => keys.current().await.map(Proof::Key),
        }
    }

    /// Whether it was rejected, shared by everything it is shown to.
    #[must_use]
    pub fn rejection(&self) -> Rejection {
        match self {
            Self::Token(token) => token.rejection.clone(),
            Self::Keys(keys) => keys.rejection(),
        }
    }
}

/// A request to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) endpoint: &'a Endpoint,
    /// In upper case.
    pub(crate) method: &'a str,
    /// Percent-encoded.
    pub(crate) path: &'a str,
    /// Not encoded.
    pub(crate) query: &'a [(String, String)],
    /// JSON, or nothing.
    pub(crate) body: &'a [u8],
    /// Sent, and signed, with a signature alone.
    pub(crate) project_id: Option<&'a str>,
}

/// Makes the request, with what proves who asks; `None` sends it without any.
pub(crate) fn request(
    asking: &Asking<'_>,
    proof: Option<&Proof>,
    now: Timestamp,
) -> Result<http::Request<Vec<u8>>, InvalidHeaderValue> {
    let Asking { endpoint, method, path, query, body, project_id } = *asking;
    let mut request = http::Request::new(body.to_vec());
    let headers = request.headers_mut();
    headers.insert(http::header::ACCEPT, HeaderValue::from_static("application/json"));
    if !body.is_empty() {
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    match proof {
        None => {}
        Some(Proof::Token(token)) => {
            headers.insert(HeaderName::from_static("x-auth-token"), secret_value(token)?);
        }
        Some(Proof::Key(key)) => {
            let date = sdk_date(now);
            let mut signed = vec![("host", endpoint.authority()), ("x-sdk-date", date.as_str())];
            if let Some(project_id) = project_id {
                signed.push(("x-project-id", project_id));
                headers.insert(HeaderName::from_static("x-project-id"), HeaderValue::from_str(project_id)?);
            }
            if let Some(token) = &key.security_token {
                signed.push(("x-security-token", token.expose_secret()));
                headers.insert(HeaderName::from_static("x-security-token"), secret_value(token)?);
            }
            let unsigned = Unsigned { method, path, query, headers: &signed, body };
            let authorization = authorization(&unsigned, &key.id, &key.secret);
            headers.insert(HeaderName::from_static("x-sdk-date"), HeaderValue::from_str(&date)?);
            headers.insert(http::header::AUTHORIZATION, HeaderValue::from_str(&authorization)?);
        }
    }
    if let Ok(method) = method.parse() {
        *request.method_mut() = method;
    }
    // An endpoint and a percent-encoded path always make a URI; the request would be refused unsent otherwise.
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{}", canonical_query(query)) };
    if let Ok(uri) = format!("{endpoint}{target}").parse() {
        *request.uri_mut() = uri;
    }
    Ok(request)
}

fn secret_value(secret: &SecretString) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(secret.expose_secret())?;
    value.set_sensitive(true);
    Ok(value)
}
