//! The codes that say why an outcome is what it is: public interface, an open set.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// Why something is not intact, or worth a warning: a machine's word, in snake case.
        ///
        /// New codes may be added; the meaning of one never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word as it stands in reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

codes! {
    /// Two independent whole reads agree with each other and not with the declaration.
    DigestDiffers = "digest_differs",
    /// The object is proven absent from its bucket.
    ObjectNotFound = "object_not_found",
    /// The object's current version is a delete marker.
    DeleteMarker = "delete_marker",
    /// The digests agree and the declared size fits neither reading of it.
    SizeDiffers = "size_differs",
    /// The record declares another digest, size or object than in its first complete declaration in the ledger.
    DeclarationChanged = "declaration_changed",
    /// The record is known from before, within its retention, and gone from the API: by its id and in the listing.
    RecordVanished = "record_vanished",
    /// Gone after its retention, without ever having been found intact.
    ExpiredUnverified = "expired_unverified",
    /// The recording should have been uploaded long ago.
    NeverUploaded = "never_uploaded",
    /// Of a run: records wait longer to be verified for the first time than they should.
    CoverageOverdue = "coverage_overdue",
    /// The record declares no SHA-256 for the object.
    DigestNotDeclared = "digest_not_declared",
    /// Two reads of the same object gave different bytes.
    ReadsDisagree = "reads_disagree",
    /// The object was replaced while it was being read.
    ChangedDuringRead = "changed_during_read",
    /// The declared size is negative, fractional, too large or no number.
    MalformedSize = "malformed_size",
    /// The declared digest is not 64 hex digits.
    MalformedDigest = "malformed_digest",
    /// The record names no usable bucket and key for a file it declares a digest of.
    MalformedLocation = "malformed_location",
    /// The recording has not been uploaded yet.
    NotUploaded = "not_uploaded",
    /// The service says that recording or upload failed.
    RecordingFailed = "recording_failed",
    /// The answer was about another record than the one asked for.
    RecordMismatch = "record_mismatch",
    /// The store said the object is not there, but nothing proves it.
    AbsenceUnproven = "absence_unproven",
    /// The store knows no such bucket.
    BucketNotFound = "bucket_not_found",
    /// The Workspace API knows no such record.
    RecordNotFound = "record_not_found",
    /// The credential was rejected.
    Unauthorized = "unauthorized",
    /// The credential is good but may not do this.
    AccessDenied = "access_denied",
    /// IAM has no project of the region's name, or several.
    ProjectUnknown = "project_unknown",
    /// The object is archived and has to be restored before it can be read.
    NotRestored = "not_restored",
    /// The body ended early, every time.
    Truncated = "truncated",
    /// The store did not say how long the object is, so what came cannot be called whole.
    LengthUnknown = "length_unknown",
    /// Nothing came for the whole stall time-out.
    Stalled = "stalled",
    /// The service asked to be left alone for a while, every time.
    Throttled = "throttled",
    /// No connection could be made or kept, or the name does not resolve.
    Connection = "connection",
    /// TLS failed: usually a certificate.
    Tls = "tls",
    /// The clocks of this machine and of the service are too far apart.
    ClockSkew = "clock_skew",
    /// The bucket is in another region, or the request was signed for another one.
    WrongRegion = "wrong_region",
    /// The endpoint refuses the way the bucket is addressed (path-style or virtual-hosted).
    WrongAddressing = "wrong_addressing",
    /// The service failed or refused the request in a way no other code names.
    ServiceError = "service_error",
    /// What came is not what this service answers.
    UnreadableAnswer = "unreadable_answer",
    /// The run was interrupted before this was decided.
    Interrupted = "interrupted",
    /// Warning: the status of the record is none this version knows.
    UnknownStatus = "unknown_status",
    /// Warning: the record declares no size, so none was compared.
    SizeNotDeclared = "size_not_declared",
    /// Warning: the record declares a value now that was absent from its first complete declaration in the ledger.
    DeclarationFilled = "declaration_filled",
    /// Warning: the record declares the same digests at another place than in its first complete declaration.
    Relocated = "relocated",
    /// Warning of a run: this machine's clock is earlier than the last row of the ledger.
    ClockBehindLedger = "clock_behind_ledger",
    /// Warning of a run: the ledger does not go on where it ended, by the head noted beside it.
    LedgerBehindHead = "ledger_behind_head",
    /// Warning of a run: a record may expire before it is read again.
    ReverifyTooLate = "reverify_too_late",
    /// Warning: the object of an undeclared digest could not be looked up.
    LookupFailed = "lookup_failed",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_distinct_and_in_snake_case() {
        let words: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        assert!(words.iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
    }

    #[test]
    fn a_code_is_the_same_word_in_text_and_in_json() {
        for code in Code::ALL {
            assert_eq!(code.to_string(), code.as_str());
            assert_eq!(serde_json::to_value(code).ok(), Some(code.as_str().into()));
        }
    }
}
