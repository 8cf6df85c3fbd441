//! The two files an operator writes: a list of ids, and the credentials file. Each is given every input.
#![no_main]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use recverify::credentials::{Keys, Variables, chain};
use recverify::ids::gather;
use recverify::record::RecordId;
use secrecy::ExposeSecret as _;

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("recverify-fuzz-{}", std::process::id())));

fuzz_target!(|bytes: &[u8]| {
    ids(bytes);
    credentials(bytes);
});

fn ids(mut bytes: &[u8]) {
    let stdin = Some(Path::new("-"));
    let Ok(ids) = gather(&[], stdin, &mut bytes) else { return };
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "each once");
    for id in &ids {
        assert!(!id.as_str().chars().any(|c| c == '/' || c.is_control()));
        assert_eq!(id.as_str().trim(), id.as_str());
    }
    let lines: Vec<_> = ids.iter().map(RecordId::as_str).collect();
    let written = format!("# the same again\n{}", lines.join("\n"));
    assert_eq!(gather(&[], stdin, &mut written.as_bytes()).expect("ids"), ids);
}

fn credentials(bytes: &[u8]) {
    std::fs::write(&*FILE, bytes).expect("the temporary directory can be written");
    let path = FILE.display().to_string();
    let variables = Variables::from([("HUAWEICLOUD_SDK_CREDENTIALS_FILE".to_owned(), path.clone())]);
    match chain(&variables, false, false).map(|chain| chain.keys) {
        Ok(Some(Keys::Found(found))) => {
            let secret = found.key.secret.expose_secret();
            assert!(!found.key.id.is_empty() && !secret.is_empty());
            let text = String::from_utf8_lossy(bytes);
            assert!(text.contains(&found.key.id) && text.contains(secret), "nothing is made up");
        }
        Ok(_) => panic!("a file that is named has a key, or is an error"),
        Err(error) => {
            // What the file holds is secret, so no message quotes it.
            let message = error.to_string().replace(&path, "");
            assert!(message.len() < 200 && message.is_ascii() && !message.contains('\n'), "{message}");
        }
    }
}
