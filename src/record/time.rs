//! The times of a record, in either of the forms the service writes them, always UTC.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Reads `2024-10-15T10:04:41.263Z` (the field table) or `2024-03-12 12:02:01` (the example).
#[must_use]
pub fn service_time(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

/// The form the list call takes: `yyyy-MM-dd HH:mm:ss`, the fraction dropped.
#[must_use]
pub fn list_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_utc() {
        let at: Timestamp = "2024-03-12T12:02:01Z".parse().expect("a time");
        assert_eq!(service_time("2024-03-12 12:02:01"), Some(at));
        assert_eq!(service_time("2024-03-12T12:02:01.000Z"), Some(at));
        assert_eq!(list_time(at), "2024-03-12 12:02:01");
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in ["", "yesterday", "2024-13-01 00:00:00", "1710244921", "2024-03-12 25:00:00"] {
            assert_eq!(service_time(text), None, "{text}");
        }
    }
}
