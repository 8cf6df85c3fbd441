//! Where a record says its file lies: bucket, directory and file name, one a line; a line that is not there is absent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use recverify::record::{Location, check_bucket_name};

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let (bucket, directory, file) = (lines.next(), lines.next(), lines.next());
    let Ok(location) = Location::new(bucket, directory, file) else { return };
    assert_eq!(bucket, Some(location.bucket.as_str()));
    assert_eq!(check_bucket_name(&location.bucket), Ok(()));
    let key = location.key.as_str();
    assert!(!key.starts_with('/'), "{key:?}");
    for key in [Some(key), location.alternative.as_deref()].into_iter().flatten() {
        assert!(!key.is_empty() && key.len() <= 1024 && !key.contains('\0'), "{key:?}");
        assert!(!key.split('/').any(|segment| segment == "." || segment == ".."), "{key:?}");
        assert!(file.is_some_and(|file| key.ends_with(file.trim_start_matches('/'))), "{key:?}");
    }
    if let Some(alternative) = &location.alternative {
        assert_eq!(alternative.trim_start_matches('/'), key, "the same key, written with its slash");
        assert!(alternative.starts_with('/'));
    }
});
