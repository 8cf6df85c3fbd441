//! Who we are to the services: a key pair, a token, where users already keep them, and where temporary ones come from.
//!
//! Names are those of the vendor's SDK and of its Terraform provider. Variables of the two families are never mixed.
//!
//! [`chain()`] says, before any network, which place counts. [`Access`] makes of it what the services are asked with: a
//! [`Credential`] for the API, a [`Keyring`] for the store, and the [`Project`]. Keys that end are renewed where they are
//! used: by the agency of this server, or by IAM for a token.

mod access;
mod agency;
mod chain;
mod environment;
mod exchange;
mod file;
mod iam;
mod keyring;
mod project;
mod proof;
mod temporary;
mod unavailable;

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;
use secrecy::zeroize::Zeroize as _;

pub use access::{Access, AccessSettings, Network};
pub use agency::{METADATA_SERVICE, is_near};
pub use chain::{Chain, Keys, chain};
pub use environment::{key_of_store, project_in_environment};
pub use keyring::{Holding, Keyring};
pub use project::{Project, is_project_id};
pub(crate) use proof::{Asking, request};
pub use proof::{Credential, Proof, Token};
pub use unavailable::{Unavailable, Wanted};

/// An access key with its secret, and a security token if the key is a temporary one.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// The access key id: names the key, is no secret.
    pub id: String,
    /// The secret access key.
    pub secret: SecretString,
    /// What temporary keys are sent with.
    pub security_token: Option<SecretString>,
}

impl AccessKey {
    /// What of it must never be shown.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        std::iter::once(&self.secret).chain(&self.security_token)
    }

    /// Whether what is sent of it can stand in a header.
    #[must_use]
    pub fn fits_a_header(&self) -> bool {
        use secrecy::ExposeSecret as _;
        fits_a_header(&self.id) && self.security_token.as_ref().is_none_or(|token| fits_a_header(token.expose_secret()))
    }
}

/// A key pair found, with what was kept beside it.
#[derive(Debug, Clone)]
pub struct FoundKey {
    /// The key.
    pub key: AccessKey,
    /// The project id kept in the same place.
    pub project_id: Option<String>,
    /// The address of IAM kept in the same place.
    pub iam_endpoint: Option<String>,
    /// Where it was found, for messages.
    pub source: String,
}

/// Why no usable key was found.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// One half of a pair.
    #[error("{present} is set without {absent}; keys of different families are never mixed")]
    Half {
        /// The variable that is set.
        present: &'static str,
        /// The one that is not.
        absent: &'static str,
    },
    /// The file cannot be read.
    #[error("the credentials file {path} cannot be read: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no INI file.
    #[error(
        "the credentials file {path} is malformed; below [basic] each line has to be a name, an equals sign and a value"
    )]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// The parser's error. Its place is where it gave up, often the end of the file, so it is not told.
        source: ini::ParseError,
    },
    /// The file has no complete pair.
    #[error("the credentials file {path} has no {key} in its section [basic]")]
    Incomplete {
        /// Which file.
        path: PathBuf,
        /// What is missing.
        key: &'static str,
    },
}

/// The environment as it was handed to the program: a variable set to nothing counts as not set.
pub type Variables = BTreeMap<String, String>;

/// Wipes the secrets among the variables, once the settings have their own copies.
pub fn wipe(variables: &mut Variables) {
    for name in environment::secrets() {
        if let Some(mut value) = variables.remove(name) {
            value.zeroize();
        }
    }
}

/// Whether a text can stand in a header as it is.
#[must_use]
pub fn fits_a_header(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn set<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_stays_among_the_variables() {
        let names = [
            "HUAWEICLOUD_SDK_SK",
            "HUAWEICLOUD_SDK_SECURITY_TOKEN",
            "HW_SECRET_KEY",
            "HW_SECURITY_TOKEN",
            "RECVERIFY_OBS_SECRET_KEY",
            "RECVERIFY_OBS_SECURITY_TOKEN",
            "RECVERIFY_AUTH_TOKEN",
        ];
        let mut variables: Variables = names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        variables.insert("HW_ACCESS_KEY".to_owned(), "id".to_owned());
        wipe(&mut variables);
        assert_eq!(variables.keys().map(String::as_str).collect::<Vec<_>>(), ["HW_ACCESS_KEY"]);
    }
}
