//! The id of a record, checked before it can reach a path or a signature.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// The id a record is asked for by: not empty, without a slash, without control characters, no dot segment.
///
/// A slash would be signed as a path separator, and `.` or `..` would be folded into the path by any HTTP client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RecordId(String);

/// Why a text is no record id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordIdError {
    /// Nothing there.
    #[error("a record id cannot be empty")]
    Empty,
    /// Longer than 256 bytes; the service's ids have 32 to 36.
    #[error("a record id cannot be longer than 256 bytes, this one has {0}")]
    Long(usize),
    /// `/` or a control character.
    #[error("a record id cannot hold a slash or a control character")]
    Character,
    /// `.` or `..`.
    #[error("a record id cannot be a dot segment")]
    DotSegment,
}

impl RecordId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RecordId {
    type Err = RecordIdError;

    fn from_str(text: &str) -> Result<Self, RecordIdError> {
        match text {
            "" => Err(RecordIdError::Empty),
            "." | ".." => Err(RecordIdError::DotSegment),
            _ if text.len() > 256 => Err(RecordIdError::Long(text.len())),
            _ if text.chars().any(|c| c == '/' || c.is_control()) => Err(RecordIdError::Character),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_could_leave_their_path_segment_are_refused() {
        let cases = [
            ("", RecordIdError::Empty),
            (".", RecordIdError::DotSegment),
            ("..", RecordIdError::DotSegment),
            ("a/b", RecordIdError::Character),
            ("a\nb", RecordIdError::Character),
            ("a\u{85}b", RecordIdError::Character),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<RecordId>(), Err(error), "{text:?}");
        }
        assert_eq!("x".repeat(257).parse::<RecordId>(), Err(RecordIdError::Long(257)));
        assert!("x".repeat(256).parse::<RecordId>().is_ok());
    }

    #[test]
    fn the_services_own_shapes_are_taken_as_they_are() {
        for text in ["6c655e6a-0000-4000-8000-b7f0edc7a082", "8ac225c2781f230a01781f29b2e70001", "a b%2F+ü"] {
            assert_eq!(text.parse::<RecordId>().map(|id| id.to_string()), Ok(text.to_owned()));
        }
    }
}
