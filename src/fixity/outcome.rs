//! The six outcomes an object or a record can have, in the order of their gravity.

use std::fmt;

use serde::Serialize;

/// What was established. The order is that of gravity: `Intact < … < Altered`.
///
/// Altered, missing and inconsistent are findings about evidence; unverified and undeclared say that nothing could be
/// decided, and why is in the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every byte was read and the digest equals the declared one; for a record, both objects, and the size agrees.
    Intact,
    /// The record declares no SHA-256 for it.
    Undeclared,
    /// It could not be decided.
    Unverified,
    /// The digests agree, but what the record says does not fit together (records only).
    Inconsistent,
    /// The object is proven to be absent.
    Missing,
    /// The whole object was read twice, independently, and both times was not what was declared.
    Altered,
}

impl Outcome {
    /// All six, gravest first.
    pub const ALL: [Self; 6] =
        [Self::Altered, Self::Missing, Self::Inconsistent, Self::Unverified, Self::Undeclared, Self::Intact];

    /// The word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Undeclared => "undeclared",
            Self::Unverified => "unverified",
            Self::Inconsistent => "inconsistent",
            Self::Missing => "missing",
            Self::Altered => "altered",
        }
    }

    /// Whether this was established of the evidence, one way or the other: neither unverified nor undeclared.
    #[must_use]
    pub const fn is_decided(self) -> bool {
        matches!(self, Self::Intact) || self.is_finding()
    }

    /// Whether this accuses: altered, missing or inconsistent.
    #[must_use]
    pub const fn is_finding(self) -> bool {
        matches!(self, Self::Altered | Self::Missing | Self::Inconsistent)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_first_list_is_the_order_reversed() {
        let mut sorted = Outcome::ALL;
        sorted.sort_by(|a, b| b.cmp(a));
        assert_eq!(sorted, Outcome::ALL);
        assert_eq!(sorted.map(Outcome::as_str).join(" "), "altered missing inconsistent unverified undeclared intact");
    }

    #[test]
    fn only_the_three_gravest_accuse() {
        let findings: Vec<_> = Outcome::ALL.into_iter().filter(|o| o.is_finding()).collect();
        assert_eq!(findings, [Outcome::Altered, Outcome::Missing, Outcome::Inconsistent]);
    }

    #[test]
    fn the_word_in_json_is_the_word_in_text() {
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).ok(), Some(outcome.as_str().into()));
        }
    }

    #[test]
    fn the_word_in_a_column_is_padded() {
        assert_eq!(format!("{:>8}|", Outcome::Intact), "  intact|");
    }

    #[test]
    fn all_but_unverified_and_undeclared_is_decided() {
        let undecided = [Outcome::Unverified, Outcome::Undeclared];
        for outcome in Outcome::ALL {
            assert_eq!(outcome.is_decided(), !undecided.contains(&outcome), "{outcome}");
        }
    }
}
