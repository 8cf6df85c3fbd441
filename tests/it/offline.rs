//! `recverify check`: what a report is worth, without any service.

use std::path::Path;
use std::process::Command;

use recverify_sandbox::{Recording, Sandbox, StampAuthority};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Ended, bare, recverify};

fn cloud() -> Sandbox {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("good"));
    let bad = Recording::new("bad");
    cloud.upload(&bad);
    let changed = vec![b'x'; bad.video.len()];
    cloud.put_object(&bad.bucket, &bad.video_key(), changed);
    cloud
}

/// A signed and stamped report of an intact, an altered and an unknown record, as a.json and a.jsonl.
fn reported() -> (Sandbox, TempDir) {
    let (cloud, dir, authority) = (cloud(), tempfile::tempdir().unwrap(), StampAuthority::start());
    let words = ["-q", "-t", "ed25519", "-N", "", "-f", "key"];
    assert!(Command::new("ssh-keygen").args(words).current_dir(dir.path()).status().unwrap().success());
    let call = recverify(&cloud).args("verify good bad nobody --sign-key key -o a.json -o a.jsonl --timestamp-url");
    assert_eq!(call.arg(authority.url()).in_dir(dir.path()).run().code, 1);
    (cloud, dir)
}

fn check(dir: &Path, words: &str) -> Ended {
    bare().args("check").args(words).in_dir(dir).run()
}

/// Exit code, and check and status of all that did not hold.
fn failed(dir: &Path, words: &str) -> (i32, Vec<String>) {
    let ended = check(dir, &format!("{words} --format json"));
    let told: Value = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    assert_eq!(told["holds"], json!(ended.code == 0), "{told:#}");
    let checks = told["checks"].as_array().unwrap().iter().filter(|check| check["status"] == "fail");
    (
        ended.code,
        checks
            .map(|check| format!("{}: {}", check["check"].as_str().unwrap(), check["message"].as_str().unwrap()))
            .collect(),
    )
}

/// Changes a report, whose signature then no longer counts.
fn rewrite(dir: &Path, name: &str, change: impl FnOnce(&mut Value)) {
    let mut report = serde_json::from_slice(&std::fs::read(dir.join("a.json")).unwrap()).unwrap();
    change(&mut report);
    std::fs::write(dir.join(name), report.to_string()).unwrap();
}

#[test]
fn a_report_as_it_was_written_holds_and_what_is_not_checked_is_told() {
    let (_cloud, dir) = reported();
    for name in ["a.json", "a.jsonl"] {
        let ended = check(dir.path(), name);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{ended:?}");
        let lines: Vec<_> = ended.out.lines().collect();
        let run = lines[0].strip_prefix("ok    schema     recverify/report/v1, run ").unwrap();
        assert_eq!(run.len(), 36);
        let told = [
            "ok    counts     3 records, as the totals say",
            "ok    outcomes   each is what was observed",
            "ok    answers    each has the digest it is said to have",
        ];
        assert_eq!(lines[1..4], told);
        assert!(
            lines[4].starts_with("ok    signature  signed by SHA256:") && lines[4].ends_with(", identity not checked")
        );
        let command = format!("openssl ts -verify -data {name} -in {name}.tsr -CAfile authority.pem -attime ");
        assert!(
            lines[5].starts_with("ok    timestamp  of these bytes, ") && lines[5].contains(&command),
            "{}",
            lines[5]
        );
        assert_eq!(lines[6..], ["-     chain      the run had no ledger, so nothing ties it to others"]);
        let ended = check(dir.path(), &format!("{name} --allowed-signers {name}.allowed_signers"));
        let signed = ended.out.lines().nth(4).unwrap();
        assert!(ended.code == 0 && signed.starts_with("ok    signature  signed by recverify (SHA256:"), "{ended:?}");
    }
}

#[test]
fn whatever_is_changed_afterwards_is_found() {
    let (_cloud, dir) = reported();
    let here = dir.path();
    let whole = std::fs::read(here.join("a.json")).unwrap();
    std::fs::write(here.join("a.json"), [&whole[..], b"\n"].concat()).unwrap();
    let (code, faults) = failed(here, "a.json");
    assert_eq!((code, faults.len()), (1, 2), "{faults:?}");
    assert_eq!(faults[0], "signature: the signature does not hold: it is not of these bytes");
    assert!(faults[1].starts_with("timestamp: the time-stamp does not hold: it stamps other bytes: "), "{faults:?}");
    std::fs::write(here.join("a.json"), &whole[..whole.len() / 2]).unwrap();
    let (code, faults) = failed(here, "a.json");
    assert!(code == 1 && faults[0].starts_with("schema: it is no sound report: EOF"), "{faults:?}");
}

#[test]
fn another_key_is_not_taken_for_the_one_that_is_allowed() {
    let (_cloud, dir) = reported();
    let words = ["-q", "-t", "ed25519", "-N", "", "-f", "other"];
    assert!(Command::new("ssh-keygen").args(words).current_dir(dir.path()).status().unwrap().success());
    let key = std::fs::read_to_string(dir.path().join("other.pub")).unwrap();
    std::fs::write(dir.path().join("allowed"), format!("auditor {key}")).unwrap();
    let (code, faults) = failed(dir.path(), "a.json --allowed-signers allowed");
    assert!(code == 1 && faults[0].ends_with(" is not among the allowed signers"), "{faults:?}");
    std::fs::remove_file(dir.path().join("a.json.sig")).unwrap();
    let unsigned = "signature: it is not signed: there is no .sig beside it";
    assert_eq!(failed(dir.path(), "a.json --allowed-signers allowed"), (1, vec![unsigned.to_owned()]));
    assert_eq!(failed(dir.path(), "a.json"), (0, vec![]));
}

/// A change, and how each fault that is found begins.
type Lie = (fn(&mut Value), &'static [&'static str]);

#[test]
fn a_report_that_contradicts_itself_does_not_hold_though_nobody_signed_it() {
    let (_cloud, dir) = reported();
    let lie = |change: fn(&mut Value)| {
        rewrite(dir.path(), "lie.json", change);
        failed(dir.path(), "lie.json").1
    };
    assert_eq!(lie(|_| {}), [""; 0]);
    let cases: [Lie; 9] = [
        (|report| report["summary"]["intact"] = json!(2), &["counts: the totals say 2 intact, and there are 1"]),
        (
            |report| {
                report["records"].as_array_mut().unwrap().pop();
            },
            &["counts: the totals say "],
        ),
        (|report| report["run"]["expected"] = json!(["good", "bad"]), &["counts: "]),
        (
            |report| {
                let record = find(report, "bad");
                record["outcome"] = json!("intact");
                record["reason"] = Value::Null;
            },
            &["counts: ", "outcomes: bad is called better than its gravest object"],
        ),
        (
            |report| {
                let object = &mut find(report, "bad")["objects"][0];
                object["outcome"] = json!("intact");
                object["reason"] = Value::Null;
            },
            &["outcomes: the video of bad is intact without the declared digest having been observed"],
        ),
        (
            |report| {
                let object = &mut find(report, "good")["objects"][0];
                object["attempts"] = json!([]);
            },
            &["outcomes: the video of good is intact without all of it having been read"],
        ),
        (
            |report| find(report, "good")["answer"]["body"] = json!("{}"),
            &["answers: good: an answer does not have the digest it is said to have"],
        ),
        (
            |report| {
                let body = "{}";
                let answer = json!({"body": body, "sha256": crate::check::sha256(body.as_bytes())});
                find(report, "good")["answer"] = answer;
            },
            &["answers: good: the answer is not that of the last call"],
        ),
        (
            |report| report["schema"] = json!("recverify/report/v2"),
            &["schema: it is no sound report: its schema is \"recverify/report/v2\""],
        ),
    ];
    for (change, expected) in cases {
        let faults = lie(change);
        assert_eq!(faults.len(), expected.len(), "{expected:?}: {faults:?}");
        for (fault, expected) in faults.iter().zip(expected) {
            assert!(fault.starts_with(expected), "{expected:?}: {faults:?}");
        }
    }
}

fn find<'a>(report: &'a mut Value, id: &str) -> &'a mut Value {
    report["records"].as_array_mut().unwrap().iter_mut().find(|record| record["record_id"] == id).unwrap()
}

#[test]
fn a_gap_in_the_chain_is_found() {
    let (_cloud, dir) = reported();
    let head = |seq: i64, digit: &str| json!({"seq": seq, "sha256": digit.repeat(64)});
    rewrite(dir.path(), "one.json", |report| {
        report["run"]["chain"] = json!({"before": head(0, "0"), "after": head(7, "a")});
    });
    rewrite(dir.path(), "two.json", |report| {
        report["run"]["chain"] = json!({"before": head(7, "a"), "after": head(9, "b")});
    });
    rewrite(dir.path(), "cut.json", |report| {
        report["run"]["chain"] = json!({"before": head(5, "c"), "after": head(9, "d")});
    });
    assert_eq!(failed(dir.path(), "two.json --previous one.json"), (0, vec![]));
    let (code, faults) = failed(dir.path(), "cut.json --previous one.json");
    assert!(code == 1 && faults[0].contains(" left the chain at row 7 (aaaa") && faults[0].contains("at row 5 (cccc"));
    let none = "chain: a run without a ledger is tied to no other";
    assert_eq!(failed(dir.path(), "a.json --previous one.json"), (1, vec![none.to_owned()]));
}

#[test]
fn files_are_held_against_what_was_read_as_copies_and_as_bags() {
    let (cloud, dir) = (cloud(), tempfile::tempdir().unwrap());
    assert_eq!(recverify(&cloud).args("verify good -o a.json").in_dir(dir.path()).run().code, 0);
    let good = Recording::new("good");
    let put = |name: &str, content: &[u8]| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    let missing = format!("files: there is no file for {}/{}", good.bucket, good.video_key());
    std::fs::create_dir(dir.path().join("copies")).unwrap();
    assert_eq!(failed(dir.path(), "a.json --files copies"), (1, vec![format!("{missing}; and 1 more")]));
    put(&format!("copies/{}/{}", good.bucket, good.video_key()), &good.video);
    put(&format!("copies/{}/{}", good.bucket, good.event_key()), &good.event);
    assert_eq!(failed(dir.path(), "a.json --files copies"), (0, vec![]));
    put("bags/good/data/video/v.mp4", &good.video);
    put("bags/good/data/event/e.jsonl", &good.event);
    assert_eq!(failed(dir.path(), "a.json --files bags"), (0, vec![]));
    assert_eq!(failed(dir.path(), "a.json --files bags/good"), (0, vec![]));
    put("bags/good/data/event/e.jsonl", b"another");
    let other =
        format!("files: bags/good/data/event/e.jsonl is not what was read of {}/{}", good.bucket, good.event_key());
    assert_eq!(failed(dir.path(), "a.json --files bags"), (1, vec![other]));
}

#[test]
fn other_formats_are_checked_by_signature_alone_and_what_cannot_be_read_is_usage() {
    let (cloud, dir) = (cloud(), tempfile::tempdir().unwrap());
    assert_eq!(recverify(&cloud).args("verify good -o a.txt").in_dir(dir.path()).run().code, 0);
    let ended = check(dir.path(), "a.txt");
    let told = "\
-     schema     only .json and .jsonl are looked into; of others signature and time-stamp alone are checked
-     signature  it is not signed: there is no .sig beside it
-     timestamp  there is no time-stamp beside it, so the time is the operator's word
";
    assert_eq!((ended.code, ended.out.as_str()), (0, told));
    for (words, name) in [
        ("none.json", "none.json"),
        ("a.txt --allowed-signers none", "none"),
        ("a.txt --previous none", "none"),
        ("a.txt --files none", "none"),
    ] {
        let ended = check(dir.path(), words);
        let message = format!("error: {name} cannot be read: No such file or directory (os error 2)\n");
        assert_eq!((ended.code, ended.err, ended.out.as_str()), (2, message, ""), "{words}");
    }
}
