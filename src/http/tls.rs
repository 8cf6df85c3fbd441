//! The one TLS set-up: rustls, whom it trusts, and what its errors ask somebody to do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{ClientConfig, RootCertStore};

/// Why the trusted roots could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The bundle cannot be read or is no PEM file.
    #[error("the CA bundle {path} cannot be read: {message}")]
    Bundle {
        /// Which.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The bundle holds no usable certificate.
    #[error("the CA bundle {0} holds no usable certificate")]
    EmptyBundle(PathBuf),
    /// The TLS library refused its set-up.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// TLS 1.2 and 1.3, the roots of `ca_bundle` or else of the system.
pub(super) fn client_config(ca_bundle: Option<&Path>) -> Result<ClientConfig, RootsError> {
    let roots = match ca_bundle {
        Some(path) => bundle_roots(path)?,
        None => system_roots(),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| RootsError::Setup(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn bundle_roots(path: &Path) -> Result<RootCertStore, RootsError> {
    let unreadable = |message: String| RootsError::Bundle { path: path.to_owned(), message };
    let text = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let certificates = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unreadable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 { Err(RootsError::EmptyBundle(path.to_owned())) } else { Ok(roots) }
}

/// A machine without any roots is no error yet: it may only ever speak to loopback. A handshake would say so.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// How many names of a certificate are told; it may have hundreds.
const NAMES_TOLD: usize = 3;

/// A TLS error in the words of somebody who has to do something about it.
pub(super) fn in_words(error: &rustls::Error) -> String {
    use rustls::CertificateError as Certificate;
    let problem = match error {
        rustls::Error::InvalidCertificate(problem) => problem,
        // The first byte that came begins no TLS record.
        rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType) => {
            return "something else than TLS is spoken there; check scheme and port of the endpoint".to_owned();
        }
        other => return other.to_string(),
    };
    match problem {
        Certificate::UnknownIssuer => {
            "its certificate was issued by nobody trusted here; if that is right, trust its CA with --ca-bundle"
                .to_owned()
        }
        Certificate::BadSignature => {
            "its certificate is not signed by the CA that is trusted under that name; if that CA \
                                      was renewed, trust the new one with --ca-bundle"
                .to_owned()
        }
        Certificate::ExpiredContext { not_after, .. } => {
            format!("its certificate expired on {}; have it renewed, or set the clock right", date(*not_after))
        }
        Certificate::Expired => "its certificate has expired; have it renewed, or set the clock right".to_owned(),
        Certificate::NotValidYetContext { not_before, .. } => {
            format!("its certificate is not valid before {}; check the clock", date(*not_before))
        }
        Certificate::NotValidYet => "its certificate is not valid yet; check the clock".to_owned(),
        Certificate::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            format!("its certificate is for {} only; check the endpoint", names(presented))
        }
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
            "its certificate is for another name; check the endpoint".to_owned()
        }
        other => format!("its certificate is not accepted: {other}"),
    }
}

fn date(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "a date beyond all calendars".to_owned(), |time| time.to_string())
}

/// The names out of the form the library gives them in: `DnsName("example.org")`, `IpAddress(192.0.2.1)`.
fn names(presented: &[String]) -> String {
    let name = |form: &String| {
        let inner = form.split_once('(').and_then(|(_, inner)| inner.strip_suffix(')'));
        inner.map_or(form.as_str(), |inner| inner.trim_matches('"')).to_owned()
    };
    let told = presented.iter().take(NAMES_TOLD).map(name).collect::<Vec<_>>().join(", ");
    match presented.len().saturating_sub(NAMES_TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_certificate_are_told_up_to_a_number() {
        let presented = |n: usize| (0..n).map(|n| format!("DnsName(\"h{n}.example\")")).collect::<Vec<_>>();
        assert_eq!(names(&presented(1)), "h0.example");
        assert_eq!(names(&["IpAddress(192.0.2.1)".to_owned()]), "192.0.2.1");
        assert_eq!(names(&presented(200)), "h0.example, h1.example, h2.example and 197 more");
    }

    #[test]
    fn a_date_no_calendar_has_is_no_panic() {
        let date = |seconds| date(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)));
        assert_eq!(date(1_704_067_200), "2024-01-01T00:00:00Z");
        assert_eq!(date(u64::MAX), "a date beyond all calendars");
    }
}
