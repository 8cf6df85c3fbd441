//! The address of a service: scheme, host and port, and nothing else.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::uri::{Authority, Scheme, Uri};

/// `https://host[:port]`, or `http://…` where that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    authority: Authority,
}

/// Why a text is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No `https://` in front.
    #[error("it must begin with https://")]
    Scheme,
    /// Something behind the port: a path, a query, a user name.
    #[error("only scheme, host and port may stand in it")]
    Extra,
    /// No host, or one no URI can have.
    #[error("it is no valid address")]
    Malformed,
}

impl Endpoint {
    /// `https://SERVICE.REGION.myhuaweicloud.com`, the address of a service in a region (API reference, *Endpoints*).
    pub fn of_region(service: &str, region: &str) -> Result<Self, EndpointError> {
        format!("https://{service}.{region}.myhuaweicloud.com").parse()
    }

    /// Host and port as they stand in a `Host` header.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The host alone; IPv6 in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// Whether what is sent there is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The host as an address, if it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        address(self.host())
    }

    /// Whether the host is `localhost` or below it.
    #[must_use]
    pub fn is_localhost(&self) -> bool {
        is_localhost(self.host())
    }

    /// Whether what is sent there stays on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.host())
    }
}

/// Whether a host is this machine: `localhost`, a name below it or a loopback address; IPv6 with or without brackets.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    is_localhost(host) || address(host).is_some_and(|address| address.is_loopback())
}

/// Whether a host is `localhost` or a name below it (RFC 6761, 6.3).
#[must_use]
pub fn is_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if !["https://", "http://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(EndpointError::Scheme);
        }
        let parts = text.parse::<Uri>().map_err(|_| EndpointError::Malformed)?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(EndpointError::Malformed);
        };
        let bare = parts.path_and_query.is_none_or(|path| path.as_str() == "/");
        if !bare || authority.as_str().contains('@') || text.contains('#') {
            return Err(EndpointError::Extra);
        }
        if authority.host().is_empty() {
            return Err(EndpointError::Malformed);
        }
        Ok(Self { scheme, authority })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_scheme_host_and_port() {
        for text in ["https://obs.eu-west-101.myhuaweicloud.eu", "http://127.0.0.1:8080", "http://[::1]:80"] {
            assert_eq!(text.parse::<Endpoint>().map(|e| e.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("https://h/".parse::<Endpoint>().map(|e| e.to_string()), Ok("https://h".to_owned()));
    }

    #[test]
    fn anything_more_or_less_is_refused() {
        use EndpointError::*;
        let cases = [
            ("obs.example.com", Scheme),
            ("ftp://h", Scheme),
            ("", Scheme),
            ("https://", Malformed),
            ("https://h h", Malformed),
            ("https://h/bucket", Extra),
            ("https://h?x=1", Extra),
            ("https://user@h", Extra),
            ("https://h#x", Extra),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Endpoint>(), Err(error), "{text}");
        }
    }

    #[test]
    fn loopback_is_told_from_everything_else() {
        let loopback = |text: &str| text.parse::<Endpoint>().expect("an endpoint").is_loopback();
        for text in ["http://localhost:1", "http://127.0.0.9", "http://[::1]", "http://a.localhost"] {
            assert!(loopback(text), "{text}");
        }
        for text in ["http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example"] {
            assert!(!loopback(text), "{text}");
        }
    }

    #[test]
    fn only_localhost_and_what_is_below_it_is_loopback() {
        for host in ["localhost", "LOCALHOST.", "bucket.localhost"] {
            assert!(is_localhost(host), "{host}");
        }
        for host in ["localhost.example", "notlocalhost", "example"] {
            assert!(!is_localhost(host), "{host}");
        }
    }
}
