//! What is to be verified, as asked for: records by name, or those of a window; checked before any network.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};

use crate::cli::Window;
use crate::record::{Criteria, RecordId};

/// At most so many desktop names in one question to the API.
const DESKTOP_NAMES: usize = 100;

/// What a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// These records, each once.
    Named(Vec<RecordId>),
    /// The records of a window.
    Listed {
        /// Which.
        criteria: Criteria,
        /// At most so many of them, oldest first.
        limit: Option<u64>,
        /// Whether records that are not uploaded yet are reported rather than counted.
        include_not_ready: bool,
    },
}

/// Why a selection does not do; each is one line that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// Both ways at once.
    #[error("records are selected by id or by filters, not both; leave out one of them")]
    IdsAndFilters,
    /// Filters over all time.
    #[error("filters need a window; add --since, such as --since 24h or --since 2026-11-01")]
    NoSince,
    /// Nothing to go on from.
    #[error("--since ledger goes on where a ledger's listings end; name it with --ledger, or give a time")]
    NoLedger,
    /// No such time.
    #[error("\"{text}\" of {flag} is no time; give 24h, 7d, a date such as 2026-11-01, or 2026-11-01T20:00:00Z")]
    Time {
        /// Which flag.
        flag: &'static str,
        /// As given.
        text: String,
    },
    /// A window that ends before it begins.
    #[error("--since {since} is later than --until {until}")]
    Backwards {
        /// Resolved.
        since: Timestamp,
        /// Resolved.
        until: Timestamp,
    },
    /// Too many.
    #[error("{0} desktop names are more than the API takes at once, 100; make several runs of it")]
    DesktopNames(usize),
    /// The API takes names separated by commas.
    #[error("the desktop name \"{0}\" is empty or holds a comma, which the API cannot be asked for; use --desktop-id")]
    DesktopName(String),
    /// Nothing but white space.
    #[error("{0} is empty; leave it out or give a value")]
    Empty(&'static str),
}

/// The word for a window that goes on where the ledger's listings end.
const FROM_LEDGER: &str = "ledger";

/// Whether the window is to go on where the ledger's listings end.
#[must_use]
pub fn goes_on(window: &Window) -> bool {
    window.since.as_deref() == Some(FROM_LEDGER)
}

/// Checks what was asked for, `going_on` from then where [`goes_on`] says so; `ids` are those named on the command line and in a file, `named` says whether there was
/// either at all.
pub fn resolve(
    window: &Window,
    ids: Vec<RecordId>,
    named: bool,
    now: Timestamp,
    going_on: Option<Timestamp>,
) -> Result<Selection, SelectionError> {
    let Window { since, until, desktop_id, desktop_names, username, kind, limit, include_not_ready } = window;
    let filtered = desktop_id.is_some() || !desktop_names.is_empty() || username.is_some() || kind.is_some();
    let filtered = filtered || until.is_some() || limit.is_some() || *include_not_ready;
    let Some(since) = since else {
        return match (filtered, named) {
            (true, true) => Err(SelectionError::IdsAndFilters),
            (true, false) => Err(SelectionError::NoSince),
            (false, _) => Ok(Selection::Named(ids)),
        };
    };
    if named {
        return Err(SelectionError::IdsAndFilters);
    }
    let since = match going_on.filter(|_| goes_on(window)) {
        Some(since) => since.min(now),
        None if goes_on(window) => return Err(SelectionError::NoLedger),
        None => moment("--since", since, now, Time::midnight())?,
    };
    // A date as the end means all of that day.
    let until = match until {
        Some(until) => moment("--until", until, now, Time::constant(23, 59, 59, 999_999_999))?,
        None => now,
    };
    if since > until {
        return Err(SelectionError::Backwards { since, until });
    }
    if desktop_names.len() > DESKTOP_NAMES {
        return Err(SelectionError::DesktopNames(desktop_names.len()));
    }
    if let Some(name) = desktop_names.iter().find(|name| name.trim().is_empty() || name.contains(',')) {
        return Err(SelectionError::DesktopName(name.clone()));
    }
    for (flag, value) in [("--desktop-id", desktop_id), ("--username", username), ("--type", kind)] {
        if value.as_ref().is_some_and(|value| value.trim().is_empty()) {
            return Err(SelectionError::Empty(flag));
        }
    }
    let criteria = Criteria {
        since,
        until,
        desktop_id: desktop_id.clone(),
        desktop_names: desktop_names.clone(),
        username: username.clone(),
        kind: kind.clone(),
    };
    Ok(Selection::Listed { criteria, limit: *limit, include_not_ready: *include_not_ready })
}

/// An RFC 3339 time, a date or a date and time in UTC, or a length of time before now.
fn moment(flag: &'static str, text: &str, now: Timestamp, of_day: Time) -> Result<Timestamp, SelectionError> {
    let utc = |civil: DateTime| civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let ago = || {
        let span: Span = text.parse().ok()?;
        let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        (!length.is_negative()).then(|| now.checked_sub(length).ok())?
    };
    let day = || text.parse::<Date>().ok().filter(|_| !text.contains(['T', ' ', ':']));
    let found = match (text.parse::<Timestamp>(), day()) {
        (Ok(time), _) => Some(time),
        (_, Some(date)) => utc(date.to_datetime(of_day)),
        _ => text.parse::<DateTime>().ok().and_then(utc).or_else(ago),
    };
    found.ok_or_else(|| SelectionError::Time { flag, text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T03:00:00Z".parse().expect("a time")
    }

    fn since(text: &str) -> Window {
        Window { since: Some(text.to_owned()), ..Window::default() }
    }

    fn window(asked: &Window) -> Result<(String, String), SelectionError> {
        match resolve(asked, Vec::new(), false, now(), None)? {
            Selection::Listed { criteria, .. } => Ok((criteria.since.to_string(), criteria.until.to_string())),
            named @ Selection::Named(_) => panic!("{named:?}"),
        }
    }

    #[test]
    fn every_form_of_a_time_is_taken_and_without_a_zone_is_utc() {
        let cases = [
            ("24h", "2026-11-21T03:00:00Z"),
            ("7d", "2026-11-15T03:00:00Z"),
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-01T20:00:00", "2026-11-01T20:00:00Z"),
            ("2026-11-01 20:00:00", "2026-11-01T20:00:00Z"),
            ("2026-11-01T20:00:00+08:00", "2026-11-01T12:00:00Z"),
        ];
        for (text, expected) in cases {
            let resolved = window(&since(text)).expect(text);
            assert_eq!(resolved, (expected.to_owned(), "2026-11-22T03:00:00Z".to_owned()), "{text}");
        }
    }

    #[test]
    fn a_date_as_the_end_means_all_of_that_day() {
        let asked = Window { until: Some("2026-11-20".to_owned()), ..since("2026-11-20") };
        let (from, to) = window(&asked).expect("a window");
        assert_eq!((from.as_str(), to.as_str()), ("2026-11-20T00:00:00Z", "2026-11-20T23:59:59.999999999Z"));
    }

    #[test]
    fn what_is_no_time_is_refused_with_an_example() {
        for text in ["", "yesterday", "-24h", "2026-13-01", "24"] {
            let error = window(&since(text)).expect_err(text);
            assert_eq!(error, SelectionError::Time { flag: "--since", text: text.to_owned() });
        }
    }

    #[test]
    fn a_window_that_ends_before_it_begins_is_refused() {
        let asked = Window { until: Some("2026-11-01".to_owned()), ..since("2026-11-20") };
        assert!(matches!(window(&asked), Err(SelectionError::Backwards { .. })));
    }

    #[test]
    fn ids_and_filters_exclude_each_other_and_filters_need_a_window() {
        let id = vec!["a".parse().expect("an id")];
        assert_eq!(resolve(&since("24h"), id.clone(), true, now(), None), Err(SelectionError::IdsAndFilters));
        let user = Window { username: Some("u".to_owned()), ..Window::default() };
        assert_eq!(resolve(&user, id.clone(), true, now(), None), Err(SelectionError::IdsAndFilters));
        assert_eq!(resolve(&user, Vec::new(), false, now(), None), Err(SelectionError::NoSince));
        assert_eq!(resolve(&Window::default(), id.clone(), true, now(), None), Ok(Selection::Named(id)));
        assert_eq!(resolve(&Window::default(), Vec::new(), false, now(), None), Ok(Selection::Named(Vec::new())));
    }

    #[test]
    fn names_the_api_cannot_be_asked_for_are_refused() {
        let names = |names: Vec<String>| Window { desktop_names: names, ..since("24h") };
        let many = (0..101).map(|n| format!("d{n}")).collect();
        assert_eq!(window(&names(many)), Err(SelectionError::DesktopNames(101)));
        assert!(window(&names((0..100).map(|n| format!("d{n}")).collect())).is_ok());
        for name in ["a,b", "", " "] {
            assert_eq!(window(&names(vec![name.to_owned()])), Err(SelectionError::DesktopName(name.to_owned())));
        }
        let blank = Window { username: Some(" ".to_owned()), ..since("24h") };
        assert_eq!(window(&blank), Err(SelectionError::Empty("--username")));
    }
}
