//! Reports in files: whole or not there, and an exit code of their own when they cannot be written.

use std::path::Path;

use recverify_sandbox::{Recording, Sandbox, StoreCalls, StoreFault, Times};
use serde_json::Value;

use crate::harness::{end, recverify};
use crate::schema::assert_valid;

fn cloud() -> Sandbox {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("r"));
    cloud
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_format_is_written_whole_and_nothing_else_is_left() {
    let cloud = cloud();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("b.txt"), "of yesterday").unwrap();
    let ended = recverify(&cloud).args("verify r -o a.json -o b.txt -o c.jsonl").in_dir(dir.path()).run();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(names(dir.path()), ["a.json", "b.txt", "c.jsonl"]);
    let read = |name: &str| {
        let path = dir.path().join(name);
        std::fs::read_to_string(path).unwrap()
    };
    assert!(read("b.txt").starts_with(&ended.out));
    let json: Value = serde_json::from_str(&read("a.json")).unwrap();
    assert_valid(&json);
    let lines: Vec<Value> = read("c.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json["records"][0], lines[0]);
    assert_eq!((&json["run"], &json["summary"]), (&lines[1]["run"], &lines[1]["summary"]));
}

#[test]
fn a_place_that_cannot_be_written_ends_the_run_before_any_request() {
    let cloud = cloud();
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("dir.json")).unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let cases = [
        ("nowhere/a.json", "error: the report nowhere/a.json cannot be written: "),
        ("file/a.json", "error: the report file/a.json cannot be written: "),
        ("dir.json", "error: the report dir.json cannot be written: is a directory\n"),
        (
            "a.pdf",
            "error: a.pdf has no extension that names a report format; use .txt, .json, .jsonl, .csv, .xml or .sha256\n",
        ),
        ("a", "error: a has no extension that names a report format; use .txt, .json, .jsonl, .csv, .xml or .sha256\n"),
    ];
    for (file, message) in cases {
        let ended = recverify(&cloud).args("verify r -o").arg(file).in_dir(dir.path()).run();
        assert!(ended.err.starts_with(message) && ended.err.lines().count() == 1, "{ended:?}");
        assert_eq!((ended.code, ended.out.as_str()), (2, ""));
    }
    let ended = recverify(&cloud).args("verify r -o a.json -o a.json").in_dir(dir.path()).run();
    assert_eq!(ended.err, "error: two reports would be written to a.json; give each a name of its own\n");
    assert_eq!(ended.code, 2);
    assert!(cloud.requests().is_empty());
    assert_eq!(names(dir.path()), ["dir.json", "file"]);
}

#[test]
fn a_place_that_vanishes_during_the_run_is_not_recorded() {
    let cloud = cloud();
    let recording = Recording::new("r");
    let calls = StoreCalls::get(&recording.bucket, &recording.video_key());
    cloud.fail_store(calls, Times::once(), StoreFault::HoldAfter(5));
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("gone")).unwrap();
    let child = recverify(&cloud).args("verify r -o gone/a.json -o b.txt").in_dir(dir.path()).spawn();
    cloud.wait_for(|seen| seen.iter().any(|seen| seen.path.ends_with("/r.mp4") && seen.status.is_some()));
    std::fs::remove_dir_all(dir.path().join("gone")).unwrap();
    cloud.release();
    let ended = end(child);
    assert!(ended.err.starts_with("error: the report gone/a.json could not be written: "), "{ended:?}");
    assert!(ended.out.starts_with("intact        r  "), "the other places are served all the same");
    assert_eq!(names(dir.path()), ["b.txt"]);
    assert_eq!(ended.code, 6);
}

#[test]
fn a_reader_who_leaves_early_is_no_error() {
    let cloud = cloud();
    let mut child = recverify(&cloud).args("verify r").spawn();
    drop(child.stdout.take());
    assert_eq!(end(child).code, 0);
}
