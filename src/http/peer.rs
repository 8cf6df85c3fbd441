//! Whom a request goes to, and through whom: what an error has to name.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use crate::endpoint::is_loopback;

/// The other end of a request.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// The host that is asked; IPv6 in brackets.
    pub(super) host: String,
    /// Host and port of the proxy on the way there.
    pub(super) proxy: Option<String>,
    /// Whether what is sent is encrypted.
    pub(super) encrypted: bool,
}

impl Peer {
    /// The peer of a request to `uri`; `None` without a host. What is meant for this machine goes past every proxy: it
    /// must not leave the machine on the way.
    pub(super) fn of(uri: &Uri, proxies: &Matcher) -> Option<Self> {
        let host = uri.host()?.to_owned();
        let proxy = if is_loopback(&host) { None } else { proxies.intercept(uri) };
        // Never the whole address: a password may stand in it.
        let proxy = proxy.and_then(|proxy| {
            let port = proxy.uri().port_u16().map_or_else(String::new, |port| format!(":{port}"));
            Some(format!("{}{port}", proxy.uri().host()?))
        });
        Some(Self { host, proxy, encrypted: uri.scheme() == Some(&http::uri::Scheme::HTTPS) })
    }

    /// Whether it is this machine.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy_of(uri: &'static str, proxy: &'static str) -> Option<String> {
        let proxies = Matcher::builder().all(proxy).no("spared.example").build();
        Peer::of(&Uri::from_static(uri), &proxies)?.proxy
    }

    #[test]
    fn a_proxy_is_named_without_its_password() {
        let named = Some("proxy.example:3128".to_owned());
        assert_eq!(proxy_of("https://obs.example/b", "http://ada:secret@proxy.example:3128"), named);
    }

    #[test]
    fn loopback_and_what_no_proxy_names_go_past_it() {
        for uri in ["http://127.0.0.1:80/", "http://[::1]/", "https://b.localhost/", "https://spared.example/"] {
            assert_eq!(proxy_of(uri, "http://proxy.example"), None, "{uri}");
        }
        assert_eq!(proxy_of("http://10.0.0.1/", "http://proxy.example").as_deref(), Some("proxy.example"));
    }
}
