//! Where an object lies: a bucket that may be named in a host, and the keys its path may mean.

/// A bucket and the keys under which the object may lie there, likeliest first; never empty.
///
/// Whether the service writes `file_directory` with a leading slash, and whether such a slash belongs to the key, is
/// undocumented. So a leading slash gives two candidates: without it, as store keys usually are, and as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// A well-formed bucket name.
    pub bucket: String,
    /// The key meant in all likelihood.
    pub key: String,
    /// The other reading of a directory written with a leading slash.
    pub alternative: Option<String>,
}

/// Why a record's location is not usable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// The record names neither bucket nor file: nothing was declared at all.
    #[error("the record names neither bucket nor file")]
    Absent,
    /// No bucket.
    #[error("the record names no bucket")]
    NoBucket,
    /// No directory. An empty one is a directory; an absent one would have to be guessed.
    #[error("the record names no directory, and guessing one could accuse falsely")]
    NoDirectory,
    /// No file name.
    #[error("the record names no file")]
    NoFile,
    /// The bucket's name breaks the rules, so it must not reach a host name.
    #[error("\"{name}\" is no bucket name: {source}")]
    Bucket {
        /// As declared.
        name: String,
        /// The rule it breaks.
        source: BucketNameError,
    },
    /// A key is 1 to 1,024 bytes long.
    #[error("the key has {0} bytes, a store takes 1,024 at most")]
    KeyTooLong(usize),
    /// A key with a NUL character.
    #[error("the key holds a NUL character")]
    KeyNul,
    /// `.` or `..` between slashes: HTTP clients fold them, so another object would be asked for.
    #[error("the key holds a dot segment, which would lead to another object")]
    KeyDotSegment,
}

/// The rule of S3 and OBS that a bucket name breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BucketNameError {
    /// 3 to 63 characters.
    #[error("it must have 3 to 63 characters")]
    Length,
    /// Lower-case letters, digits, hyphen, dot.
    #[error("only lower-case letters, digits, hyphens and dots may stand in it")]
    Character,
    /// First and last.
    #[error("it must begin and end with a letter or digit")]
    Ends,
    /// Two dots in a row, or a dot beside a hyphen.
    #[error("dots may stand neither side by side nor beside a hyphen")]
    Dots,
    /// Four numbers.
    #[error("it must not look like an IP address")]
    IpAddress,
}

impl Location {
    /// Joins what a record declares; `None` stands for an absent field.
    pub fn new(bucket: Option<&str>, directory: Option<&str>, file: Option<&str>) -> Result<Self, LocationError> {
        let present = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
        if !present(bucket) && !present(file) {
            return Err(LocationError::Absent);
        }
        let bucket = bucket.filter(|name| !name.is_empty()).ok_or(LocationError::NoBucket)?;
        let file = file.map(|name| name.trim_start_matches('/')).filter(|name| !name.is_empty());
        let file = file.ok_or(LocationError::NoFile)?;
        let directory = directory.ok_or(LocationError::NoDirectory)?;
        check_bucket_name(bucket).map_err(|source| LocationError::Bucket { name: bucket.to_owned(), source })?;

        let key = join(directory.trim_start_matches('/'), file);
        check_key(&key)?;
        let leading = directory.starts_with('/') && !directory.trim_matches('/').is_empty();
        let alternative = leading.then(|| join(directory, file));
        if let Some(key) = &alternative {
            check_key(key)?;
        }
        Ok(Self { bucket: bucket.to_owned(), key, alternative })
    }
}

/// One slash between directory and file, whatever either brings.
fn join(directory: &str, file: &str) -> String {
    match directory.strip_suffix('/').unwrap_or(directory) {
        "" => file.to_owned(),
        directory => format!("{directory}/{file}"),
    }
}

fn check_key(key: &str) -> Result<(), LocationError> {
    if key.len() > 1024 {
        Err(LocationError::KeyTooLong(key.len()))
    } else if key.contains('\0') {
        Err(LocationError::KeyNul)
    } else if key.split('/').any(|segment| segment == "." || segment == "..") {
        Err(LocationError::KeyDotSegment)
    } else {
        Ok(())
    }
}

/// Holds a bucket name against the rules shared by S3 and OBS (OBS API, *Creating a bucket*).
pub fn check_bucket_name(name: &str) -> Result<(), BucketNameError> {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !(3..=63).contains(&name.chars().count()) {
        Err(BucketNameError::Length)
    } else if !name.chars().all(|c| alphanumeric(c) || c == '-' || c == '.') {
        Err(BucketNameError::Character)
    } else if !name.starts_with(alphanumeric) || !name.ends_with(alphanumeric) {
        Err(BucketNameError::Ends)
    } else if ["..", ".-", "-."].iter().any(|pair| name.contains(pair)) {
        Err(BucketNameError::Dots)
    } else if name.parse::<std::net::Ipv4Addr>().is_ok() {
        Err(BucketNameError::IpAddress)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(directory: &str, file: &str) -> (String, Option<String>) {
        let location = Location::new(Some("bucket"), Some(directory), Some(file)).expect("a usable location");
        (location.key, location.alternative)
    }

    #[test]
    fn one_slash_stands_between_directory_and_file() {
        for (directory, file) in [("a/b", "v.mp4"), ("a/b/", "v.mp4"), ("a/b", "/v.mp4"), ("a/b/", "/v.mp4")] {
            assert_eq!(keys(directory, file), ("a/b/v.mp4".to_owned(), None));
        }
        assert_eq!(keys("", "v.mp4"), ("v.mp4".to_owned(), None));
        assert_eq!(keys("/", "v.mp4"), ("v.mp4".to_owned(), None));
    }

    #[test]
    fn a_leading_slash_is_looked_for_both_ways() {
        assert_eq!(keys("/a/b/", "v.mp4"), ("a/b/v.mp4".to_owned(), Some("/a/b/v.mp4".to_owned())));
    }

    #[test]
    fn slashes_inside_are_kept_as_written() {
        assert_eq!(keys("a//b", "v.mp4").0, "a//b/v.mp4");
        assert_eq!(keys("a/b//", "v.mp4").0, "a/b//v.mp4");
    }

    #[test]
    fn what_is_not_declared_is_not_guessed() {
        use LocationError::*;
        let cases = [
            (None, None, None, Absent),
            (Some(""), Some("d"), Some(""), Absent),
            (None, Some("d"), Some("f"), NoBucket),
            (Some("bucket"), None, Some("f"), NoDirectory),
            (Some("bucket"), Some("d"), None, NoFile),
            (Some("bucket"), Some("d"), Some("/"), NoFile),
        ];
        for (bucket, directory, file, error) in cases {
            assert_eq!(Location::new(bucket, directory, file), Err(error));
        }
    }

    #[test]
    fn keys_no_client_would_send_as_written_are_refused() {
        let refused = |directory: &str, file: &str| Location::new(Some("bucket"), Some(directory), Some(file)).err();
        assert_eq!(refused("a/../b", "f"), Some(LocationError::KeyDotSegment));
        assert_eq!(refused(".", "f"), Some(LocationError::KeyDotSegment));
        assert_eq!(refused("a", ".."), Some(LocationError::KeyDotSegment));
        assert_eq!(refused("a\0", "f"), Some(LocationError::KeyNul));
        assert_eq!(refused("a", &"f".repeat(1023)), Some(LocationError::KeyTooLong(1025)));
        assert_eq!(refused("a", &"f".repeat(1022)), None);
        assert_eq!(refused("a..b", "...f"), None);
    }

    #[test]
    fn bucket_names_follow_the_stores_rules() {
        use BucketNameError::*;
        for name in ["abc", "a-b", "a.b.c", "0bucket9", &"b".repeat(63)] {
            assert_eq!(check_bucket_name(name), Ok(()), "{name}");
        }
        let refused = [
            ("ab", Length),
            (&"b".repeat(64), Length),
            ("Bucket", Character),
            ("a_b", Character),
            ("evil.example/x", Character),
            ("a@b", Character),
            ("-ab", Ends),
            ("ab.", Ends),
            ("a..b", Dots),
            ("a.-b", Dots),
            ("10.0.0.1", IpAddress),
        ];
        for (name, error) in refused {
            assert_eq!(check_bucket_name(name), Err(error), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_accepted_key_begins_with_a_slash_unless_it_is_the_alternative(directory in "[a-z/.]{0,12}", file in "[a-z/.]{1,8}") {
            if let Ok(location) = Location::new(Some("bucket"), Some(&directory), Some(&file)) {
                prop_assert!(!location.key.starts_with('/'));
                prop_assert!(location.alternative.is_none_or(|key| key.starts_with('/')));
            }
        }
    }
}
