//! Names from outside that would take over a terminal or mislead an eye: never raw on any stream or in any report.

use recverify_sandbox::{Recording, Sandbox};
use serde_json::json;

use crate::harness::recverify;

/// An escape sequence, a new line, a carriage return, C1, a right-to-left override, an isolate, a zero-width space.
const EVIL: &str = "a\u{1b}[2J\nintact        x\r\u{9b}31m\u{202e}4pm\u{2066}b\u{200b}";
const SHOWN: &str = "a\\u{1b}[2J\\u{a}intact        x\\u{d}\\u{9b}31m\\u{202e}4pm\\u{2066}b\\u{200b}";

fn is_treacherous(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Every field a report shows, filled with it; one object altered, so that it is shown at length.
fn cloud() -> Sandbox {
    let cloud = Sandbox::start();
    let recording =
        Recording { video_name: format!("{EVIL}.mp4"), event_name: format!("{EVIL}.jsonl"), ..Recording::new("r") };
    let mut record = cloud.upload(&recording);
    for field in ["username", "desktop_name", "status", "start_time"] {
        record[field] = json!(EVIL);
    }
    cloud.add_record("r", record);
    cloud.put_object(&recording.bucket, &recording.video_key(), "not what was declared");
    let mut record = cloud.upload(&Recording::new("bad"));
    record["obs_bucket"] = json!(EVIL);
    cloud.add_record("bad", record);
    let refusal = recverify_sandbox::Canned::error(400, EVIL, EVIL);
    let calls = recverify_sandbox::ApiCalls::details("refused");
    cloud.fail_api(calls, recverify_sandbox::Times::always(), recverify_sandbox::ApiFault::Answer(refusal));
    cloud
}

#[test]
fn nothing_treacherous_reaches_a_stream_or_a_file() {
    let cloud = cloud();
    for format in ["text", "json", "jsonl"] {
        let dir = tempfile::tempdir().unwrap();
        let call = recverify(&cloud).args("-v verify r bad refused --format").arg(format);
        let files = ["a.txt", "a.json", "a.jsonl"].map(|name| dir.path().join(name));
        let ended = files.iter().fold(call, |call, file| call.arg("-o").arg(file)).run();
        let written = files.map(|file| std::fs::read_to_string(file).unwrap());
        for shown in written.iter().chain([&ended.out, &ended.err]) {
            assert!(!shown.contains(is_treacherous), "{shown:?}");
            assert!(!shown.lines().any(|line| line.starts_with("intact")), "a forged line: {shown}");
        }
        assert_eq!(ended.code, 1);
    }
}

#[test]
fn it_is_shown_in_text_and_kept_in_json() {
    let cloud = cloud();
    let text = recverify(&cloud).args("verify r bad refused").run().out;
    assert!(text.contains(&format!("wks-recordings/recordings/r/{SHOWN}.mp4: altered\n")), "{text}");
    assert!(text.contains(&format!("{SHOWN} on {SHOWN} by {SHOWN}\n")), "{text}");
    assert!(text.contains(&format!("\"{SHOWN}\" is no bucket name: ")), "{text}");
    assert!(text.contains(&format!("(400 {SHOWN}: {SHOWN}) (service_error)")), "{text}");
    let ended = recverify(&cloud).args("verify r bad refused --format json").run();
    assert_eq!(ended.record("r")["record"]["username"], EVIL);
    assert_eq!(ended.record("r")["objects"][0]["key"], format!("recordings/r/{EVIL}.mp4"));
}

#[test]
fn show_prints_a_record_safely() {
    let ended = recverify(&cloud()).args("show r").run();
    assert!(!ended.out.contains(is_treacherous));
    assert!(ended.out.contains(&format!("username           {SHOWN}\n")), "{}", ended.out);
}
