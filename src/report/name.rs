//! Names of reports: `{run_id}` and `{date}` in them become those of the run.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use super::Run;

/// A `{` that begins no placeholder there is; it holds what stands between the braces.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownPlaceholder(pub(super) String);

/// The name with `{run_id}` and `{date}` (of the run's start, UTC) filled in. A `}` by itself stays.
pub(super) fn expand(name: &Path, run: &Run) -> Result<PathBuf, UnknownPlaceholder> {
    let mut rest = name.as_os_str().as_bytes();
    let mut expanded = Vec::with_capacity(rest.len() + 32);
    while let Some(at) = rest.iter().position(|byte| *byte == b'{') {
        expanded.extend_from_slice(&rest[..at]);
        let behind = &rest[at + 1..];
        let end = behind.iter().position(|byte| *byte == b'}').unwrap_or(behind.len());
        match &behind[..end] {
            b"run_id" if end < behind.len() => expanded.extend_from_slice(run.id.as_bytes()),
            b"date" if end < behind.len() => {
                expanded.extend_from_slice(run.started_at.strftime("%Y-%m-%d").to_string().as_bytes());
            }
            other => return Err(UnknownPlaceholder(String::from_utf8_lossy(other).into_owned())),
        }
        rest = &behind[end + 1..];
    }
    expanded.extend_from_slice(rest);
    Ok(OsString::from_vec(expanded).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn expanded(name: &str) -> Result<String, UnknownPlaceholder> {
        expand(Path::new(name), &sample::run()).map(|path| path.display().to_string())
    }

    #[test]
    fn placeholders_become_those_of_the_run_wherever_they_stand() {
        assert_eq!(
            expanded("{date}/{run_id}-{date}.json").as_deref(),
            Ok("2026-01-15/019bc0f2-7a40-7000-8000-000000000001-2026-01-15.json")
        );
        assert_eq!(expanded("a}b.json").as_deref(), Ok("a}b.json"));
    }

    #[test]
    fn a_brace_that_begins_nothing_known_is_an_error() {
        for (name, placeholder) in [("{day}.json", "day"), ("{}.json", ""), ("{date.json", "date.json"), ("a{", "")] {
            assert_eq!(expanded(name), Err(UnknownPlaceholder(placeholder.to_owned())), "{name}");
        }
        assert_eq!(expanded("{date"), Err(UnknownPlaceholder("date".to_owned())));
    }

    #[test]
    fn bytes_that_are_no_text_are_kept() {
        let name = OsString::from_vec(b"\xff-{date}.json".to_vec());
        let path = expand(Path::new(&name), &sample::run()).expect("known placeholders");
        assert_eq!(path.as_os_str().as_bytes(), b"\xff-2026-01-15.json");
    }
}
