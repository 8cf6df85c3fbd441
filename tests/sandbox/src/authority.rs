//! Certificates for the services behind TLS: an authority of the sandbox's own, and what it signs.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// An authority nobody trusts who was not given its certificate.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub struct Certificate {
    pub(crate) chain: CertificateDer<'static>,
    pub(crate) key: PrivatePkcs8KeyDer<'static>,
}

impl Authority {
    /// A new one of this name, with a key of its own.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate of its own"))
    }

    /// Its own certificate, for whoever shall trust it.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these hosts, by name or address.
    pub fn certificate(&self, hosts: &[&str]) -> Certificate {
        self.sign(&params(hosts))
    }

    /// The same, but no longer valid since the beginning of 2024.
    pub fn expired(&self, hosts: &[&str]) -> Certificate {
        let mut params = params(hosts);
        params.not_after = date_time_ymd(2024, 1, 1);
        self.sign(&params)
    }

    /// The same, but not valid before the year 3000.
    pub fn not_yet_valid(&self, hosts: &[&str]) -> Certificate {
        let mut params = params(hosts);
        params.not_before = date_time_ymd(3000, 1, 1);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Certificate {
        let key = KeyPair::generate().expect("a key");
        let chain = params.signed_by(&key, &self.0).expect("a certificate").der().clone();
        Certificate { chain, key: PrivatePkcs8KeyDer::from(key.serialize_der()) }
    }
}

fn params(hosts: &[&str]) -> CertificateParams {
    CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>()).expect("names of hosts")
}
