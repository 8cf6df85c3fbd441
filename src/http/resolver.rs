//! Names to addresses, with an error that can be told from a refused connection.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::endpoint::is_localhost;

/// The system's resolver; `localhost` and the names below it are loopback without asking it (RFC 6761, 6.3).
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver;

/// A name without an address.
#[derive(Debug, thiserror::Error)]
#[error("{host} does not resolve")]
pub(super) struct Unresolved {
    pub(super) host: String,
    pub(super) source: std::io::Error,
}

impl Unresolved {
    /// Whether the resolver could not tell rather than knew of no such name. The system's error has no code to go by,
    /// only the words of glibc ("Temporary failure in name resolution") and of musl ("Try again").
    pub(super) fn is_temporary(&self) -> bool {
        let words = self.source.to_string();
        words.contains("Temporary failure") || words.contains("Try again")
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        Box::pin(async move {
            if is_localhost(&host) {
                let loopback = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
                return Ok(Box::new(loopback.into_iter()) as Addrs);
            }
            let addresses = tokio::net::lookup_host((host.as_str(), 0)).await.map(Iterator::collect::<Vec<_>>);
            match addresses {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Err(source) => Err(Unresolved { host, source }.into()),
            }
        })
    }
}
