//! Wrong words, settings and files: one line that says what to do, the right exit code, no network; and output that
//! cannot be written.

use std::fs;
use std::process::Stdio;

use recverify_sandbox::{Recording, Sandbox};
use tempfile::TempDir;

use crate::harness::{Call, Ended, end, recverify, verdict, verify};

/// Runs a call changed by `change` in a directory with a few files; nothing may reach the sandbox.
fn told(change: impl FnOnce(Call) -> Call) -> Ended {
    let cloud = Sandbox::start();
    let dir = TempDir::new().expect("a directory");
    let files = [
        ("empty", ""),
        ("comments", "# March\n\n  # and April\n"),
        ("slash", "good\n# next\na/b\n"),
        ("control", "a\tb\n"),
        ("nonsense", "[basic]\nak = x\nsk hunter2\n"),
        ("half", "[basic]\nak = x\n"),
        ("blank", "a b\n"),
    ];
    for (name, text) in files {
        fs::write(dir.path().join(name), text).expect("written");
    }
    fs::write(dir.path().join("latin1"), b"\xff\n").expect("written");
    let ended = change(recverify(&cloud).in_dir(dir.path())).run();
    assert!(cloud.requests().is_empty(), "the network was touched: {ended:?}");
    assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 8, "a file was left");
    assert_eq!(ended.out, "");
    ended
}

#[track_caller]
fn refuses(code: i32, message: &str, change: impl FnOnce(Call) -> Call) {
    let ended = told(change);
    assert_eq!((ended.err.as_str(), ended.code), (format!("error: {message}\n").as_str(), code));
}

#[track_caller]
fn refuses_words(words: &str, message: &str) {
    refuses(2, message, |call| call.args(words));
}

#[test]
fn words_that_are_none() {
    refuses_words("", "no command was given; see recverify --help");
    refuses_words(
        "verfy r",
        "unrecognized subcommand 'verfy'; a similar subcommand exists: 'verify'; see recverify --help",
    );
    let tip = "a similar argument exists: '--region'";
    refuses_words("verify r --regoin x", &format!("unexpected argument '--regoin' found; {tip}; see recverify --help"));
    let values = "[possible values: text, json, jsonl]";
    refuses_words(
        "verify r --format yaml",
        &format!("invalid value 'yaml' for '--format <FORMAT>' {values}; see recverify --help"),
    );
    let expected = "a time such as 500ms, 30s or 2m is expected; see recverify --help";
    refuses_words("verify r --stall-timeout 5", &format!("invalid value '5' for '--stall-timeout <TIME>': {expected}"));
    refuses_words("show", "the following required arguments were not provided: <RECORD_ID>; see recverify --help");
    refuses_words("verify r -q -v", "the argument '--quiet' cannot be used with '--verbose'; see recverify --help");
}

#[test]
fn settings_that_are_missing() {
    let region = "no region is set; use --region or HUAWEICLOUD_REGION";
    refuses(2, region, |call| call.unset("HUAWEICLOUD_REGION").args("verify r"));
    let project = "no project is set, and no region by whose name IAM could find it; use --project-id or --region, or \
                   the variable that goes with the keys: HUAWEICLOUD_SDK_PROJECT_ID or HW_PROJECT_ID";
    refuses(2, project, |call| call.unset("HUAWEICLOUD_SDK_PROJECT_ID").unset("HUAWEICLOUD_REGION").args("show r"));
    let keys = "no keys are set; export HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, write ~/.huaweicloud/credentials, or \
                use --ecs-agency on a cloud server that has one";
    let keyless = |call: Call| call.unset("HUAWEICLOUD_SDK_AK").unset("HUAWEICLOUD_SDK_SK");
    refuses(2, keys, |call| keyless(call).args("verify r"));
    refuses(2, keys, |call| keyless(call).args("show r"));
    let never = "keys of different families are never mixed";
    let half = format!("HUAWEICLOUD_SDK_AK is set without HUAWEICLOUD_SDK_SK; {never}");
    refuses(2, &half, |call| call.unset("HUAWEICLOUD_SDK_SK").env("HW_SECRET_KEY", "s").args("verify r"));
    let half = format!("HW_SECRET_KEY is set without HW_ACCESS_KEY; {never}");
    refuses(2, &half, |call| keyless(call).env("HW_SECRET_KEY", "s").args("verify r"));
}

#[test]
fn addresses_that_will_not_do() {
    let of_api = "the address workspace.example.com of the Workspace API does not do: it must begin with https://";
    refuses_words("verify r --workspace-endpoint workspace.example.com", of_api);
    let of_store =
        "the address https://obs.example.com/b of the store does not do: only scheme, host and port may stand in it";
    refuses_words("verify r --obs-endpoint https://obs.example.com/b", of_store);
    for flag in ["--workspace-endpoint", "--obs-endpoint"] {
        let plain = "http://10.0.0.1 is plain http: keys and records would go unprotected; use https, or --allow-http if you must";
        refuses_words(&format!("verify r {flag} http://10.0.0.1"), plain);
    }
    refuses_words("verify r --region x.evil.example", "\"x.evil.example\" is no region; one looks like ap-southeast-3");
    let project = "\"a/b\" is no project id; one has letters, digits, hyphens and underscores only";
    refuses_words("verify r --project-id a/b", project);
}

#[test]
fn ids_that_are_none() {
    let cannot = "a record id cannot hold a slash or a control character";
    refuses_words("verify good a/b", &format!("\"a/b\" is no record id: {cannot}"));
    refuses_words("show a/b", &format!("\"a/b\" is no record id: {cannot}"));
    refuses_words("verify --ids-from slash", &format!("line 3 of slash, \"a/b\", is no record id: {cannot}"));
    refuses_words(
        "verify --ids-from control",
        &format!("line 1 of control, \"a\\u{{9}}b\", is no record id: {cannot}"),
    );
    let escape = format!("\"a\\u{{1b}}[2Jb\" is no record id: {cannot}");
    refuses(2, &escape, |call| call.args("verify").arg("a\u{1b}[2Jb"));
    refuses(2, "\"\" is no record id: a record id cannot be empty", |call| call.args("verify").arg(""));
    refuses_words("verify ..", "\"..\" is no record id: a record id cannot be a dot segment");
    refuses_words("verify --ids-from none", "the id file none cannot be read: No such file or directory (os error 2)");
    refuses_words("verify --ids-from latin1", "the id file latin1 cannot be read: stream did not contain valid UTF-8");
}

#[test]
fn windows_that_will_not_do() {
    for command in ["verify", "list"] {
        let refuses_words = |words: &str, message: &str| refuses_words(&format!("{command} {words}"), message);
        refuses_words(
            "--since 2026-11-20 --until 2026-11-01",
            "--since 2026-11-20T00:00:00Z is later than --until 2026-11-01T23:59:59.999999999Z",
        );
        refuses_words(
            "--since yesterday",
            "\"yesterday\" of --since is no time; give 24h, 7d, a date such as 2026-11-01, or 2026-11-01T20:00:00Z",
        );
        let names: Vec<_> = (0..101).map(|n| format!("--desktop-name desk-{n}")).collect();
        let many = "101 desktop names are more than the API takes at once, 100; make several runs of it";
        refuses_words(&format!("--since 24h {}", names.join(" ")), many);
        let comma =
            "the desktop name \"a,b\" is empty or holds a comma, which the API cannot be asked for; use --desktop-id";
        refuses_words("--since 24h --desktop-name a,b", comma);
    }
    let both = "records are selected by id or by filters, not both; leave out one of them";
    refuses_words("verify r --since 24h", both);
    refuses_words("verify r --username ada", both);
    let window = "filters need a window; add --since, such as --since 24h or --since 2026-11-01";
    refuses_words("verify --username ada", window);
}

#[test]
fn a_selection_of_nothing_is_no_pass() {
    let nothing = "nothing to verify; name records, give a file of ids with --ids-from, or a window with --since";
    for words in ["verify", "verify --ids-from empty", "verify --ids-from comments", "verify --ids-from -", "verify -q"]
    {
        refuses(4, nothing, |call| call.args(words));
    }
}

#[test]
fn files_that_will_not_do() {
    let cannot = "cannot be read: No such file or directory (os error 2)";
    refuses_words("verify r --auth-token-file none", &format!("the token file none {cannot}"));
    refuses_words("verify r --ca-bundle none", &format!("the CA bundle none {cannot}"));
    refuses_words("verify r --ca-bundle half", "the CA bundle half holds no usable certificate");
    for name in ["empty", "blank"] {
        let bad = format!("the token in {name} is empty or holds a character no header can carry");
        refuses_words(&format!("verify r --auth-token-file {name}"), &bad);
    }
    let credentials = |name: &'static str| {
        move |call: Call| {
            let call = call.unset("HUAWEICLOUD_SDK_AK").unset("HUAWEICLOUD_SDK_SK");
            call.env("HUAWEICLOUD_SDK_CREDENTIALS_FILE", name).args("verify r")
        }
    };
    let shape = "below [basic] each line has to be a name, an equals sign and a value";
    refuses(2, &format!("the credentials file nonsense is malformed; {shape}"), credentials("nonsense"));
    refuses(2, "the credentials file half has no sk in its section [basic]", credentials("half"));
    refuses(2, &format!("the credentials file none {cannot}"), credentials("none"));
}

#[test]
fn variables_that_will_not_do() {
    for value in ["x", "0", "-1"] {
        let number = format!("RECVERIFY_CONCURRENCY is \"{value}\"; it must be auto or a number from 1 on");
        refuses(2, &number, |call| call.env("RECVERIFY_CONCURRENCY", value).args("verify r"));
    }
    let word = "RECVERIFY_ADDRESSING is \"host\"; it must be auto, virtual or path";
    refuses(2, word, |call| call.env("RECVERIFY_ADDRESSING", "host").args("verify r"));
    let key = "the access key id or security token holds a character no header can carry";
    refuses(2, key, |call| call.env("HUAWEICLOUD_SDK_AK", "a b").args("verify r"));
}

#[test]
fn reports_that_cannot_be_written() {
    let use_one = "has no extension that names a report format; use .txt, .json, .jsonl, .csv, .xml or .sha256";
    refuses_words("verify r -o report.pdf", &format!("report.pdf {use_one}"));
    refuses_words("verify r -o a.json -o report", &format!("report {use_one}"));
    for second in ["a.json", "./a.json"] {
        let twice = format!("two reports would be written to {second}; give each a name of its own");
        refuses_words(&format!("verify r -o a.json -o {second}"), &twice);
    }
    let missing = "the report none/a.json cannot be written: there is no directory none; make it first";
    refuses_words("verify r -o none/a.json", missing);
}

fn one_good() -> Sandbox {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("good"));
    cloud
}

#[test]
fn a_reader_who_left_is_no_error() {
    for format in ["text", "json", "jsonl"] {
        let cloud = one_good();
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = recverify(&cloud).args("verify good --format").arg(format).into_command();
        let ended = end(command.stdout(writer).stderr(Stdio::piped()).spawn().expect("it starts"));
        assert_eq!((ended.code, ended.err.contains("error")), (0, false), "{}", ended.err);
    }
}

#[test]
fn a_full_disk_under_standard_output_is_told_and_costs_the_files_nothing() {
    let cloud = one_good();
    let dir = TempDir::new().expect("a directory");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let mut command = verify(&cloud, "good -o a.json").in_dir(dir.path()).into_command();
    let ended = end(command.stdout(full).stderr(Stdio::piped()).spawn().expect("it starts"));
    assert_eq!(ended.code, 6);
    let error = "error: the report on a standard stream could not be written: No space left on device (os error 28)";
    assert_eq!(ended.err.lines().filter(|line| line.starts_with("error")).collect::<Vec<_>>(), [error]);
    let report = fs::read_to_string(dir.path().join("a.json")).expect("the other report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("a whole report");
    assert_eq!(report["summary"]["intact"], 1);
}

#[test]
fn one_report_that_cannot_be_put_in_its_place_costs_the_others_nothing() {
    let cloud = one_good();
    let dir = TempDir::new().expect("a directory");
    let gone = dir.path().join("gone");
    fs::create_dir(&gone).expect("made");
    let held = Recording::new("good");
    let video = recverify_sandbox::StoreCalls::get(&held.bucket, &held.video_key());
    cloud.fail_store(video, recverify_sandbox::Times::once(), recverify_sandbox::StoreFault::Hold);
    let child = verify(&cloud, "good -o gone/a.json -o b.jsonl").in_dir(dir.path()).spawn();
    cloud.wait_for(|seen| seen.iter().any(|seen| seen.path.ends_with("good.mp4")));
    fs::remove_dir_all(&gone).expect("removed");
    cloud.release();
    let ended = end(child);
    assert_eq!(ended.verdict("good"), verdict(6, "intact", ""));
    assert!(ended.err.starts_with("error: the report gone/a.json could not be written: "), "{}", ended.err);
    assert_eq!(fs::read_to_string(dir.path().join("b.jsonl")).expect("the other report").lines().count(), 2);
}
