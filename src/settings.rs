//! Flags, environment and credentials file → checked settings, before any network.

mod effective;
mod error;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

pub use effective::{effective, identities};

use crate::cli::{AddressingArg, Connection, HashingArg, Reading, Speed};
use crate::climb::Climb;
use crate::credentials::{
    AccessSettings, Chain, FoundKey, Keys, METADATA_SERVICE, Variables, chain, fits_a_header, is_near, is_project_id,
    key_of_store, project_in_environment,
};
use crate::endpoint::Endpoint;
use crate::http::Transport;
use crate::store::{Addressing, Hashing, Parts, StoreSettings};
use crate::workspace::WorkspaceSettings;

pub use error::SettingsError;

/// Where nobody said how many records are verified at once: the number it begins with, and the bound. With three
/// connections a record the bound stays well below the 1,024 open files that systems commonly allow.
const FIRST_CONCURRENCY: usize = 16;
const MOST_CONCURRENCY: usize = 64;

/// How the Workspace API is asked, and how the network is used for it.
#[derive(Debug)]
pub struct ApiSettings {
    /// The API.
    pub workspace: WorkspaceSettings,
    /// As whom both services are asked, and about which project.
    pub access: AccessSettings,
    /// The network.
    pub transport: Transport,
    /// The first wait before a retry.
    pub retry_wait: Duration,
    /// Where each setting that is not a flag came from, for `-v`.
    pub sources: Vec<String>,
    /// Why each place that keys could have come from was not used, for `-v`.
    pub unused: Vec<String>,
    /// What works and is worth a look all the same.
    pub warnings: Vec<String>,
}

/// All that a verification needs.
#[derive(Debug)]
pub struct Settings {
    /// The API and the network.
    pub api: ApiSettings,
    /// The store.
    pub store: StoreSettings,
    /// Records verified at once.
    pub concurrency: Climb,
}

/// Settings of the API alone, for what does not touch the store.
pub fn api(connection: &Connection, variables: &Variables) -> Result<ApiSettings, SettingsError> {
    Given::new(connection, variables, None)?.api()
}

/// Settings of API and store.
pub fn all(
    connection: &Connection,
    reading: &Reading,
    speed: &Speed,
    variables: &Variables,
) -> Result<Settings, SettingsError> {
    let of_store = key_of_store(variables)?;
    checked_key(of_store.as_ref())?;
    let mut given = Given::new(connection, variables, of_store)?;
    given.keys_of_store = true;
    let api = given.api()?;
    let endpoint = given.endpoint("the store", "obs", reading.obs_endpoint.as_deref(), "RECVERIFY_OBS_ENDPOINT")?;
    let region = match reading.obs_region.as_deref().or(given.variable("RECVERIFY_OBS_REGION")) {
        Some(region) => checked_region(region)?,
        None => given.region()?,
    };
    let store = StoreSettings {
        addressing: given.addressing(reading.addressing, &endpoint)?,
        endpoint,
        region: region.to_owned(),
        read_retries: reading.read_retries,
        parts: Parts { number: speed.parts.given(), size: speed.part_size.given() },
        hashing: match (speed.hashing, speed.parts.given().map(NonZeroUsize::get)) {
            // One connection and one thread for it: where that was asked for, CPU time counts for more than time does.
            (HashingArg::Auto, Some(1)) => Hashing::Inline,
            (hashing, _) => hashing.into(),
        },
        memory: speed.memory,
    };
    let concurrency = match (speed.concurrency, given.variable("RECVERIFY_CONCURRENCY")) {
        (Some(given), _) => given.given(),
        (None, None | Some("auto")) => None,
        (None, Some(text)) => Some(text.parse::<NonZeroUsize>().map_err(|_| SettingsError::Variable {
            name: "RECVERIFY_CONCURRENCY",
            value: text.to_owned(),
            expected: "auto or a number from 1 on",
        })?),
    };
    let concurrency = match concurrency {
        Some(number) => Climb::fixed(number.get()),
        None => Climb::new(FIRST_CONCURRENCY, MOST_CONCURRENCY),
    };
    Ok(Settings { api, store, concurrency })
}

/// What flags, environment and file give, looked up once.
struct Given<'a> {
    connection: &'a Connection,
    variables: &'a Variables,
    token: Option<SecretString>,
    keys: Keys,
    unused: Vec<String>,
    /// A key of its own for the store.
    of_store: Option<FoundKey>,
    /// Whether there have to be keys for the store.
    keys_of_store: bool,
}

impl<'a> Given<'a> {
    fn new(
        connection: &'a Connection,
        variables: &'a Variables,
        of_store: Option<FoundKey>,
    ) -> Result<Self, SettingsError> {
        let token = find_token(connection, variables)?;
        let Chain { keys, unused } = chain(variables, connection.ecs_agency, token.is_some())?;
        let Some(keys) = keys else { return Err(SettingsError::NoKeys { unused }) };
        if let Keys::Found(found) = &keys {
            checked_key(Some(found))?;
        }
        Ok(Self { connection, variables, token, keys, unused, of_store, keys_of_store: false })
    }

    fn variable(&self, name: &str) -> Option<&'a str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn api(&self) -> Result<ApiSettings, SettingsError> {
        let flag = self.connection.workspace_endpoint.as_deref();
        let endpoint = self.endpoint("the Workspace API", "workspace", flag, "RECVERIFY_WORKSPACE_ENDPOINT")?;
        let project = match self.project_id()? {
            Some(id) => Ok(id),
            None => match self.region() {
                Ok(region) => Err(region.to_owned()),
                Err(SettingsError::NoRegion) => return Err(SettingsError::NoProject),
                Err(error) => return Err(error),
            },
        };
        let exchanged = self.keys_of_store && self.of_store.is_none() && matches!(self.keys, Keys::ByToken);
        let iam = if project.is_err() || exchanged { Some(self.iam()?) } else { None };
        let named = match &project {
            Ok(id) => format!("project {id}"),
            Err(region) => format!("the project IAM has for {region}"),
        };
        let mut sources = vec![format!("Workspace API: {endpoint}, {named}")];
        sources.extend(iam.as_ref().map(|iam| format!("IAM: {iam}")));
        sources.extend(self.token.as_ref().map(|_| "authenticating the API with a token".to_owned()));
        if self.keys_of_store || self.token.is_none() {
            let of_api = self.of_store.is_none() || self.token.is_none();
            sources.extend(of_api.then(|| format!("keys from {}", self.keys.source())));
            sources.extend(self.of_store.as_ref().map(|found| format!("keys of the store from {}", found.source)));
        }
        let ca_bundle = self.connection.ca_bundle.clone();
        Ok(ApiSettings {
            workspace: WorkspaceSettings { endpoint, tries: self.connection.api_tries },
            access: AccessSettings {
                token: self.token.clone(),
                keys: self.keys.clone(),
                of_store: self.of_store.clone(),
                project,
                iam,
                metadata: self.metadata()?,
                tries: self.connection.api_tries,
            },
            transport: Transport {
                ca_bundle: ca_bundle.or_else(|| self.variable("SSL_CERT_FILE").map(PathBuf::from)),
                connect_timeout: self.connection.connect_timeout.unwrap_or(Duration::from_secs(10)),
                stall_timeout: self.connection.stall_timeout.unwrap_or(Duration::from_secs(30)),
            },
            retry_wait: self.connection.retry_wait.unwrap_or(Duration::from_millis(200)),
            sources,
            unused: self.unused.clone(),
            warnings: self.connection.auth_token_file.as_deref().and_then(exposure).into_iter().collect(),
        })
    }

    /// The flag, the variable, what was kept beside the keys in their file, else the region's.
    fn iam(&self) -> Result<Endpoint, SettingsError> {
        let beside = match &self.keys {
            Keys::Found(found) => found.iam_endpoint.as_deref(),
            Keys::Agency | Keys::ByToken => None,
        };
        let variable = "HUAWEICLOUD_SDK_IAM_ENDPOINT";
        let given = self.connection.iam_endpoint.as_deref().or_else(|| self.variable(variable)).or(beside);
        self.endpoint("IAM", "iam", given, variable)
    }

    fn metadata(&self) -> Result<Endpoint, SettingsError> {
        let text = self.variable("RECVERIFY_METADATA_ENDPOINT").unwrap_or(METADATA_SERVICE);
        let wrong = |source| SettingsError::Endpoint { what: "the metadata service", text: text.to_owned(), source };
        let endpoint: Endpoint = text.parse().map_err(wrong)?;
        if is_near(&endpoint) { Ok(endpoint) } else { Err(SettingsError::Metadata(endpoint)) }
    }

    fn region(&self) -> Result<&'a str, SettingsError> {
        let variable = || self.variable("HUAWEICLOUD_REGION").or_else(|| self.variable("HW_REGION_NAME"));
        checked_region(self.connection.region.as_deref().or_else(variable).ok_or(SettingsError::NoRegion)?)
    }

    /// The flag, else what was kept beside the keys; without keys, what the environment has.
    fn project_id(&self) -> Result<Option<String>, SettingsError> {
        let kept = match &self.keys {
            Keys::Found(found) => found.project_id.as_deref(),
            Keys::Agency | Keys::ByToken => project_in_environment(self.variables),
        };
        match self.connection.project_id.as_deref().or(kept) {
            Some(id) if !is_project_id(id) => Err(SettingsError::Project(id.to_owned())),
            id => Ok(id.map(str::to_owned)),
        }
    }

    fn endpoint(
        &self,
        what: &'static str,
        service: &str,
        flag: Option<&str>,
        variable: &str,
    ) -> Result<Endpoint, SettingsError> {
        let wrong = |text: &str| {
            let text = text.to_owned();
            move |source| SettingsError::Endpoint { what, text, source }
        };
        let endpoint: Endpoint = if let Some(text) = flag.or_else(|| self.variable(variable)) {
            text.parse().map_err(wrong(text))?
        } else {
            let region = self.region()?;
            Endpoint::of_region(service, region).map_err(wrong(region))?
        };
        if endpoint.is_https() || endpoint.is_loopback() || self.connection.allow_http {
            Ok(endpoint)
        } else {
            Err(SettingsError::PlainHttp(endpoint))
        }
    }

    fn addressing(&self, flag: Option<AddressingArg>, endpoint: &Endpoint) -> Result<Addressing, SettingsError> {
        let chosen = match (flag, self.variable("RECVERIFY_ADDRESSING")) {
            (Some(flag), _) => flag,
            (None, None | Some("auto")) => AddressingArg::Auto,
            (None, Some("path")) => AddressingArg::Path,
            (None, Some("virtual")) => AddressingArg::Virtual,
            (None, Some(other)) => {
                return Err(SettingsError::Variable {
                    name: "RECVERIFY_ADDRESSING",
                    value: other.to_owned(),
                    expected: "auto, virtual or path",
                });
            }
        };
        Ok(match chosen {
            AddressingArg::Path => Addressing::Path,
            AddressingArg::Auto if endpoint.ip().is_some() || endpoint.is_localhost() => Addressing::Path,
            AddressingArg::Auto | AddressingArg::Virtual => Addressing::Virtual,
        })
    }
}

/// A region becomes part of a host name, so nothing else may stand in it.
fn checked_region(region: &str) -> Result<&str, SettingsError> {
    let sound = !region.is_empty()
        && region.len() <= 63
        && region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if sound { Ok(region) } else { Err(SettingsError::Region(region.to_owned())) }
}

fn find_token(connection: &Connection, variables: &Variables) -> Result<Option<SecretString>, SettingsError> {
    let variable = variables.get("RECVERIFY_AUTH_TOKEN").filter(|value| !value.is_empty());
    let (text, source) = match (&connection.auth_token_file, variable) {
        (Some(path), _) => (read_token(path)?, path.display().to_string()),
        (None, Some(token)) => (Zeroizing::new(token.clone()), "RECVERIFY_AUTH_TOKEN".to_owned()),
        (None, None) => return Ok(None),
    };
    let token = text.trim();
    if token.is_empty() || !fits_a_header(token) {
        return Err(SettingsError::Token(source));
    }
    Ok(Some(SecretString::from(token)))
}

fn read_token(path: &Path) -> Result<Zeroizing<String>, SettingsError> {
    let text = std::fs::read_to_string(path);
    text.map(Zeroizing::new).map_err(|source| SettingsError::TokenFile { path: path.to_owned(), source })
}

fn checked_key(found: Option<&FoundKey>) -> Result<(), SettingsError> {
    if found.is_none_or(|found| found.key.fits_a_header()) { Ok(()) } else { Err(SettingsError::KeyCharacter) }
}

/// Says so if others than its owner may read a token file. A pipe has no such others.
fn exposure(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let exposed = metadata.permissions().mode() & 0o044 != 0;
    let path = path.display();
    exposed.then(|| format!("the token file {path} can be read by other users; keep it to yourself: chmod 600 {path}"))
}

#[cfg(test)]
mod tests;
