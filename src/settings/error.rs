//! Why settings do not do, told before any network.

use std::path::PathBuf;

use crate::credentials::CredentialsError;
use crate::endpoint::{Endpoint, EndpointError};

/// Why the settings do not do; each is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Neither flag nor variable.
    #[error("no region is set; use --region or HUAWEICLOUD_REGION")]
    NoRegion,
    /// Not even shaped like a region.
    #[error("\"{0}\" is no region; one looks like ap-southeast-3")]
    Region(String),
    /// Neither flag nor variable nor file.
    #[error(
        "no project is set, and no region by whose name IAM could find it; use --project-id or --region, or the variable that goes with the keys: HUAWEICLOUD_SDK_PROJECT_ID or HW_PROJECT_ID"
    )]
    NoProject,
    /// Not shaped like a project id.
    #[error("\"{0}\" is no project id; one has letters, digits, hyphens and underscores only")]
    Project(String),
    /// Nothing authenticates the API.
    #[error(
        "no keys are set; export HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, write ~/.huaweicloud/credentials, or use --ecs-agency on a cloud server that has one"
    )]
    NoKeys {
        /// Why each place that keys could have come from was not used, for `-v`.
        unused: Vec<String>,
    },
    /// The metadata service can be nowhere but here or next door.
    #[error("{0} of RECVERIFY_METADATA_ENDPOINT can be no metadata service; only a loopback or link-local address can")]
    Metadata(Endpoint),
    /// A key pair is broken.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// An endpoint is malformed.
    #[error("the address {text} of {what} does not do: {source}")]
    Endpoint {
        /// Which service.
        what: &'static str,
        /// As given.
        text: String,
        /// What is wrong.
        source: EndpointError,
    },
    /// Plain http would leave this machine.
    #[error("{0} is plain http: keys and records would go unprotected; use https, or --allow-http if you must")]
    PlainHttp(Endpoint),
    /// The token file cannot be read.
    #[error("the token file {path} cannot be read: {source}")]
    TokenFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no token in it.
    #[error("the token in {0} is empty or holds a character no header can carry")]
    Token(String),
    /// A key id that no header can carry.
    #[error("the access key id or security token holds a character no header can carry")]
    KeyCharacter,
    /// A variable that should be a word or a number.
    #[error("{name} is \"{value}\"; it must be {expected}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// As set.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}
