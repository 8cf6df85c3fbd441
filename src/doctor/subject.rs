//! What is examined: where the services are, and as whom they are asked.

use std::fmt;

use crate::credentials::AccessKey;
use crate::endpoint::Endpoint;
use crate::record::{Criteria, RecordId};
use crate::settings::Settings;
use crate::store::Addressing;
use crate::workspace::ApiCredential;

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
    },
}

impl Identity {
    fn of_key(key: &AccessKey) -> Self {
        Self::Key { id: key.id.clone(), temporary: key.security_token.is_some() }
    }

    /// What to do if a service rejects it.
    pub(super) const fn remedy(&self) -> &'static str {
        match self {
            Self::Token => "get a new token: one ends after 24 h, and earlier when password or permissions change",
            Self::Key { temporary: true, .. } => "renew the temporary keys, and their security token with them",
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
            Self::Key { id, temporary: true } => write!(f, "the temporary access key {id}"),
            Self::Key { id, temporary: false } => write!(f, "the access key {id}"),
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
    /// The project.
    pub project_id: String,
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
    pub fn new(settings: &Settings, criteria: Criteria, record_id: Option<RecordId>) -> Self {
        let Settings { api, store, .. } = settings;
        let mut sources = api.sources.clone();
        sources.insert(1, format!("OBS: {}, region {}", store.endpoint, store.region));
        Self {
            sources,
            api: api.workspace.endpoint.clone(),
            store: store.endpoint.clone(),
            project_id: api.workspace.project_id.clone(),
            to_api: match &api.workspace.credential {
                ApiCredential::Token(_) => Identity::Token,
                ApiCredential::Key(key) => Identity::of_key(key),
            },
            to_store: Identity::of_key(&store.key),
            addressing: store.addressing,
            criteria,
            record_id,
        }
    }
}
