//! What can go wrong on the way to a service and back: never a finding about evidence.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::resolver::Unresolved;
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
    #[error("no connection to {host}: {message}")]
    Connect {
        /// To which host.
        host: String,
        /// The system's word, or the proxy's.
        message: String,
    },
    /// The TLS handshake failed.
    #[error("TLS with {host} failed: {message}")]
    Tls {
        /// With which host.
        host: String,
        /// What is wrong, in words.
        message: String,
    },
    /// Nothing came for the stall time-out.
    #[error("nothing came from {host} for {}", seconds(*.after))]
    Stalled {
        /// From which host.
        host: String,
        /// The time-out.
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
    pub(super) fn classify(error: &reqwest::Error, host: &str, stall_timeout: Duration) -> Self {
        let host = host.to_owned();
        if let Some(unresolved) = find::<Unresolved>(error) {
            return Self::Name {
                host: unresolved.host.clone(),
                message: unresolved.source.to_string(),
                temporary: unresolved.is_temporary(),
            };
        }
        if let Some(tls) = find::<rustls::Error>(error) {
            return Self::Tls { host, message: tls_words(tls) };
        }
        let message = root_cause(error);
        if error.is_connect() {
            let message = if error.is_timeout() { "it took longer than the time-out".to_owned() } else { message };
            Self::Connect { host, message }
        } else if error.is_timeout() {
            Self::Stalled { host, after: stall_timeout }
        } else if find::<io::Error>(error).is_some_and(|cause| cause.kind() == io::ErrorKind::UnexpectedEof) {
            Self::Truncated { host }
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
            Self::Tls { .. } => Code::Tls,
            Self::Stalled { .. } | Self::Slow { .. } => Code::Stalled,
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
            | Self::Slow { .. }
            | Self::Truncated { .. } => true,
            Self::Tls { .. } | Self::TooLarge(_) | Self::Unsendable => false,
        }
    }
}

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

/// A TLS error in the words of somebody who has to do something about it.
fn tls_words(error: &rustls::Error) -> String {
    use rustls::CertificateError as Certificate;
    let rustls::Error::InvalidCertificate(problem) = error else { return error.to_string() };
    match problem {
        Certificate::UnknownIssuer => {
            "its certificate was issued by nobody trusted here; a private authority is named with --ca-bundle"
                .to_owned()
        }
        Certificate::Expired | Certificate::ExpiredContext { .. } => {
            "its certificate has expired; check the clock, then tell its owner".to_owned()
        }
        Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
            "its certificate is not valid yet; check the clock".to_owned()
        }
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
            "its certificate is for another name; check the endpoint".to_owned()
        }
        other => format!("its certificate is not accepted: {other}"),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
