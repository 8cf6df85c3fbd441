//! Keys in environment variables, under the names other programs of the same cloud use.

use secrecy::SecretString;

use super::{AccessKey, CredentialsError, FoundKey, Variables, set};

/// Names under which one kind of program keeps its keys in the environment.
pub(super) struct Family {
    /// Access key id; names the family.
    pub(super) id: &'static str,
    secret: &'static str,
    security_token: &'static str,
    project_id: Option<&'static str>,
}

/// The vendor's SDK, then its Terraform provider.
pub(super) const FAMILIES: [Family; 2] = [
    Family {
        id: "HUAWEICLOUD_SDK_AK",
        secret: "HUAWEICLOUD_SDK_SK",
        security_token: "HUAWEICLOUD_SDK_SECURITY_TOKEN",
        project_id: Some("HUAWEICLOUD_SDK_PROJECT_ID"),
    },
    Family {
        id: "HW_ACCESS_KEY",
        secret: "HW_SECRET_KEY",
        security_token: "HW_SECURITY_TOKEN",
        project_id: Some("HW_PROJECT_ID"),
    },
];

/// Keys for the store alone, for a bucket in another account.
const OF_THE_STORE: Family = Family {
    id: "RECVERIFY_OBS_ACCESS_KEY",
    secret: "RECVERIFY_OBS_SECRET_KEY",
    security_token: "RECVERIFY_OBS_SECURITY_TOKEN",
    project_id: None,
};

/// Variables that hold a secret, each of which is wiped once the settings are made.
pub(super) fn secrets() -> impl Iterator<Item = &'static str> {
    let of_keys = FAMILIES.iter().chain([&OF_THE_STORE]).flat_map(|family| [family.secret, family.security_token]);
    of_keys.chain(["RECVERIFY_AUTH_TOKEN"])
}

impl Family {
    /// The family's key, if all of it is set; half a pair is an error.
    pub(super) fn key(&self, variables: &Variables) -> Result<Option<FoundKey>, CredentialsError> {
        match (set(variables, self.id), set(variables, self.secret)) {
            (Some(id), Some(secret)) => Ok(Some(FoundKey {
                key: AccessKey {
                    id: id.to_owned(),
                    secret: secret.into(),
                    security_token: set(variables, self.security_token).map(SecretString::from),
                },
                project_id: self.project_id.and_then(|name| set(variables, name)).map(str::to_owned),
                iam_endpoint: None,
                source: format!("the environment ({})", self.id),
            })),
            (Some(_), None) => Err(CredentialsError::Half { present: self.id, absent: self.secret }),
            (None, Some(_)) => Err(CredentialsError::Half { present: self.secret, absent: self.id }),
            (None, None) => Ok(None),
        }
    }
}

/// The key that signs for the store alone, if one is set.
pub fn key_of_store(variables: &Variables) -> Result<Option<FoundKey>, CredentialsError> {
    OF_THE_STORE.key(variables)
}

/// The project id set in the environment, where no key says which family counts.
#[must_use]
pub fn project_in_environment(variables: &Variables) -> Option<&str> {
    FAMILIES.iter().filter_map(|family| family.project_id).find_map(|name| set(variables, name))
}
