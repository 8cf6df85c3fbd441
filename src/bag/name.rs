//! Names of directories and files that any file system and any shell takes, made of names that may be anything.

use crate::fixity::Sha256Digest;
use crate::record::{RecordId, Role};

/// So long a name may be; the digest that stands for the rest of a longer one included.
const LONGEST: usize = 120;

/// Names that stand for something else in an archive.
const TAKEN: [&str; 1] = ["findings"];

/// The name of a record's bag: its id where that is safe as it stands, else what is safe of it and a part of its digest, so
/// that no two ids share a name.
#[must_use]
pub fn directory_name(id: &RecordId) -> String {
    let id = id.as_str();
    let safe = safe(id);
    if safe == id && id.len() <= LONGEST && !TAKEN.iter().any(|taken| id.eq_ignore_ascii_case(taken)) {
        return safe;
    }
    let digest = Sha256Digest::of(id.as_bytes()).to_string();
    let (digest, head) = (&digest[..16], &safe[..safe.len().min(LONGEST - 17)]);
    format!("{head}-{digest}")
}

/// The name of a payload file: the one declared, made safe, its end kept where it is too long; it is alone in its directory.
#[must_use]
pub fn file_name(declared: Option<&str>, role: Role) -> String {
    let declared = declared.map(|name| name.rsplit('/').next().unwrap_or(name)).filter(|name| !name.is_empty());
    let Some(declared) = declared else { return role.to_string() };
    let name = safe(declared);
    if name.len() <= LONGEST { name } else { safe(&name[name.len() - LONGEST + 1..]) }
}

/// Only `[A-Za-z0-9._-]`, and neither a dot nor a dash first: ASCII, so any byte is a place to cut.
fn safe(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    if name.starts_with(['.', '-']) { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn directory(id: &str) -> String {
        directory_name(&id.parse().expect("an id"))
    }

    #[test]
    fn the_services_own_ids_are_the_names_of_their_bags() {
        for id in ["6c655e6a-0000-4000-8000-b7f0edc7a082", "8ac225c2781f230a01781f29b2e70001"] {
            assert_eq!(directory(id), id);
        }
    }

    #[test]
    fn ids_that_mean_something_to_a_file_system_get_names_that_do_not() {
        assert_eq!(directory(".hidden"), "_.hidden-1692419006a88aab");
        assert!(directory("-rf").starts_with("_-rf-"));
        assert!(directory("Findings").starts_with("Findings-"));
        assert_ne!(directory("a b"), directory("a_b"));
        assert_eq!(directory(&"x".repeat(256)).len(), LONGEST);
    }

    #[test]
    fn the_end_of_a_long_file_name_is_kept() {
        assert_eq!(file_name(Some("a b/../ü 1.mp4"), Role::Video), "__1.mp4");
        assert_eq!(file_name(None, Role::Event), "event");
        assert_eq!(file_name(Some("dir/"), Role::Video), "video");
        assert!(file_name(Some(&format!("{}.mp4", "x".repeat(400))), Role::Video).ends_with("x.mp4"));
    }

    proptest! {
        #[test]
        fn every_name_is_safe_short_and_not_empty(text in any::<String>()) {
            let mut names = vec![file_name(Some(&text), Role::Video)];
            names.extend(text.parse().map(|id| directory_name(&id)));
            for name in names {
                prop_assert!(!name.is_empty() && name.len() <= LONGEST && !name.starts_with(['.', '-']), "{}", name);
                prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)), "{}", name);
            }
        }
    }
}
