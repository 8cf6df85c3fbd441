//! As whom the services are asked in one run: made of the settings, before any of it is used.

use secrecy::SecretString;

use super::agency::Agency;
use super::exchange::Exchange;
use super::iam::Iam;
use super::keyring::Supply;
use super::{Credential, FoundKey, Keyring, Keys, Project, Token};
use crate::clock::{Backoff, Clock};
use crate::endpoint::Endpoint;
use crate::http::HttpClient;
use crate::redact::Redactor;

/// What was settled before any network.
#[derive(Debug, Clone)]
pub struct AccessSettings {
    /// A token, which then authenticates the API.
    pub token: Option<SecretString>,
    /// Where keys come from. With a token they are for the store alone.
    pub keys: Keys,
    /// A key of its own for the store.
    pub of_store: Option<FoundKey>,
    /// The project, or the region by whose name IAM knows it.
    pub project: Result<String, String>,
    /// Where IAM is, if it is to be asked for anything.
    pub iam: Option<Endpoint>,
    /// Where the metadata service is.
    pub metadata: Endpoint,
    /// How often IAM is asked the same at the most.
    pub tries: u32,
}

/// By what credentials are got and kept.
#[derive(Debug, Clone)]
pub struct Network {
    /// Reaches the services.
    pub http: HttpClient,
    /// By which keys end.
    pub clock: Clock,
    /// Waits before asking again.
    pub backoff: Backoff,
    /// Is told every secret that comes to be used.
    pub redactor: Redactor,
}

/// As whom the services are asked, and about which project.
#[derive(Debug, Clone)]
pub struct Access {
    /// The Workspace API.
    pub api: Credential,
    /// The store.
    pub store: Keyring,
    /// The project.
    pub project: Project,
    /// Knows all secrets of the run.
    pub redactor: Redactor,
}

impl Access {
    /// Asks nobody yet.
    #[must_use]
    pub fn new(settings: AccessSettings, network: &Network) -> Self {
        let AccessSettings { token, keys, of_store, project, iam, metadata, tries } = settings;
        let token = token.map(Token::new);
        if let Some(token) = &token {
            network.redactor.learn([&token.text]);
        }
        let source = keys.source().to_owned();
        let network = || network.clone();
        let keyring = match (keys, &token, &iam) {
            (Keys::Found(FoundKey { key, source, .. }), ..) => Keyring::given(key, source, network()),
            (Keys::Agency, ..) => {
                Keyring::supplied(Supply::Agency(Agency::new(metadata, &network())), source, network())
            }
            (Keys::ByToken, Some(token), Some(endpoint)) => {
                let iam = Iam::new(endpoint.clone(), token.rejection.clone(), tries, network());
                let exchange = Box::new(Exchange { iam, token: token.text.clone() });
                Keyring::supplied(Supply::Exchange(exchange), source, network())
            }
            (Keys::ByToken, ..) => Keyring::out_of_reach(source, network()),
        };
        let api = token.map_or_else(|| Credential::Keys(keyring.clone()), Credential::Token);
        let project = match (project, iam) {
            (Ok(id), _) => Project::given(id),
            (Err(region), Some(endpoint)) => {
                Project::of_region(region, Iam::new(endpoint, api.rejection(), tries, network()), api.clone())
            }
            (Err(_), None) => Project::out_of_reach(),
        };
        let store = match of_store {
            Some(FoundKey { key, source, .. }) => Keyring::given(key, source, network()),
            None => keyring,
        };
        Self { api, store, project, redactor: network().redactor }
    }
}
