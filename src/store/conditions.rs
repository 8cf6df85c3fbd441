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
