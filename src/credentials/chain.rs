//! Which of the places users keep keys in counts, and why each of the others does not.

use super::environment::{FAMILIES, project_in_environment};
use super::{CredentialsError, FoundKey, Variables, file};

/// What the chain came to.
#[derive(Debug, Clone)]
pub struct Chain {
    /// The first place that has keys, or can be asked for some.
    pub keys: Option<Keys>,
    /// A line for each place that was not used, with the reason.
    pub unused: Vec<String>,
}

/// Where keys come from.
#[derive(Debug, Clone)]
pub enum Keys {
    /// Found on this machine.
    Found(FoundKey),
    /// The agency of the cloud server this runs on.
    Agency,
    /// The token, which IAM gives temporary keys for.
    ByToken,
}

impl Keys {
    /// Where they come from, for messages.
    #[must_use]
    pub fn source(&self) -> &str {
        match self {
            Self::Found(found) => &found.source,
            Self::Agency => "the agency of this cloud server",
            Self::ByToken => "the token, which IAM exchanges for temporary ones",
        }
    }
}

/// Looks through environment, credentials file, agency (if it may be asked) and token (if there is one), in this order.
pub fn chain(variables: &Variables, ecs_agency: bool, has_token: bool) -> Result<Chain, CredentialsError> {
    let mut chain = Chain { keys: None, unused: Vec::new() };
    for family in &FAMILIES {
        let place = format!("the environment ({})", family.id);
        if chain.is_open(&place) {
            match family.key(variables)? {
                Some(found) => chain.keys = Some(Keys::Found(found)),
                None => chain.pass_over(&place, "it is not set"),
            }
        }
    }
    chain.look_into_file(variables)?;
    let agency = "the agency of this cloud server";
    if chain.is_open(agency) {
        if ecs_agency {
            chain.keys = Some(Keys::Agency);
        } else {
            chain.pass_over(agency, "it is asked only with --ecs-agency");
        }
    }
    let token = "keys by a token";
    if chain.is_open(token) {
        if has_token {
            chain.keys = Some(Keys::ByToken);
        } else {
            chain.pass_over(token, "there is none, neither --auth-token-file nor RECVERIFY_AUTH_TOKEN");
        }
    }
    Ok(chain)
}

impl Chain {
    /// Whether a place still counts; notes it if not.
    fn is_open(&mut self, place: &str) -> bool {
        let Some(source) = self.keys.as_ref().map(|keys| keys.source().to_owned()) else { return true };
        self.pass_over(place, &format!("keys come from {source}"));
        false
    }

    fn pass_over(&mut self, place: &str, why: &str) {
        self.unused.push(format!("not used: {place}, because {why}"));
    }

    fn look_into_file(&mut self, variables: &Variables) -> Result<(), CredentialsError> {
        let Some((path, named)) = file::path(variables) else {
            self.pass_over("a credentials file", "neither HUAWEICLOUD_SDK_CREDENTIALS_FILE nor HOME is set");
            return Ok(());
        };
        let place = format!("the credentials file {}", path.display());
        if !self.is_open(&place) {
            return Ok(());
        }
        match file::key(&path) {
            Err(CredentialsError::Unreadable { source, .. })
                if !named && source.kind() == std::io::ErrorKind::NotFound =>
            {
                self.pass_over(&place, "there is none");
            }
            found => {
                // A file belongs to no family of variables, so where it has no project a variable may name one.
                let found = found?;
                let project_id = found.project_id.or_else(|| project_in_environment(variables).map(str::to_owned));
                self.keys = Some(Keys::Found(FoundKey { project_id, ..found }));
            }
        }
        Ok(())
    }
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

    fn find(variables: &Variables) -> Result<Option<FoundKey>, CredentialsError> {
        Ok(match chain(variables, false, false)?.keys {
            Some(Keys::Found(found)) => Some(found),
            _ => None,
        })
    }

    #[test]
    fn families_are_never_mixed() {
        let both = variables(&[
            ("HW_ACCESS_KEY", "hw-id"),
            ("HW_SECRET_KEY", "hw-secret"),
            ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "other"),
            ("HUAWEICLOUD_SDK_PROJECT_ID", "other"),
        ]);
        let found = find(&both).expect("complete").expect("found");
        assert_eq!(found.key.id, "hw-id");
        assert!(found.key.security_token.is_none());
        assert_eq!(found.project_id, None);

        let halves = variables(&[("HUAWEICLOUD_SDK_AK", "a"), ("HW_SECRET_KEY", "b")]);
        let error = find(&halves).expect_err("half a pair").to_string();
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
        let found = find(&both).expect("complete").expect("found");
        assert_eq!((found.key.id.as_str(), found.project_id.as_deref()), ("sdk-id", Some("sdk-project")));
    }

    #[test]
    fn a_file_is_read_literally() {
        let (_file, variables) = file(
            "[basic]\nak = id\nsk = 10%done\\n\"x'\nsecurity_token=tok=en==\nproject_id = p1\niam_endpoint = https://iam.x\n",
        );
        let found = find(&variables).expect("complete").expect("found");
        assert_eq!(found.key.secret.expose_secret(), "10%done\\n\"x'");
        assert_eq!(found.key.security_token.expect("a token").expose_secret(), "tok=en==");
        assert_eq!((found.project_id.as_deref(), found.iam_endpoint.as_deref()), (Some("p1"), Some("https://iam.x")));
    }

    #[test]
    fn a_backslash_at_the_end_of_a_line_is_part_of_the_value() {
        for end in ["\n", "\r\n"] {
            let (_file, variables) = file(&["[basic]", "ak = id", "sk = x\\", "security_token = y\\\\", ""].join(end));
            let key = find(&variables).expect("complete").expect("found").key;
            assert_eq!(key.secret.expose_secret(), "x\\");
            assert_eq!(key.security_token.expect("a token").expose_secret(), "y\\\\");
        }
    }

    #[test]
    fn a_file_without_a_pair_is_an_error_and_names_what_is_missing() {
        let (file, variables) = file("[basic]\nak = id\n");
        let error = find(&variables).expect_err("incomplete").to_string();
        assert_eq!(error, format!("the credentials file {} has no sk in its section [basic]", file.path().display()));
    }

    #[test]
    fn a_secret_never_shows_in_debug() {
        let found = find(&variables(&[("HW_ACCESS_KEY", "id"), ("HW_SECRET_KEY", "hunter2")]));
        assert!(!format!("{found:?}").contains("hunter2"));
    }

    #[test]
    fn nothing_set_is_nothing_found() {
        assert!(find(&Variables::new()).expect("no error").is_none());
        assert!(find(&variables(&[("HOME", "/nonexistent"), ("HW_ACCESS_KEY", "")])).expect("no error").is_none());
    }

    #[test]
    fn the_agency_comes_before_the_token_and_both_after_what_is_on_this_machine() {
        let keys = |pairs: &[(&str, &str)], agency, token| {
            chain(&variables(pairs), agency, token).expect("no error").keys.map(|keys| keys.source().to_owned())
        };
        let (agency, token) = ("the agency of this cloud server", "the token, which IAM exchanges for temporary ones");
        assert_eq!(keys(&[], true, true).as_deref(), Some(agency));
        assert_eq!(keys(&[], false, true).as_deref(), Some(token));
        let pair = [("HW_ACCESS_KEY", "id"), ("HW_SECRET_KEY", "secret")];
        assert_eq!(keys(&pair, true, true).as_deref(), Some("the environment (HW_ACCESS_KEY)"));
    }

    #[test]
    fn every_place_that_was_not_used_says_why() {
        let pair = variables(&[("HW_ACCESS_KEY", "id"), ("HW_SECRET_KEY", "secret"), ("HOME", "/h")]);
        let because = "because keys come from the environment (HW_ACCESS_KEY)";
        assert_eq!(
            chain(&pair, true, false).expect("complete").unused,
            [
                "not used: the environment (HUAWEICLOUD_SDK_AK), because it is not set".to_owned(),
                format!("not used: the credentials file /h/.huaweicloud/credentials, {because}"),
                format!("not used: the agency of this cloud server, {because}"),
                format!("not used: keys by a token, {because}"),
            ]
        );
        assert_eq!(
            chain(&Variables::new(), false, false).expect("no error").unused,
            [
                "not used: the environment (HUAWEICLOUD_SDK_AK), because it is not set",
                "not used: the environment (HW_ACCESS_KEY), because it is not set",
                "not used: a credentials file, because neither HUAWEICLOUD_SDK_CREDENTIALS_FILE nor HOME is set",
                "not used: the agency of this cloud server, because it is asked only with --ecs-agency",
                "not used: keys by a token, because there is none, neither --auth-token-file nor RECVERIFY_AUTH_TOKEN",
            ]
        );
    }
}
