//! Reports in files: every format from one run, names, and what happens when one cannot be written.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use quick_xml::events::Event;
use recverify_sandbox::{Recording, Sandbox};
use serde_json::Value;

use crate::harness::{Ended, verify};
use crate::watchdog::Watchdog;

/// `good` is intact, with a name `sha256sum` has to escape; `bad` is altered; `waiting` is not uploaded.
fn cloud() -> (Sandbox, Recording) {
    let cloud = Sandbox::start();
    let good = Recording { event_name: "back\\slash.jsonl".to_owned(), ..Recording::new("good") };
    let mut record = cloud.upload(&good);
    record["username"] = "=HYPERLINK(\"http://evil\")".into();
    cloud.add_record("good", record);
    let bad = Recording::new("bad");
    cloud.upload(&bad);
    cloud.put_object(&bad.bucket, &bad.video_key(), "something else");
    let mut waiting = cloud.upload(&Recording::new("waiting"));
    waiting["status"] = "UPLOADING".into();
    waiting["desktop_name"] = "<&\u{1}\u{ffff}>".into();
    cloud.add_record("waiting", waiting);
    (cloud, good)
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

#[test]
fn one_run_writes_every_format_at_once() {
    let (cloud, good) = cloud();
    let dir = tempfile::tempdir().expect("a directory");
    let names = "-o r.txt -o r.json -o r.jsonl -o r.csv -o r.xml -o r.sha256";
    let ended = verify(&cloud, "good bad waiting").args(names).in_dir(dir.path()).run();
    assert_eq!(ended.code, 1, "{ended:?}");
    assert_eq!(names_in(dir.path()), ["r.csv", "r.json", "r.jsonl", "r.sha256", "r.txt", "r.xml"]);
    for name in names_in(dir.path()) {
        let mode = std::fs::metadata(dir.path().join(&name)).expect("a report").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("a report");
    assert_eq!(read("r.json"), ended.out);
    assert_eq!(read("r.jsonl").lines().count(), 4);
    assert!(read("r.txt").contains("\n3 records: 1 altered, 1 unverified, 1 intact; "));
    spreadsheet(&read("r.csv"));
    test_suite(&read("r.xml"));

    for (key, content) in [(good.video_key(), &good.video), (good.event_key(), &good.event)] {
        let path = dir.path().join(&good.bucket).join(key);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("a copy's directory");
        std::fs::write(path, content).expect("a copy");
    }
    let bad = Recording::new("bad");
    let path = dir.path().join(&bad.bucket).join(bad.event_key());
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("a copy's directory");
    std::fs::write(path, &bad.event).expect("a copy");
    let mut check = Command::new("sha256sum");
    let output = check.args(["--strict", "-c", "r.sha256"]).current_dir(dir.path()).output().expect("sha256sum");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.lines().count() == 3, "{said}{}", String::from_utf8_lossy(&output.stderr));
}

fn spreadsheet(text: &str) {
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let lines = reader.deserialize::<BTreeMap<String, String>>().map(|line| line.expect("a sound line"));
    let lines: Vec<_> = lines.collect();
    let cells = |column: &str| {
        let mut cells: Vec<_> = lines.iter().map(|line| line[column].as_str()).collect();
        cells.sort_unstable();
        cells
    };
    assert_eq!(cells("record_id"), ["bad", "bad", "good", "good", "waiting"]);
    assert_eq!(cells("outcome"), ["", "altered", "intact", "intact", "intact"]);
    let formula = "'=HYPERLINK(\"http://evil\")";
    assert_eq!(cells("username"), [formula, formula, "sandbox-user", "sandbox-user", "sandbox-user"]);
}

fn test_suite(text: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut suite = BTreeMap::new();
    let mut elements = BTreeMap::<String, u32>::new();
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(tag) | Event::Empty(tag) => {
                let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
                let attributes = tag.attributes().map(|attribute| attribute.expect("a sound attribute"));
                let attributes = attributes.map(|attribute| {
                    let value = String::from_utf8_lossy(&attribute.value).into_owned();
                    (String::from_utf8_lossy(attribute.key.as_ref()).into_owned(), value)
                });
                if name == "testsuite" {
                    suite = attributes.collect();
                }
                *elements.entry(name).or_default() += 1;
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let counted = ["testsuite", "testcase", "failure", "error"].map(|name| elements[name]);
    assert_eq!(counted, [1, 3, 1, 1]);
    assert_eq!(["tests", "failures", "errors"].map(|name| suite[name].as_str()), ["3", "1", "1"]);
    assert!(text.contains("&lt;&amp;\\u{1}\\u{ffff}&gt;"), "{text}");
}

#[test]
fn a_name_takes_run_and_date() {
    let (cloud, _) = cloud();
    let dir = tempfile::tempdir().expect("a directory");
    let ended = verify(&cloud, "good -o {date}_{run_id}.json").in_dir(dir.path()).run();
    let run = &ended.report()["run"];
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let date = text(&run["started_at"])[..10].to_owned();
    assert_eq!(names_in(dir.path()), [format!("{date}_{}.json", text(&run["id"]))]);
}

#[test]
fn what_cannot_be_written_as_asked_is_said_before_anything_is_asked() {
    let (cloud, _) = cloud();
    let dir = tempfile::tempdir().expect("a directory");
    let cases = [
        (
            "-o r.pdf",
            "r.pdf has no extension that names a report format; use .txt, .json, .jsonl, .csv, .xml or .sha256",
        ),
        ("-o {day}.csv", "{day} in the report name {day}.csv stands for nothing; {run_id} and {date} do"),
        ("-o r.csv -o ./r.csv", "two reports would be written to ./r.csv; give each a name of its own"),
        ("-o r.csv --metrics r.csv", "two reports would be written to r.csv; give each a name of its own"),
        ("-o no/r.xml", "the report no/r.xml cannot be written: No such file or directory (os error 2)"),
        ("--metrics no/r.prom", "the metrics file no/r.prom cannot be written: No such file or directory (os error 2)"),
        ("--ping-url http://10.0.0.1/x", "the ping address is plain http: use https, or --allow-http if you must"),
    ];
    for (words, message) in cases {
        let Ended { code, out, err } = verify(&cloud, "good").args(words).in_dir(dir.path()).run();
        let err: Vec<_> = err.lines().map(|line| line.split(" at path ").next().unwrap_or(line)).collect();
        assert_eq!((code, out.as_str(), err), (2, "", vec![format!("error: {message}").as_str()]), "{words}");
    }
    assert_eq!(names_in(dir.path()), Vec::<String>::new());
    assert_eq!(cloud.requests().len(), 0);
}

#[test]
fn a_report_that_cannot_be_put_in_place_costs_none_of_the_others() {
    let (cloud, _) = cloud();
    let dir = tempfile::tempdir().expect("a directory");
    // Once the run has begun its files are open; then something else takes the place of one.
    let place = dir.path().join("r.csv");
    let watchdog = Watchdog::start(move |ping| {
        if ping.line.contains("/start") {
            std::fs::create_dir(&place).expect("a directory");
        }
        ("200 OK", "OK")
    });
    let words = "good -o r.csv -o r.json -o r.xml --metrics r.prom --ping-url";
    let ended = verify(&cloud, words).arg(watchdog.url()).in_dir(dir.path()).run();
    assert_eq!(ended.code, 6);
    assert!(ended.err.contains("error: the report r.csv could not be written: Is a directory"), "{ended:?}");
    assert_eq!(names_in(dir.path()), ["r.csv", "r.json", "r.prom", "r.xml"]);
    let lines: Vec<_> = watchdog.heard().into_iter().map(|ping| ping.line).collect();
    assert!(lines[1].starts_with("POST /check/6?rid="), "{lines:?}");
    let metrics = std::fs::read_to_string(dir.path().join("r.prom")).expect("metrics");
    assert!(metrics.contains("exit_code{") && !metrics.contains("last_success"), "{metrics}");
}
