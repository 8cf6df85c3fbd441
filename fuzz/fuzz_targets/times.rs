//! Times: those of records, those of --since and --until (one a line), those in the headers of answers.
#![no_main]

use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use recverify::cli::Window;
use recverify::http::{retry_after, server_time};
use recverify::record::{list_time, service_time};
use recverify::selection::{Selection, resolve};

/// 2026-01-15T08:30:00Z.
const NOW: i64 = 1_768_465_800;

fuzz_target!(|text: &str| {
    let now = Timestamp::from_second(NOW).expect("in range");
    if let Some(time) = service_time(text)
        && (0..253_370_764_800).contains(&time.as_second())
    {
        let asked = list_time(time);
        assert_eq!(asked.len(), "2026-01-15 08:30:00".len());
        assert_eq!(service_time(&asked).map(Timestamp::as_second), Some(time.as_second()), "{asked}");
    }

    let mut lines = text.splitn(2, '\n').map(str::to_owned);
    let window = Window { since: lines.next(), until: lines.next(), ..Window::default() };
    match resolve(&window, Vec::new(), false, now, None) {
        Ok(Selection::Listed { criteria, .. }) => assert!(criteria.since <= criteria.until),
        Ok(Selection::Named(_)) => panic!("a window names no records"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }

    if let Ok(value) = HeaderValue::from_str(text) {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.clone()), (DATE, value)]);
        let wait = retry_after(&headers, now);
        assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(60)));
        if let Some(time) = server_time(&headers) {
            let left = Duration::try_from(time.duration_since(now)).unwrap_or_default();
            assert_eq!(wait, Some(left.min(Duration::from_secs(60))), "a date is as long a wait as it is away");
        }
    }
});
