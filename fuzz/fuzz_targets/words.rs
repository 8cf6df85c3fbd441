//! The small grammars: digest, content range, endpoint address, record id, bucket name. Each is given every text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use recverify::endpoint::Endpoint;
use recverify::fixity::Sha256Digest;
use recverify::record::{RecordId, check_bucket_name};
use recverify::store::ContentRange;

fuzz_target!(|text: &str| {
    if let Ok(digest) = text.parse::<Sha256Digest>() {
        assert!(digest.to_string().eq_ignore_ascii_case(text));
    }
    if let Ok(range) = text.parse::<ContentRange>() {
        assert!(range.first <= range.last && range.total.is_none_or(|total| range.last < total));
        let total = range.total.map_or_else(|| "*".to_owned(), |total| total.to_string());
        assert_eq!(format!("bytes {}-{}/{total}", range.first, range.last).parse(), Ok(range));
    }
    if let Ok(endpoint) = text.parse::<Endpoint>() {
        assert_eq!(endpoint.to_string().parse(), Ok(endpoint.clone()));
        assert_eq!(endpoint.to_string(), text.strip_suffix('/').unwrap_or(text), "what was given is what is asked");
        assert!(!endpoint.host().is_empty() && !endpoint.authority().contains(['@', '/', '?', '#', '\\', ' ']));
        assert!(endpoint.ip().is_none_or(|ip| ip.is_loopback() == endpoint.is_loopback()));
    }
    if let Ok(id) = text.parse::<RecordId>() {
        assert_eq!(id.as_str(), text);
        assert!(!text.is_empty() && text.len() <= 256 && text != "." && text != "..");
        assert!(!text.chars().any(|c| c == '/' || c.is_control()));
    }
    if check_bucket_name(text).is_ok() {
        assert!((3..=63).contains(&text.len()) && !text.contains(".."));
        let endpoint = format!("https://{text}.obs.example").parse::<Endpoint>().expect("it may stand in a host name");
        assert_eq!(endpoint.host(), format!("{text}.obs.example"));
        assert!(text.parse::<std::net::IpAddr>().is_err());
    }
});
