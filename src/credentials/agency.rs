//! Temporary keys of the agency of a cloud server: its metadata service, reached at a link-local address.

use std::net::IpAddr;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use http::{Method, Uri};

use super::iam::Answered;
use super::temporary::{Temporary, temporary};
use super::{Network, Unavailable, Wanted};
use crate::endpoint::Endpoint;
use crate::evidence::{Reason, ServiceAnswer};
use crate::fixity::Code;
use crate::http::{HttpError, Whole};

/// Where every cloud server finds its metadata service.
pub const METADATA_SERVICE: &str = "http://169.254.169.254";

/// How long the metadata service may take for one answer. It is a hop away; where there is none, nothing answers.
const TIME_OUT: Duration = Duration::from_secs(1);

/// How often it is asked at most.
const TRIES: u32 = 3;

const ANSWER_CAP: usize = 64 << 10;

/// Whether an address is this machine's, or one that only its next neighbours have: nothing else may stand in for the
/// metadata service.
#[must_use]
pub fn is_near(endpoint: &Endpoint) -> bool {
    let link_local = endpoint.ip().is_some_and(|address| match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    });
    link_local || endpoint.is_loopback()
}

/// The metadata service of this server.
#[derive(Debug)]
pub(super) struct Agency {
    endpoint: Endpoint,
    network: Network,
}

impl Agency {
    pub(super) fn new(endpoint: Endpoint, network: &Network) -> Self {
        let network = Network { http: network.http.past_proxies(), ..network.clone() };
        Self { endpoint, network }
    }

    /// The keys of the agency as they are now.
    pub(super) async fn keys(&self) -> Result<Temporary, Unavailable> {
        let mut retry = 0;
        loop {
            let (mut reason, may_pass) = match self.keys_once().await {
                Ok(keys) => return Ok(keys),
                Err(failed) => failed,
            };
            retry += 1;
            if !may_pass || retry >= TRIES {
                reason.message = format!("the agency of this cloud server gave no keys: {}", reason.message);
                return Err(Unavailable::new(Wanted::Keys, reason));
            }
            tokio::time::sleep(self.network.backoff.wait(retry)).await;
        }
    }

    /// With a session token where the service knows of such, else without.
    async fn keys_once(&self) -> Result<Temporary, (Reason, bool)> {
        let ttl = (HeaderName::from_static("x-metadata-token-ttl-seconds"), HeaderValue::from_static("60"));
        let token = self.fetch(Method::PUT, "/meta-data/latest/api/token", Some(ttl)).await?;
        let token = match token.head.status.as_u16() {
            200 => {
                let value = HeaderValue::from_bytes(token.body.trim_ascii());
                let mut value = value.map_err(|_| unreadable("its token holds a character no header can carry"))?;
                value.set_sensitive(true);
                Some((HeaderName::from_static("x-metadata-token"), value))
            }
            404 | 405 | 503 => None,
            _ => return Err(refused(&token)),
        };
        let keys = self.fetch(Method::GET, "/openstack/latest/securitykey", token).await?;
        if keys.head.status.as_u16() != 200 {
            return Err(refused(&keys));
        }
        let Answered { body, ahead } = Answered::new(keys, &self.network);
        temporary(body, ahead).map_err(|why| unreadable(&why))
    }

    async fn fetch(
        &self,
        method: Method,
        path: &str,
        header: Option<(HeaderName, HeaderValue)>,
    ) -> Result<Whole, (Reason, bool)> {
        let failed = |error: HttpError| (Reason::new(error.code(), error.to_string()), error.may_pass());
        let uri: Uri = format!("{}{path}", self.endpoint).parse().map_err(|_| failed(HttpError::Unsendable))?;
        let host = self.endpoint.host().to_owned();
        let mut request = http::Request::new(Vec::new());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        request.headers_mut().extend(header.map(|(name, value)| (Some(name), value)));
        let answer = self.network.http.fetch(request, ANSWER_CAP);
        match tokio::time::timeout(TIME_OUT, answer).await {
            Ok(answer) => answer.map_err(failed),
            Err(_) => Err(failed(HttpError::Stalled { host, after: TIME_OUT })),
        }
    }
}

fn unreadable(why: &str) -> (Reason, bool) {
    (Reason::new(Code::UnreadableAnswer, format!("the metadata service's answer cannot be read: {why}")), false)
}

fn refused(whole: &Whole) -> (Reason, bool) {
    let status = whole.head.status.as_u16();
    let (code, message) = match status {
        // The documented answers of a server without an agency.
        400 | 404 => (Code::Unauthorized, "this server has no agency; assign one to it"),
        401 | 403 => (Code::Unauthorized, "the metadata service denies them"),
        429 => (Code::Throttled, "the metadata service is throttling"),
        500.. => (Code::ServiceError, "the metadata service failed"),
        _ => (Code::UnreadableAnswer, "what answered is no metadata service"),
    };
    let api = Some(ServiceAnswer { status: Some(status), ..ServiceAnswer::default() });
    let may_pass = matches!(status, 429 | 500 | 502 | 503 | 504);
    (Reason { code, message: format!("{message} ({status})"), api }, may_pass)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_may_stand_in_for_the_metadata_service() {
        let near = |text: &str| is_near(&text.parse().expect("an endpoint"));
        for text in [METADATA_SERVICE, "http://127.0.0.1:80", "http://[::1]", "http://localhost", "http://[fe80::1]"] {
            assert!(near(text), "{text}");
        }
        for text in ["http://10.0.0.1", "http://metadata.example", "http://[2001:db8::1]", "http://169.254.1.1.nip.io"]
        {
            assert!(!near(text), "{text}");
        }
    }
}
