//! Times as reports and the ledger write them.

use jiff::Timestamp;
use serde::Serializer;

/// A time as reports have it: RFC 3339, UTC, milliseconds.
#[must_use]
pub fn report_time(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Writes a time as reports have it.
pub fn millis<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&report_time(*at))
}

/// Writes a time as reports have it, or null.
pub fn millis_opt<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => millis(at, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_a_z() {
        assert_eq!(report_time(Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
    }
}
