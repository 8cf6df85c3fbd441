//! Where the objects of a bucket are now, for recordings that were moved.

use super::{BucketNameError, check_bucket_name};

/// One bucket in place of another, as given: `OLD=NEW`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// What records declare.
    pub from: String,
    /// Where it is read.
    pub to: String,
}

/// Why a text does not say where a bucket has gone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MovedError {
    /// Not of the form.
    #[error("OLD=NEW is expected, two names of buckets")]
    Form,
    /// One of them is no name of a bucket.
    #[error(transparent)]
    Name(#[from] BucketNameError),
}

impl std::str::FromStr for Moved {
    type Err = MovedError;

    fn from_str(text: &str) -> Result<Self, MovedError> {
        let (from, to) = text.split_once('=').ok_or(MovedError::Form)?;
        check_bucket_name(from)?;
        check_bucket_name(to)?;
        Ok(Self { from: from.to_owned(), to: to.to_owned() })
    }
}

/// The bucket to read instead of the one declared; `None` where it was not moved.
#[must_use]
pub fn moved_to<'a>(moved: &'a [Moved], declared: &str) -> Option<&'a str> {
    moved.iter().find(|moved| moved.from == declared).map(|moved| moved.to.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_of_bucket_names_is_taken_and_nothing_else() {
        let moved: Moved = "old-bucket=new-bucket".parse().expect("a pair");
        assert_eq!(moved_to(std::slice::from_ref(&moved), "old-bucket"), Some("new-bucket"));
        assert_eq!(moved_to(&[moved], "other"), None);
        assert_eq!("old-bucket".parse::<Moved>(), Err(MovedError::Form));
        assert!(matches!("old-bucket=a/b".parse::<Moved>(), Err(MovedError::Name(_))));
    }
}
