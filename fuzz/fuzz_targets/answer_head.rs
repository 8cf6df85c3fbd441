//! The head of a store's answer: a status on the first line, then a header a line, of names a store sends and any other.
#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use recverify::clock::Clock;
use recverify::http::{retry_after, server_time};
use recverify::store::{Head, Pin};

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let status = lines.next().and_then(|line| std::str::from_utf8(line).ok()?.parse().ok()).unwrap_or(200);
    let mut headers = HeaderMap::new();
    for line in lines.take(100) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let pin = Pin::of(&Head::new(status, &headers, &Clock::system()));
    let has = |name: &str| headers.contains_key(name);
    let either = |suffix: &str| has(&format!("x-amz-{suffix}")) || has(&format!("x-obs-{suffix}"));
    assert!(pin.etag.as_deref().is_none_or(|etag| !etag.is_empty() && has("etag")));
    assert!(pin.version_id.as_deref().is_none_or(|version| version != "null" && either("version-id")));
    assert!(!pin.from_a_store || (pin.etag.is_some() && either("request-id")));
    assert!(pin.bytes.is_none() || has("content-length"));
    let packed = pin.packed.as_deref();
    assert!(packed.is_none() || has("content-encoding") || has("transfer-encoding"));
    assert!(packed.is_none_or(|coding| !["", "identity", "chunked"].contains(&coding)));
    let wait = retry_after(&headers, jiff::Timestamp::UNIX_EPOCH);
    assert!(wait.is_none_or(|wait| wait.as_secs() <= 60));
    assert!(server_time(&headers).is_none() || has("date"));
});
