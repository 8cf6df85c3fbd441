//! Who we are to the services: a key pair, a token, and where users already keep them.
//!
//! Names are those of the vendor's SDK and of its Terraform provider. Variables of the two families are never mixed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ini::{Ini, ParseOption};
use secrecy::SecretString;

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
}

/// A key pair found, with what was kept beside it.
#[derive(Debug, Clone)]
pub struct FoundKey {
    /// The key.
    pub key: AccessKey,
    /// The project id kept in the same place.
    pub project_id: Option<String>,
    /// Where it was found, for messages.
    pub source: String,
}

/// Names under which one kind of program keeps its keys in the environment.
struct Family {
    id: &'static str,
    secret: &'static str,
    security_token: &'static str,
    project_id: &'static str,
}

const FAMILIES: [Family; 2] = [
    Family {
        id: "HUAWEICLOUD_SDK_AK",
        secret: "HUAWEICLOUD_SDK_SK",
        security_token: "HUAWEICLOUD_SDK_SECURITY_TOKEN",
        project_id: "HUAWEICLOUD_SDK_PROJECT_ID",
    },
    Family {
        id: "HW_ACCESS_KEY",
        secret: "HW_SECRET_KEY",
        security_token: "HW_SECURITY_TOKEN",
        project_id: "HW_PROJECT_ID",
    },
];

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

fn set<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// Looks for a key in the environment, then in the credentials file; `None` when neither has one.
pub fn find_key(variables: &Variables) -> Result<Option<FoundKey>, CredentialsError> {
    for family in &FAMILIES {
        match (set(variables, family.id), set(variables, family.secret)) {
            (Some(id), Some(secret)) => {
                return Ok(Some(FoundKey {
                    key: AccessKey {
                        id: id.to_owned(),
                        secret: secret.into(),
                        security_token: set(variables, family.security_token).map(SecretString::from),
                    },
                    project_id: set(variables, family.project_id).map(str::to_owned),
                    source: format!("the environment ({})", family.id),
                }));
            }
            (Some(_), None) => return Err(CredentialsError::Half { present: family.id, absent: family.secret }),
            (None, Some(_)) => return Err(CredentialsError::Half { present: family.secret, absent: family.id }),
            (None, None) => {}
        }
    }
    // A file belongs to no family of variables, so where it has no project a variable may name one.
    let with_project = |found: FoundKey| {
        let project_id = found.project_id.clone().or_else(|| project_in_environment(variables).map(str::to_owned));
        Some(FoundKey { project_id, ..found })
    };
    if let Some(path) = set(variables, "HUAWEICLOUD_SDK_CREDENTIALS_FILE") {
        return key_in_file(Path::new(path)).map(with_project);
    }
    let Some(home) = set(variables, "HOME") else { return Ok(None) };
    let path = Path::new(home).join(".huaweicloud").join("credentials");
    match key_in_file(&path) {
        Err(CredentialsError::Unreadable { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        found => found.map(with_project),
    }
}

/// The project id set in the environment, where no key says which family counts.
#[must_use]
pub fn project_in_environment(variables: &Variables) -> Option<&str> {
    FAMILIES.iter().find_map(|family| set(variables, family.project_id))
}

/// Reads section `[basic]`; a `%`, `\` or quote in a value stands for itself.
fn key_in_file(path: &Path) -> Result<FoundKey, CredentialsError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| CredentialsError::Unreadable { path: path.to_owned(), source })?;
    let literal = ParseOption { enabled_quote: false, enabled_escape: false, ..ParseOption::default() };
    let file = Ini::load_from_str_opt(&text, literal)
        .map_err(|source| CredentialsError::Malformed { path: path.to_owned(), source })?;
    let value = |key: &str| file.get_from(Some("basic"), key).filter(|value| !value.is_empty());
    let need = |key| value(key).ok_or_else(|| CredentialsError::Incomplete { path: path.to_owned(), key });
    Ok(FoundKey {
        key: AccessKey {
            id: need("ak")?.to_owned(),
            secret: need("sk")?.into(),
            security_token: value("security_token").map(SecretString::from),
        },
        project_id: value("project_id").map(str::to_owned),
        source: format!("the credentials file {}", path.display()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn file(text: &str) -> (tempfile::NamedTempFile, Variables) {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), text).expect("written");
        let path = file.path().display().to_string();
        (file, variables(&[("HUAWEICLOUD_SDK_CREDENTIALS_FILE", &path)]))
    }

    #[test]
    fn families_are_never_mixed() {
        let both = variables(&[
            ("HW_ACCESS_KEY", "hw-id"),
            ("HW_SECRET_KEY", "hw-secret"),
            ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "other"),
            ("HUAWEICLOUD_SDK_PROJECT_ID", "other"),
        ]);
        let found = find_key(&both).expect("complete").expect("found");
        assert_eq!(found.key.id, "hw-id");
        assert!(found.key.security_token.is_none());
        assert_eq!(found.project_id, None);

        let halves = variables(&[("HUAWEICLOUD_SDK_AK", "a"), ("HW_SECRET_KEY", "b")]);
        let error = find_key(&halves).expect_err("half a pair").to_string();
        assert_eq!(
            error,
            "HUAWEICLOUD_SDK_AK is set without HUAWEICLOUD_SDK_SK; keys of different families are never mixed"
        );
    }

    #[test]
    fn the_vendors_sdk_comes_first_and_brings_its_own_project() {
        let both = variables(&[
            ("HUAWEICLOUD_SDK_AK", "sdk-id"),
            ("HUAWEICLOUD_SDK_SK", "sdk-secret"),
            ("HUAWEICLOUD_SDK_PROJECT_ID", "sdk-project"),
            ("HW_ACCESS_KEY", "hw-id"),
            ("HW_SECRET_KEY", "hw-secret"),
        ]);
        let found = find_key(&both).expect("complete").expect("found");
        assert_eq!((found.key.id.as_str(), found.project_id.as_deref()), ("sdk-id", Some("sdk-project")));
    }

    #[test]
    fn a_file_is_read_literally() {
        let (_file, variables) =
            file("[basic]\nak = id\nsk = 10%done\\n\"x'\nsecurity_token=tok=en==\nproject_id = p1\n");
        let found = find_key(&variables).expect("complete").expect("found");
        assert_eq!(found.key.secret.expose_secret(), "10%done\\n\"x'");
        assert_eq!(found.key.security_token.expect("a token").expose_secret(), "tok=en==");
        assert_eq!(found.project_id.as_deref(), Some("p1"));
    }

    #[test]
    fn a_file_without_a_pair_is_an_error_and_names_what_is_missing() {
        let (file, variables) = file("[basic]\nak = id\n");
        let error = find_key(&variables).expect_err("incomplete").to_string();
        assert_eq!(error, format!("the credentials file {} has no sk in its section [basic]", file.path().display()));
    }

    #[test]
    fn a_secret_never_shows_in_debug() {
        let found = find_key(&variables(&[("HW_ACCESS_KEY", "id"), ("HW_SECRET_KEY", "hunter2")]));
        assert!(!format!("{found:?}").contains("hunter2"));
    }

    #[test]
    fn nothing_set_is_nothing_found() {
        assert!(find_key(&Variables::new()).expect("no error").is_none());
        assert!(find_key(&variables(&[("HOME", "/nonexistent"), ("HW_ACCESS_KEY", "")])).expect("no error").is_none());
    }
}
