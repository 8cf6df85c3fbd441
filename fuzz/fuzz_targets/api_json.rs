//! The JSON of the Workspace API, as each of the three things it may be: a record, a page of a listing, an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use recverify::ledger::{Declaration, compare};
use recverify::record::{DeclaredDigest, DeclaredSize, Record, Role, service_time};
use recverify::wire::error_body;
use recverify::workspace::wire;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    if let Ok(record) = wire::record(body) {
        let named = [&record.id, &record.video_filename, &record.video_file_sha256];
        assert!(named.iter().any(|field| field.is_some()), "something in between passed for a record");
        check(&record);
    }
    if let Ok(page) = wire::page(body) {
        assert!(page.records.len() <= 1000);
        page.records.iter().for_each(check);
    }
    let error = error_body(body);
    assert_eq!(error.status, None, "a status comes from the answer's head alone");
    for text in [error.error_code, error.error_msg, error.request_id].into_iter().flatten() {
        assert!(!text.is_empty());
    }
});

/// What is taken for declared is what was sent; reading it back from our own JSON changes nothing.
fn check(record: &Record) {
    for role in Role::BOTH {
        if let DeclaredDigest::Sha256(digest) = record.digest(role) {
            assert!(record.digest_text(role).is_some_and(|sent| sent.eq_ignore_ascii_case(&digest.to_string())));
        }
        if let Ok(location) = record.location(role) {
            assert!(!location.key.split('/').any(|segment| segment == ".."));
            assert!(record.filename(role).is_some_and(|name| location.key.ends_with(name.trim_start_matches('/'))));
        }
    }
    if let DeclaredSize::Bytes(bytes) = record.declared_size() {
        assert_eq!(record.size, Some(Value::from(bytes)));
    }
    let _ = record.start_time.as_deref().and_then(service_time);
    let declared = Declaration::of(record);
    assert_eq!(compare(&declared, &declared), []);
    let both = Role::BOTH.iter().all(|role| matches!(record.digest(*role), DeclaredDigest::Sha256(_)));
    assert_eq!(declared.is_complete(), both);
    // A number with a fraction may lose its last digit on the way; it is malformed as a size in any case.
    if ![&record.size, &record.duration].into_iter().flatten().any(has_fraction) {
        let written = serde_json::to_vec(record).expect("a record is plain data");
        assert!(wire::record(&written).is_err() || wire::record(&written).as_ref() == Ok(record));
        let written = serde_json::to_string(&declared).expect("a declaration is plain data");
        assert_eq!(serde_json::from_str::<Declaration>(&written).expect("read back"), declared);
    }
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(list) => list.iter().any(has_fraction),
        Value::Object(fields) => fields.values().any(has_fraction),
        _ => false,
    }
}
