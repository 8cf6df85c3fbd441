//! What people see: quiet and verbose, colours and bars, help, and records as they stand.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use recverify_sandbox::{Canned, Recording, Sandbox, StoreCalls, StoreFault, Times};

use crate::harness::{Call, bare, recverify, verify};

fn cloud_of(ids: &[&str]) -> Sandbox {
    let cloud = Sandbox::start();
    for id in ids {
        cloud.upload(&Recording::new(id));
    }
    cloud
}

fn alter(cloud: &Sandbox, id: &str) {
    let recording = Recording::new(id);
    cloud.put_object(&recording.bucket, &recording.video_key(), "something else");
}

#[test]
fn quiet_says_nothing_when_all_is_intact() {
    let cloud = cloud_of(&["a", "b"]);
    let ended = recverify(&cloud).args("-q verify a b").run();
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (0, "", ""));
}

#[test]
fn quiet_says_one_line_a_finding_one_a_reason_and_one_for_all() {
    let cloud = cloud_of(&["a", "b", "c", "d"]);
    alter(&cloud, "b");
    for id in ["c", "d"] {
        let recording = Recording::new(id);
        cloud.deny_read(&recording.bucket, &recording.video_key());
    }
    let ended = recverify(&cloud).args("verify a b c d -q --concurrency 1").run();
    assert_eq!((ended.code, ended.out.as_str()), (1, ""));
    let [finding, reason, summary] = ended.err.lines().collect::<Vec<_>>()[..] else { panic!("{}", ended.err) };
    assert!(finding.starts_with("altered b; "), "{finding}");
    for part in [
        "wks-recordings/recordings/b/b.mp4",
        "; declared ",
        "; observed ",
        "digest_differs: ",
        "; next: keep the object",
    ] {
        assert!(finding.contains(part), "{finding} lacks {part}");
    }
    assert_eq!(reason, "2 unverified: access_denied, bucket wks-recordings, first: c");
    assert!(summary.starts_with("4 records: 1 altered, 2 unverified, 1 intact; "), "{summary}");
}

#[test]
fn verbose_tells_retries_and_where_settings_came_from() {
    let cloud = cloud_of(&["a"]);
    let recording = Recording::new("a");
    let calls = StoreCalls::get(&recording.bucket, &recording.video_key());
    cloud.fail_store(calls, Times::once(), StoreFault::Cut(100));
    let busy = recverify_sandbox::ApiFault::Answer(Canned::error(429, "WKS.0429", "busy"));
    cloud.fail_api(recverify_sandbox::ApiCalls::Any, Times::once(), busy);
    let ended = verify(&cloud, "-v a").run();
    assert_eq!(ended.code, 0);
    let has = |start: &str, part: &str| ended.err.lines().any(|line| line.starts_with(start) && line.contains(part));
    assert!(has("a: the API is throttling (429 WKS.0429: busy); asking again in ", " s"), "{}", ended.err);
    assert!(has("a video: ", "; going on from byte 100 in "), "{}", ended.err);
    assert!(has("keys from the environment (HUAWEICLOUD_SDK_AK)", ""), "{}", ended.err);
    assert!(!verify(&cloud, "a").run().err.contains("keys from"));
}

#[test]
fn without_a_terminal_there_are_neither_bars_nor_colours() {
    let cloud = cloud_of(&["a", "b"]);
    alter(&cloud, "b");
    let plain = recverify(&cloud).args("verify a b").run();
    assert_eq!((plain.code, plain.err.as_str()), (1, ""));
    assert!(!plain.out.contains(['\u{1b}', '\r']), "{}", plain.out);
    let json = verify(&cloud, "a b").run();
    assert!(!json.err.contains(['\u{1b}', '\r']), "{}", json.err);
    for (words, colours) in [("--color always", true), ("--color never", false), ("--color auto", false)] {
        let ended = recverify(&cloud).args("verify a b").args(words).run();
        assert_eq!(ended.out.contains("\u{1b}[1;31maltered"), colours, "{words}: {}", ended.out);
    }
}

/// The call on a terminal of that many columns, if this machine has `script` to make one.
#[expect(clippy::print_stderr, reason = "a test that checked nothing has to say so")]
fn on_a_terminal(columns: u32, call: Call) -> Option<Child> {
    let inner = call.into_command();
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().expect("UTF-8"));
    let words: Vec<_> = std::iter::once(inner.get_program()).chain(inner.get_args()).map(quoted).collect();
    let line = format!("stty cols {columns} rows 40; exec {}", words.join(" "));
    let mut script = Command::new("script");
    script.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.env("TERM", "xterm").env("SHELL", "/bin/sh").env("PATH", "/usr/local/bin:/usr/bin:/bin");
    script.args(["-qec", &line, "/dev/null"]).stdin(Stdio::null()).stdout(Stdio::piped());
    match script.spawn() {
        Ok(child) => Some(child),
        Err(error) => {
            eprintln!("there is no terminal to draw on, so nothing was checked: script: {error}");
            None
        }
    }
}

/// Reads what a terminal shows until `enough` of it came; all of it at the end.
fn shown_until(child: &mut Child, enough: impl Fn(&str) -> bool) -> String {
    let (mut shown, mut chunk) = (Vec::new(), [0; 4096]);
    let screen = child.stdout.as_mut().expect("a pipe");
    loop {
        let text = String::from_utf8_lossy(&shown).into_owned();
        let read = if enough(&text) { 0 } else { screen.read(&mut chunk).expect("a screen") };
        if read == 0 {
            return text;
        }
        shown.extend(&chunk[..read]);
    }
}

#[test]
fn on_a_terminal_a_bar_names_the_object_its_bytes_and_its_rate() {
    for columns in [80, 140] {
        let cloud = Sandbox::start();
        let long = Recording { video: Bytes::from(vec![7; 3_000_000]), ..Recording::new("long") };
        cloud.upload(&long);
        let calls = StoreCalls::get(&long.bucket, &long.video_key());
        cloud.fail_store(calls, Times::once(), StoreFault::HoldAfter(1_500_000));
        let Some(mut child) = on_a_terminal(columns, recverify(&cloud).args("verify long")) else { return };
        let is_bar = |line: &str| ["video long", "1.50 MB/3.00 MB", "B/s"].iter().all(|part| line.contains(part));
        let lines = |shown: &str| shown.split(['\r', '\n', '\u{1b}']).any(is_bar);
        let bars = shown_until(&mut child, |shown| lines(shown) && shown.contains("0/1 records"));
        assert!(lines(&bars), "{columns} columns: {}", bars.chars().take(2000).collect::<String>());
        cloud.release();
        let rest = shown_until(&mut child, |_| false);
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
        assert!(rest.contains("\u{1b}[32mintact"), "{rest:?}");
    }
}

#[test]
fn on_a_terminal_bars_and_colours_can_be_switched_off() {
    let cloud = cloud_of(&["a"]);
    let calls = [
        recverify(&cloud).args("verify a --progress never --color never"),
        recverify(&cloud).env("NO_COLOR", "1").args("verify a --progress never"),
        recverify(&cloud).env("NO_COLOR", "1").args("verify a -q"),
    ];
    for call in calls {
        let Some(mut child) = on_a_terminal(100, call) else { return };
        let shown = shown_until(&mut child, |_| false);
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }
}

#[test]
fn the_program_describes_itself() {
    let told = |words: &str| {
        let ended = bare().args(words).run();
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{words}");
        ended.out
    };
    let version = format!("recverify {} ({})\n", env!("CARGO_PKG_VERSION"), env!("RECVERIFY_TARGET"));
    assert_eq!(told("--version"), version);
    let help = told("--help");
    for command in ["verify", "show", "doctor", "completions", "man"] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("{command} "))), "{command}: {help}");
    }
    assert!(help.contains("Exit codes:") && told("verify --help").contains("Exit codes:"));
    assert!(told("verify -h").lines().all(|line| line.chars().count() <= 100));
    assert!(told("completions bash").contains("complete -F _recverify"));
    let page = told("man");
    assert!(page.starts_with(".ie \\n(.g .ds Aq") && page.contains("\n.TH recverify 1"), "{page}");
    assert!(page.contains("\\-\\-stall\\-timeout"), "{page}");
}

#[test]
fn a_record_is_shown_as_fields_and_byte_for_byte() {
    let cloud = Sandbox::start();
    let body = "{ \"id\":\"odd\",\n  \"username\" : \"eve\\u202e\\u001b[2J\", \"size\":12 ,\"new_field\":[1,2]}\n";
    cloud.set_record_body("odd", "application/json", body);
    let json = recverify(&cloud).args("show odd --format json").run();
    assert_eq!((json.code, json.out.as_str(), json.err.as_str()), (0, body, ""));
    let text = recverify(&cloud).args("show odd").run();
    let mut lines: Vec<Vec<_>> = text.out.lines().map(|line| line.split_whitespace().collect()).collect();
    lines.sort();
    assert_eq!(lines, [["id", "odd"], ["size", "12"], ["username", "eve\\u{202e}\\u{1b}[2J"]]);
    let none = recverify(&cloud).args("show none").run();
    assert_eq!((none.code, none.out.as_str(), none.err.lines().count()), (3, "", 1), "{}", none.err);
}

#[test]
fn ids_come_from_everywhere_and_count_once() {
    let cloud = cloud_of(&["a", "b", "c"]);
    let ended = verify(&cloud, "a b a --ids-from -").input("\u{feff}# of March\nb\r\n\n  c # late\nc").run();
    let report = ended.report();
    assert_eq!((ended.code, &report["summary"]["records"]), (0, &3.into()));
    let selection = &report["run"]["selection"];
    assert_eq!((&selection["ids"], &selection["ids_from"]), (&serde_json::json!(3), &serde_json::json!("-")));
    assert_eq!(cloud.requests().iter().filter(|seen| seen.path.starts_with("/v2/")).count(), 3);
}
