//! A manifest: which files there have to be, and the digest of each (RFC 8493, 2.1.3).

use std::collections::BTreeMap;
use std::fmt;

use crate::fixity::Sha256Digest;

/// Files by their paths below the bag, `/` between the names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest(BTreeMap<String, Sha256Digest>);

/// Why a text is no manifest. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// A line without digest and path.
    #[error("line {0} is no digest and path")]
    Line(usize),
    /// What stands first is no SHA-256.
    #[error("line {0} has no SHA-256 first")]
    Digest(usize),
    /// A path that leads out of the bag, or could.
    #[error("line {0} names a path that could lead out of the bag")]
    Path(usize),
    /// A percent sign that encodes neither a line break nor itself.
    #[error("line {0} has a path with a percent sign that encodes neither a line break nor itself")]
    Encoding(usize),
    /// The same path once more.
    #[error("line {0} names a path that an earlier line has")]
    Twice(usize),
}

impl Manifest {
    /// Reads a manifest. Before version 1.0 of the format a percent sign stood for itself, and a star could stand before a
    /// path.
    pub fn parse(text: &str, before_1_0: bool) -> Result<Self, ManifestError> {
        let mut files = BTreeMap::new();
        let lines = text.split(['\n', '\r']).enumerate().filter(|(_, line)| !line.is_empty());
        for (at, line) in lines {
            let at = at + 1;
            let (digest, path) = line.split_once([' ', '\t']).ok_or(ManifestError::Line(at))?;
            let path = path.trim_start_matches([' ', '\t']);
            let path = if before_1_0 { path.strip_prefix('*').unwrap_or(path) } else { path };
            let digest = digest.parse().map_err(|_| ManifestError::Digest(at))?;
            let path = decode(path, before_1_0).ok_or(ManifestError::Encoding(at))?;
            if !stays_inside(&path) {
                return Err(ManifestError::Path(at));
            }
            if files.insert(path, digest).is_some() {
                return Err(ManifestError::Twice(at));
            }
        }
        Ok(Self(files))
    }

    /// Adds a file.
    pub fn add(&mut self, path: String, digest: Sha256Digest) {
        self.0.insert(path, digest);
    }

    /// The digest a file has to have.
    #[must_use]
    pub fn digest(&self, path: &str) -> Option<Sha256Digest> {
        self.0.get(path).copied()
    }

    /// All files, by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, Sha256Digest)> {
        self.0.iter().map(|(path, digest)| (path.as_str(), *digest))
    }

    /// The files in this directory of the payload, those of directories below it included.
    pub fn below<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = (&'a str, Sha256Digest)> {
        self.files().filter(move |(path, _)| path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/')))
    }
}

impl fmt::Display for Manifest {
    /// A line a file, as `sha256sum -c` reads it too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(path, digest)| writeln!(f, "{digest}  {}", encode(path)))
    }
}

/// Line breaks and percent signs, which a path in a manifest cannot hold.
fn encode(path: &str) -> String {
    path.replace('%', "%25").replace('\n', "%0A").replace('\r', "%0D")
}

fn decode(path: &str, before_1_0: bool) -> Option<String> {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((plain, encoded)) = rest.split_once('%') {
        decoded.push_str(plain);
        let c = match encoded.get(..2).map(str::to_ascii_uppercase).as_deref() {
            Some("0A") => Some('\n'),
            Some("0D") => Some('\r'),
            Some("25") if !before_1_0 => Some('%'),
            _ => None,
        };
        match c {
            Some(c) => {
                decoded.push(c);
                rest = &encoded[2..];
            }
            None if before_1_0 => {
                decoded.push('%');
                rest = encoded;
            }
            None => return None,
        }
    }
    decoded.push_str(rest);
    Some(decoded)
}

/// Whether each step of a path goes into a directory or file of that very name.
fn stays_inside(path: &str) -> bool {
    !path.contains(['\\', '\0']) && path.split('/').all(|name| !matches!(name, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parse(path: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(&format!("{NOTHING}  {path}\n"), false)
    }

    #[test]
    fn paths_that_could_lead_out_of_the_bag_are_refused() {
        for path in ["../a", "/etc/passwd", "data/../../a", "data//a", "./data/a", "data/a/", "data/..", "c:\\a", ""] {
            assert!(matches!(parse(path), Err(ManifestError::Path(1) | ManifestError::Line(1))), "{path}");
        }
        assert!(parse("data/..a/b..").is_ok());
    }

    #[test]
    fn what_is_no_manifest_is_told_by_its_line() {
        let cases = [
            (format!("{NOTHING}  data/a\n{NOTHING}  data/a\n"), ManifestError::Twice(2)),
            (format!("{NOTHING}  data/a%2F\n"), ManifestError::Encoding(1)),
            (format!("{NOTHING}\n"), ManifestError::Line(1)),
            ("0123  data/a\n".to_owned(), ManifestError::Digest(1)),
        ];
        for (text, error) in cases {
            assert_eq!(Manifest::parse(&text, false), Err(error), "{text}");
        }
    }

    #[test]
    fn before_1_0_a_percent_sign_stands_for_itself_and_a_star_for_binary() {
        let manifest = Manifest::parse(&format!("{NOTHING} *data/100%\r\n{NOTHING}\tdata/a%0ab"), true).expect("sound");
        assert_eq!(manifest.files().map(|(path, _)| path).collect::<Vec<_>>(), ["data/100%", "data/a\nb"]);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(names in prop::collection::btree_set("[a-z%\n\r *]{1,8}", 0..5)) {
            let mut manifest = Manifest::default();
            for name in names {
                manifest.add(format!("data/{name}"), Sha256Digest::OF_NOTHING);
            }
            prop_assert_eq!(Manifest::parse(&manifest.to_string(), false), Ok(manifest));
        }
    }
}
