//! The HTTP client both services are reached through: one TLS stack, one proxy rule, time-outs and size caps.
//!
//! HTTP/1.1 only, so that a connection carries one answer at a time and a second read can have one of its own.
//! Redirects are never followed: they could carry a credential to a host nobody named.

mod body;
mod drip;
mod error;
mod knock;
mod peer;
mod resolver;
mod times;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::ACCEPT_ENCODING;
use http_body_util::BodyExt as _;
use hyper_util::client::proxy::matcher::Matcher;

use peer::Peer;

pub use body::Body;
pub use error::HttpError;
pub use knock::Greeting;
pub use times::{retry_after, server_time};
pub use tls::RootsError;

/// How the network is to be used.
#[derive(Debug, Clone)]
pub struct Transport {
    /// A PEM file of certificates to trust instead of the system's.
    pub ca_bundle: Option<PathBuf>,
    /// How long making a connection may take, TLS included.
    pub connect_timeout: Duration,
    /// How long nothing may come before an answer counts as stalled; drops are looked for over twice that time.
    pub stall_timeout: Duration,
}

/// On which connection a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Any, one kept open included.
    Shared,
    /// A new one, used for nothing else.
    Fresh,
}

/// The client. Cloning shares its connections.
#[derive(Debug, Clone)]
pub struct HttpClient {
    /// By way of the environment's proxies, where it names any.
    proxied: Lanes,
    /// Past them.
    direct: Lanes,
    /// What `proxied` goes by; `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    proxies: Arc<Matcher>,
    stall_timeout: Duration,
}

#[derive(Debug, Clone)]
struct Lanes {
    shared: reqwest::Client,
    fresh: reqwest::Client,
}

/// The start of an answer, and its whole body.
#[derive(Debug)]
pub struct Whole {
    /// Status and headers.
    pub head: http::response::Parts,
    /// Every byte of the body.
    pub body: Vec<u8>,
}

impl HttpClient {
    /// Builds the client; the trusted roots are read here, once.
    pub fn new(transport: &Transport) -> Result<Self, RootsError> {
        let tls = tls::client_config(transport.ca_bundle.as_deref())?;
        let build = |direct, idle_connections| {
            let builder = reqwest::Client::builder();
            let builder = if direct { builder.no_proxy() } else { builder };
            builder
                .tls_backend_preconfigured(tls.clone())
                .dns_resolver(Arc::new(resolver::Resolver))
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .connect_timeout(transport.connect_timeout)
                .read_timeout(transport.stall_timeout)
                .pool_max_idle_per_host(idle_connections)
                // The bytes of an object count as they lie in the store, so nothing may pack them on the way.
                .default_headers(http::HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]))
                .user_agent(concat!("recverify/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|source| RootsError::Setup(source.to_string()))
        };
        let lanes = |direct| Ok(Lanes { shared: build(direct, usize::MAX)?, fresh: build(direct, 0)? });
        Ok(Self {
            proxied: lanes(false)?,
            direct: lanes(true)?,
            proxies: Arc::new(Matcher::from_system()),
            stall_timeout: transport.stall_timeout,
        })
    }

    /// The same client, by no proxy whatever the environment names.
    #[must_use]
    pub fn past_proxies(&self) -> Self {
        Self { proxied: self.direct.clone(), proxies: Arc::new(Matcher::builder().build()), ..self.clone() }
    }

    /// Sends a request and returns as soon as status and headers are there.
    pub async fn send(&self, request: http::Request<Vec<u8>>, lane: Lane) -> Result<http::Response<Body>, HttpError> {
        let peer = Peer::of(request.uri(), &self.proxies).ok_or(HttpError::Unsendable)?;
        let target = request.uri().path_and_query().map(ToString::to_string);
        let mut request = reqwest::Request::try_from(request).map_err(|_| HttpError::Unsendable)?;
        // The URL type folds dot segments; what would be asked for must be what was signed.
        let sent = match request.url().query() {
            Some(query) => format!("{}?{query}", request.url().path()),
            None => request.url().path().to_owned(),
        };
        if target.as_deref() != Some(&sent) {
            return Err(HttpError::Unsendable);
        }
        let lanes = if peer.is_loopback() { &self.direct } else { &self.proxied };
        let client = match lane {
            Lane::Shared => &lanes.shared,
            Lane::Fresh => {
                // A cache on the way would make two reads one.
                request.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
                &lanes.fresh
            }
        };
        let answer = client.execute(request).await.map_err(|e| HttpError::classify(&e, &peer, self.stall_timeout))?;
        let (head, body) = http::Response::from(answer).into_parts();
        Ok(http::Response::from_parts(head, Body::new(body, peer, self.stall_timeout)))
    }

    /// Sends a request and reads the whole answer, which may have `cap` bytes at most.
    pub async fn fetch(&self, request: http::Request<Vec<u8>>, cap: usize) -> Result<Whole, HttpError> {
        let (head, body) = self.send(request, Lane::Shared).await?.into_parts();
        let body = body.capped(cap).collect().await?.to_bytes().to_vec();
        Ok(Whole { head, body })
    }
}
