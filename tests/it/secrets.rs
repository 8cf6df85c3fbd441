//! The secrets no output may show, in any of the spellings they could come in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use recverify_sandbox::{SECRET_KEY, SECURITY_TOKEN, TOKEN};

/// What all secrets of the tests have in common, here and in radosgw's users.
const MARKS: [&str; 3] = ["MUST-NOT-APPEAR", "MUST/NOT/APPEAR", "MUST\\/NOT\\/APPEAR"];

static SPELLINGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut spellings: Vec<_> = MARKS.map(str::to_owned).to_vec();
    for secret in [SECRET_KEY, SECURITY_TOKEN, TOKEN] {
        spellings.push(secret.to_owned());
        let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        // Unreserved characters (RFC 3986 §2.3) may stand as they are.
        spellings.push(encoded.replace("%2D", "-"));
        spellings.push(encoded.to_lowercase());
        spellings.push(encoded);
        spellings.push(hex::encode(secret));
        for alignment in 0..3 {
            let shifted = [&b"xx"[..alignment], secret.as_bytes()].concat();
            let whole = shifted.len() / 3 * 3;
            for engine in [STANDARD, URL_SAFE] {
                // What lies before and behind the secret decides the first and the last four characters.
                spellings.push(engine.encode(&shifted[..whole])[4..].to_owned());
            }
        }
    }
    spellings
});

/// The spelling of a secret that stands in a text, if one does.
fn shown_in(text: &str) -> Option<&'static str> {
    SPELLINGS.iter().map(String::as_str).find(|spelling| text.contains(spelling))
}

/// Panics if the text shows a secret; `whence` says where it was found.
#[track_caller]
pub fn shows_none(whence: &str, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let shown = shown_in(&text);
    assert!(shown.is_none(), "{whence} shows a secret, {shown:?}: {text}");
}

/// The files of a call: all in its directory, and those its arguments name.
#[derive(Debug, Default)]
pub struct Files {
    places: Vec<PathBuf>,
    before: BTreeMap<PathBuf, (u64, Option<SystemTime>)>,
}

impl Files {
    /// As they are before the call.
    pub fn of(dir: Option<&Path>, arguments: impl Iterator<Item = PathBuf>) -> Self {
        let mut places: Vec<_> = dir.map(Path::to_owned).into_iter().collect();
        places.extend(arguments.filter(|path| path.is_absolute()));
        let before = found(&places);
        Self { places, before }
    }

    /// Panics if one that was written since shows a secret.
    #[track_caller]
    pub fn show_none(&self) {
        let after = found(&self.places);
        let written = after.iter().filter(|(path, state)| self.before.get(*path) != Some(*state));
        for (path, _) in written {
            // One that is gone again, or not a file, shows nothing.
            if let Ok(content) = std::fs::read(path) {
                shows_none(&path.display().to_string(), &content);
            }
        }
    }
}

fn found(places: &[PathBuf]) -> BTreeMap<PathBuf, (u64, Option<SystemTime>)> {
    let in_dir = |place: &PathBuf| match std::fs::read_dir(place) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![place.clone()],
    };
    let state = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
        Some((path, (metadata.len(), metadata.modified().ok())))
    };
    places.iter().flat_map(in_dir).filter_map(state).collect()
}

#[test]
fn every_spelling_is_found() {
    let base64 = |before: &str| STANDARD.encode(format!("{before}{SECRET_KEY}behind"));
    let shown = [
        format!("key={SECRET_KEY}"),
        format!("token {}", SECURITY_TOKEN.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D")),
        hex::encode(TOKEN),
        base64(""),
        base64("a"),
        base64("ab"),
    ];
    for text in shown {
        assert!(shown_in(&text).is_some(), "{text}");
    }
    assert_eq!(shown_in("nothing of the kind"), None);
}
