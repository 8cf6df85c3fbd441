//! What to do next about an outcome, apart from what is wrong.

use crate::evidence::RecordReport;
use crate::fixity::Code;

/// One sentence, or nothing where the reason says it already.
pub(super) fn hint(report: &RecordReport, code: Code) -> Option<&'static str> {
    let mut versions = report.objects.iter().filter_map(|object| object.versions.as_ref());
    if versions.any(|versions| versions.declared_bytes_in.is_some()) {
        return Some(
            "keep a copy of the version that has the declared bytes before a rule of the bucket removes it, and find out who \
             changed what is current",
        );
    }
    Some(match code {
        Code::DigestDiffers => {
            "keep the object and this report untouched, look for an older version of the object, and find out who wrote it last"
        }
        Code::ObjectNotFound => "look for an older version or a backup, and find out who deleted it",
        Code::DeleteMarker => "the bytes may survive in an older version of the object; list its versions",
        Code::SizeDiffers => {
            "ask the service's support what the declared size measures; --size-rule says what to compare"
        }
        Code::ReadsDisagree => "check memory, proxy and network between here and the store, then verify again",
        Code::ChangedDuringRead => "verify again once nobody writes to the bucket",
        Code::MalformedDigest | Code::MalformedSize | Code::MalformedLocation | Code::RecordMismatch => {
            "show the record with recverify show, and ask the service's support"
        }
        Code::AbsenceUnproven => "check --addressing and the permission to list the bucket, then verify again",
        Code::RecordVanished => "find out who deleted the record, and whether its files are still in the bucket",
        Code::ExpiredUnverified => "give the runs a larger budget, so that records are read before they expire",
        Code::NeverUploaded => "find out on the desktop why it was not uploaded; acknowledge it if it never will be",
        Code::RecordNotFound => "check the id, the project and the region",
        Code::Unauthorized => "check key, secret and security token, and that they have not expired",
        Code::Truncated | Code::Stalled | Code::Connection | Code::Throttled | Code::ServiceError => {
            "verify again later"
        }
        Code::Interrupted => "verify again",
        Code::LengthUnknown => "find out what stands between here and the store; a store says how long an object is",
        _ => return None,
    })
}
