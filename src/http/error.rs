//! What can go wrong on the way to a service and back: never a finding about evidence.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::peer::Peer;
use super::resolver::Unresolved;
use super::tls::in_words;
use crate::fixity::Code;

/// Why there is no answer, or not all of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The host's name does not resolve.
    #[error("the name {host} does not resolve: {message}")]
    Name {
        /// Which.
        host: String,
        /// What the resolver said.
        message: String,
        /// Whether the resolver could not tell, rather than knew of no such name.
        temporary: bool,
    },
    /// No connection.
    #[error("no connection to {host}{}: {message}", through(.proxy.as_deref()))]
    Connect {
        /// To which host.
        host: String,
        /// Host and port of the proxy on the way.
        proxy: Option<String>,
        /// The system's word, or the proxy's.
        message: String,
    },
    /// The TLS handshake failed.
    #[error("TLS with {host}{} failed: {message}", through(.proxy.as_deref()))]
    Tls {
        /// With which host.
        host: String,
        /// Host and port of the proxy on the way: one that looks into what passes has a certificate of its own.
        proxy: Option<String>,
        /// What is wrong, in words.
        message: String,
    },
    /// Something else than plain http is spoken there.
    #[error("{host} does not answer in plain http; if TLS is spoken there, its address begins with https://")]
    NotPlain {
        /// Where.
        host: String,
    },
    /// Nothing came for the stall time-out.
    #[error("nothing came from {host} for {}", seconds(*.after))]
    Stalled {
        /// From which host.
        host: String,
        /// The time-out.
        after: Duration,
    },
    /// An answer kept coming in drops.
    #[error("only {bytes} bytes came from {host} in {}", seconds(*.after))]
    Dripped {
        /// From which host.
        host: String,
        /// How many came.
        bytes: u64,
        /// In which time.
        after: Duration,
    },
    /// A document kept coming, too slowly.
    #[error("the answer from {host} was not whole after {}", seconds(*.after))]
    Slow {
        /// From which host.
        host: String,
        /// The time it had.
        after: Duration,
    },
    /// The connection broke before the answer was complete.
    #[error("the connection to {host} broke: {message}")]
    Broken {
        /// To which host.
        host: String,
        /// The system's word.
        message: String,
    },
    /// The connection ended in good order before the announced length was reached.
    #[error("the answer from {host} ended early")]
    Truncated {
        /// From which host.
        host: String,
    },
    /// More came than is read.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The address cannot be sent as it stands.
    #[error("the address cannot be sent as it stands")]
    Unsendable,
}

impl HttpError {
    /// Sorts an error of the HTTP library by what stands in its chain of causes.
    pub(super) fn classify(error: &reqwest::Error, peer: &Peer, stall_timeout: Duration) -> Self {
        let Peer { host, proxy, encrypted } = peer.clone();
        if let Some(unresolved) = find::<Unresolved>(error) {
            if proxy.is_some() {
                // It is the proxy's name: nothing is known of the host's.
                return Self::Connect { host, proxy, message: format!("{unresolved}: {}", unresolved.source) };
            }
            return Self::Name {
                host: unresolved.host.clone(),
                message: unresolved.source.to_string(),
                temporary: unresolved.is_temporary(),
            };
        }
        if let Some(tls) = find::<rustls::Error>(error) {
            return Self::Tls { host, proxy, message: in_words(tls) };
        }
        let message = root_cause(error);
        if error.is_connect() {
            let message = if error.is_timeout() { "it took longer than the time-out".to_owned() } else { message };
            Self::Connect { host, proxy, message }
        } else if error.is_timeout() {
            Self::Stalled { host, after: stall_timeout }
        } else if find::<io::Error>(error).is_some_and(|cause| cause.kind() == io::ErrorKind::UnexpectedEof) {
            Self::Truncated { host }
        } else if !encrypted && message == NO_HTTP {
            Self::NotPlain { host }
        } else {
            Self::Broken { host, message }
        }
    }

    /// Finds this program's own error behind one of a library that was given it to carry.
    #[must_use]
    pub fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        find::<Self>(error).cloned()
    }

    /// The code of the reason this becomes.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Name { .. } | Self::Connect { .. } | Self::Broken { .. } => Code::Connection,
            Self::Tls { .. } | Self::NotPlain { .. } => Code::Tls,
            Self::Stalled { .. } | Self::Dripped { .. } | Self::Slow { .. } => Code::Stalled,
            Self::Truncated { .. } => Code::Truncated,
            Self::TooLarge(_) => Code::UnreadableAnswer,
            Self::Unsendable => Code::MalformedLocation,
        }
    }

    /// Whether the same request may well succeed a little later.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Name { temporary, .. } => *temporary,
            Self::Connect { .. }
            | Self::Broken { .. }
            | Self::Stalled { .. }
            | Self::Dripped { .. }
            | Self::Slow { .. }
            | Self::Truncated { .. } => true,
            Self::Tls { .. } | Self::NotPlain { .. } | Self::TooLarge(_) | Self::Unsendable => false,
        }
    }
}

/// What the HTTP library says of an answer that does not begin as HTTP does, a TLS alert for instance.
const NO_HTTP: &str = "invalid HTTP version parsed";

/// Finds a cause of type `T`; one wrapped in an `io::Error` does not show up among the sources by itself.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        next = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    None
}

fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn through(proxy: Option<&str>) -> String {
    proxy.map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"))
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
