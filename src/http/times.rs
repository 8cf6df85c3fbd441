//! Times in the headers of an answer: when to come back, and what time the server thinks it is.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, HeaderName, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// A service that asks for a longer wait is not waited for longer than this.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3), up to 60 s.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?;
    let wait = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => DateTimeParser::new().parse_timestamp(value).ok()?.duration_since(now).try_into().unwrap_or_default(),
    };
    Some(wait.min(LONGEST_WAIT))
}

/// The server's time when it answered (`Date`).
#[must_use]
pub fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text(headers, &DATE)?).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn waited(value: &'static str) -> Option<Duration> {
        let now: Timestamp = "2026-01-15T08:30:00Z".parse().expect("a time");
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]);
        retry_after(&headers, now)
    }

    #[test]
    fn a_wait_is_given_in_seconds_or_as_a_date_and_has_a_bound() {
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(waited("7"), seconds(7));
        assert_eq!(waited("3600"), seconds(60));
        assert_eq!(waited("Thu, 15 Jan 2026 08:30:09 GMT"), seconds(9));
        assert_eq!(waited("Thu, 15 Jan 2026 08:00:00 GMT"), seconds(0));
        assert_eq!(waited("soon"), None);
        assert_eq!(waited("-1"), None);
    }

    #[test]
    fn the_servers_time_is_the_date_it_sent() {
        let sent = |date| server_time(&HeaderMap::from_iter([(DATE, HeaderValue::from_static(date))]));
        assert_eq!(sent("Thu, 15 Jan 2026 08:30:09 GMT"), "2026-01-15T08:30:09Z".parse().ok());
        assert_eq!(sent("today"), None);
        assert_eq!(server_time(&HeaderMap::new()), None);
    }
}
