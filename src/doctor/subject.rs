//! What is examined: where the services are, and as whom they are asked.

use std::fmt;

use jiff::Timestamp;

use crate::credentials::{Access, Credential, Holding, Keyring};
use crate::endpoint::Endpoint;
use crate::record::{Criteria, RecordId};
use crate::settings::Settings;
use crate::store::Addressing;
use crate::time::report_time;

/// Who a service is asked as, nothing of it secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Whoever the token belongs to.
    Token,
    /// An access key.
    Key {
        /// Its id.
        id: String,
        /// Whether it came with a security token.
        temporary: bool,
        /// When it ends, where that is known.
        until: Option<Timestamp>,
    },
    /// Keys that were not got, from this source.
    None(String),
}

impl Identity {
    fn of(credential: &Credential) -> Self {
        match credential {
            Credential::Token(_) => Self::Token,
            Credential::Keys(keys) => Self::of_keys(keys),
        }
    }

    fn of_keys(keys: &Keyring) -> Self {
        match keys.holding() {
            Holding { key: Some((id, temporary, until)), .. } => Self::Key { id, temporary, until },
            Holding { key: None, source } => Self::None(source),
        }
    }

    /// What to do if a service rejects it.
    pub(super) const fn remedy(&self) -> &'static str {
        match self {
            Self::Token => "get a new token: one ends after 24 h, and earlier when password or permissions change",
            Self::Key { temporary: true, until: None, .. } => {
                "renew the temporary keys, and their security token with them"
            }
            Self::Key { temporary: true, .. } | Self::None(_) => {
                "check this machine's clock, the agency or the token the keys come from, and what it may do"
            }
            Self::Key { temporary: false, .. } => {
                "check that key and secret belong together and that the key was neither deleted nor disabled"
            }
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token => f.write_str("the token"),
            Self::Key { id, temporary: true, until: Some(until) } => {
                write!(f, "the temporary access key {id}, good until {}", report_time(*until))
            }
            Self::Key { id, temporary: true, until: None } => write!(f, "the temporary access key {id}"),
            Self::Key { id, temporary: false, .. } => write!(f, "the access key {id}"),
            Self::None(source) => write!(f, "keys from {source}"),
        }
    }
}

/// What the settings came to.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Where each setting came from.
    pub sources: Vec<String>,
    /// The Workspace API.
    pub api: Endpoint,
    /// The store.
    pub store: Endpoint,
    /// The project; as long as IAM was not asked, the region it goes by.
    pub project_id: String,
    /// Whether IAM found it.
    pub found_by_iam: bool,
    /// Who asks the API.
    pub to_api: Identity,
    /// Who asks the store.
    pub to_store: Identity,
    /// How buckets are named.
    pub addressing: Addressing,
    /// The window an example is taken from.
    pub criteria: Criteria,
    /// The record to try, if one was named.
    pub record_id: Option<RecordId>,
}

impl Subject {
    /// What these settings mean for the window and the record.
    #[must_use]
    pub fn new(settings: &Settings, access: &Access, criteria: Criteria, record_id: Option<RecordId>) -> Self {
        let Settings { api, store, .. } = settings;
        let mut sources = api.sources.clone();
        sources.insert(1, format!("OBS: {}, region {}", store.endpoint, store.region));
        Self {
            sources,
            api: api.workspace.endpoint.clone(),
            store: store.endpoint.clone(),
            project_id: project(access),
            found_by_iam: access.project.looked_up_by().is_some(),
            to_api: Identity::of(&access.api),
            to_store: Identity::of_keys(&access.store),
            addressing: store.addressing,
            criteria,
            record_id,
        }
    }

    /// Takes in what was got over the network meanwhile: keys and project.
    pub fn learn(&mut self, access: &Access) {
        self.project_id = project(access);
        self.to_api = Identity::of(&access.api);
        self.to_store = Identity::of_keys(&access.store);
    }
}

fn project(access: &Access) -> String {
    match (access.project.known(), access.project.looked_up_by()) {
        (Some(Ok(id)), _) => id.to_owned(),
        (_, region) => format!("of region {}", region.unwrap_or_default()),
    }
}
