//! Comparing what was observed with what was declared, once and twice.

use super::{Observed, Sha256Digest};

/// What one whole read says against the declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The digests are equal.
    Equal,
    /// They are not. One read alone accuses nobody: the object has to be read again.
    Differs,
}

/// What a second, independent read makes of a first one that differed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondRead {
    /// The second read equals the declaration: the first went wrong on its way.
    EqualsDeclared,
    /// Both reads agree, and not with the declaration.
    Confirms,
    /// The second read differs from both.
    DiffersFromBoth,
}

/// Holds one whole read against the declared digest.
#[must_use]
pub fn compare(declared: &Sha256Digest, observed: &Observed) -> Comparison {
    if observed.sha256 == *declared { Comparison::Equal } else { Comparison::Differs }
}

/// Holds a second read against the declaration and against the first read.
#[must_use]
pub fn judge_second_read(declared: &Sha256Digest, first: &Observed, second: &Observed) -> SecondRead {
    if second.sha256 == *declared {
        SecondRead::EqualsDeclared
    } else if second.sha256 == first.sha256 && second.bytes == first.bytes {
        SecondRead::Confirms
    } else {
        SecondRead::DiffersFromBoth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_read_is_equal_or_differs() {
        let declared = Sha256Digest::of(b"recording");
        assert_eq!(compare(&declared, &Observed::of(b"recording")), Comparison::Equal);
        assert_eq!(compare(&declared, &Observed::of(b"recordinG")), Comparison::Differs);
    }

    #[test]
    fn a_second_read_confirms_clears_or_disagrees() {
        let declared = Sha256Digest::of(b"declared");
        let first = Observed::of(b"first");
        assert_eq!(judge_second_read(&declared, &first, &Observed::of(b"declared")), SecondRead::EqualsDeclared);
        assert_eq!(judge_second_read(&declared, &first, &Observed::of(b"first")), SecondRead::Confirms);
        assert_eq!(judge_second_read(&declared, &first, &Observed::of(b"other")), SecondRead::DiffersFromBoth);
    }
}
