//! The one TLS set-up: rustls, and whom it trusts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
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
