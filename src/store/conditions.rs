//! What a request for bytes asks for beside the place of the object.

/// What a request for bytes asks for beside the place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Conditions {
    /// All bytes from this offset on.
    pub(super) from: Option<u64>,
    /// Up to and with this offset; only beside `from`.
    pub(super) last: Option<u64>,
    /// Only if this is still its ETag.
    pub(super) if_match: Option<String>,
    /// Of this version.
    pub(super) version_id: Option<String>,
}

impl Conditions {
    /// The `Range` header (RFC 9110, 14.2).
    pub(super) fn range(&self) -> Option<String> {
        let last = self.last.map_or_else(String::new, |last| last.to_string());
        self.from.map(|from| format!("bytes={from}-{last}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_its_first_byte_and_its_last_where_there_is_one() {
        let range = |from, last| Conditions { from, last, ..Conditions::default() }.range();
        assert_eq!(range(Some(5), None).as_deref(), Some("bytes=5-"));
        assert_eq!(range(Some(5), Some(9)).as_deref(), Some("bytes=5-9"));
        assert_eq!(range(None, None), None);
    }
}
