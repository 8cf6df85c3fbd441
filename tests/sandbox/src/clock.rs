//! The sandbox's clock: real time plus an offset a test may set.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

/// How far a signed request's date may be from the server's clock (Workspace API and S3 alike).
const TOLERANCE: SignedDuration = SignedDuration::from_mins(15);

/// `YYYYMMDDTHHMMSSZ`, the date format of both signatures.
const STAMP: &str = "%Y%m%dT%H%M%SZ";

#[derive(Default)]
pub(crate) struct Clock {
    offset_seconds: AtomicI64,
}

impl Clock {
    pub(crate) fn set_offset(&self, seconds: i64) {
        self.offset_seconds.store(seconds, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_secs(self.offset_seconds.load(Ordering::SeqCst));
        Timestamp::now() + offset
    }

    /// The `Date` header.
    pub(crate) fn http_date(&self) -> String {
        DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&self.now())
            .expect("the sandbox's clock stays within the years HTTP can write")
    }
}

/// Reads the date of a signed request.
pub(crate) fn parse_stamp(stamp: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime(STAMP, stamp).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Whether a signed request's date is close enough to the server's.
pub(crate) fn within_tolerance(date: Timestamp, now: Timestamp) -> bool {
    now.duration_since(date).abs() <= TOLERANCE
}

/// Reads a record's time or a list filter's: `2024-10-15T10:04:41.263Z` or `2024-03-12 12:02:01`, UTC.
pub(crate) fn parse_record_time(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let civil = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

/// Writes a time as the API's field table shows it.
pub(crate) fn format_record_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
