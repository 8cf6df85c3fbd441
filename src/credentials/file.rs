//! Keys in the credentials file that the vendor's SDK reads too: INI, section `[basic]`.

use std::path::{Path, PathBuf};

use ini::{Ini, ParseOption};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::{AccessKey, CredentialsError, FoundKey, Variables, set};

/// Where the file should be: named by a variable, else below the home directory. With the path comes whether it was
/// named, and so has to be there.
pub(super) fn path(variables: &Variables) -> Option<(PathBuf, bool)> {
    let named = set(variables, "HUAWEICLOUD_SDK_CREDENTIALS_FILE").map(|path| (PathBuf::from(path), true));
    let home = || set(variables, "HOME").map(|home| (Path::new(home).join(".huaweicloud").join("credentials"), false));
    named.or_else(home)
}

/// Reads section `[basic]`; a `%`, `\` or quote in a value stands for itself.
pub(super) fn key(path: &Path) -> Result<FoundKey, CredentialsError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| CredentialsError::Unreadable { path: path.to_owned(), source })?;
    // The parser joins a line that ends with a backslash to the next, unless a blank, which it trims, stands between.
    let text = Zeroizing::new(Zeroizing::new(text).replace("\\\n", "\\ \n"));
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
        iam_endpoint: value("iam_endpoint").map(str::to_owned),
        source: format!("the credentials file {}", path.display()),
    })
}
