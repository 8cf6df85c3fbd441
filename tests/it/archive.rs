//! `recverify archive`: verify and keep in one pass.

mod bags;
mod killed;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use recverify_sandbox::{Recording, Sandbox, StoreCalls, StoreFault, Times};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Call, recverify};

/// `recverify archive … --to a` in a directory of its own.
pub fn archive(cloud: &Sandbox, dir: &TempDir, words: &str) -> Call {
    recverify(cloud).args("archive --retry-wait 1ms --to a").args(words).in_dir(dir.path())
}

/// Whether a line for a shell succeeds there.
pub fn holds(dir: &Path, line: &str) -> bool {
    Command::new("sh").args(["-c", line]).current_dir(dir).output().expect("a shell").status.success()
}

/// bagit.py, which is not ours, where it is to be had: as `RECVERIFY_BAGIT` says, else by its name.
#[expect(clippy::print_stderr, reason = "what was not held against it must not look as if it were")]
pub fn bagit() -> Option<String> {
    let named = std::env::var("RECVERIFY_BAGIT").ok();
    let found = || Command::new("bagit.py").arg("--version").output().is_ok().then(|| "bagit.py".to_owned());
    let program = named.or_else(found);
    if program.is_none() {
        eprintln!("bagit.py is not asked: it is not here (pip install bagit)");
    }
    program
}

/// Holds bagit.py to accepting a bag or not, where it is to be had.
pub fn bagit_says(accepts: bool, bag: &Path, of: &str) {
    let Some(program) = bagit() else { return };
    let ended = Command::new(&program).arg("--validate").arg(bag).output();
    let ended = ended.unwrap_or_else(|error| panic!("{program}: {error}"));
    let words = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() || words.contains("is invalid"), "{words}");
    assert_eq!(ended.status.success(), accepts, "{of}: {words}");
}

/// Names in a directory, sorted, those that begin with a dot included.
pub fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn cloud(ids: &[&str]) -> (Sandbox, TempDir) {
    let cloud = Sandbox::start();
    for id in ids {
        cloud.upload(&Recording::new(id));
    }
    (cloud, tempfile::tempdir().expect("a directory"))
}

#[test]
fn an_intact_record_becomes_a_bag_that_other_tools_accept() {
    let (cloud, dir) = (Sandbox::start(), tempfile::tempdir().unwrap());
    let recording = Recording { video_name: "Ünsafe name%\u{2028}.mp4".to_owned(), ..Recording::new("r") };
    cloud.upload(&recording);
    let ended = archive(&cloud, &dir, "r").run();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let bag = dir.path().join("a/r");
    assert_eq!(names(&dir.path().join("a")), [".lock", "r"]);
    let files = [
        "answer.json",
        "bag-info.txt",
        "bagit.txt",
        "data",
        "manifest-sha256.txt",
        "report.json",
        "tagmanifest-sha256.txt",
    ];
    assert_eq!(names(&bag), files);
    bagit_says(true, &bag, "whole");
    assert!(holds(&bag, "sha256sum -c --strict manifest-sha256.txt && sha256sum -c --strict tagmanifest-sha256.txt"));
    assert_eq!(std::fs::read(bag.join("data/video/_nsafe_name__.mp4")).unwrap(), recording.video);
    assert_eq!(std::fs::read(bag.join("data/event/r.jsonl")).unwrap(), recording.event);
    let info = std::fs::read_to_string(bag.join("bag-info.txt")).unwrap();
    assert!(info.contains("Recverify-Video-Filename: %C3%9Cnsafe name%25%E2%80%A8.mp4\n"), "{info}");
    let answer = std::fs::read(bag.join("answer.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap()["id"], "r");
}

#[test]
fn the_report_in_a_bag_is_of_that_record_alone_signed_and_as_the_schema_says() {
    let (cloud, dir) = cloud(&["first", "second"]);
    assert!(holds(dir.path(), "ssh-keygen -q -t ed25519 -N '' -f key"));
    let ended = archive(&cloud, &dir, "first second --sign-key key --case 17 -o night.json").run();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let bag = dir.path().join("a/first");
    assert!(!holds(&bag, "grep -r second . "), "a bag that is disclosed names nobody else");
    let report: Value = serde_json::from_slice(&std::fs::read(bag.join("report.json")).unwrap()).unwrap();
    crate::schema::assert_valid(&report);
    assert_eq!(report["run"]["expected"], serde_json::json!(["first"]));
    bagit_says(true, &bag, "whole");
    let verify =
        "ssh-keygen -Y verify -f report.json.allowed_signers -I recverify -n recverify-report -s report.json.sig";
    assert!(holds(&bag, &format!("{verify} < report.json")));
    let checked = crate::harness::bare().args("check a/first/report.json --files a").in_dir(dir.path()).run();
    assert_eq!(checked.code, 0, "{checked:?}");
}

#[test]
fn a_second_run_checks_the_bags_there_are_and_reads_only_the_rest() {
    let (cloud, dir) = cloud(&["first", "second"]);
    assert_eq!(archive(&cloud, &dir, "first").run().code, 0);
    let before = cloud.requests().len();
    let ended = archive(&cloud, &dir, "first second --format json").run();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.report()["summary"]["archived"], 1);
    assert_eq!(ended.report()["summary"]["records"], 1);
    let asked: Vec<_> = cloud.requests()[before..].iter().map(|seen| seen.path.clone()).collect();
    assert!(!asked.iter().any(|path| path.contains("first.mp4")), "{asked:?}");
    assert_eq!(names(&dir.path().join("a")), [".lock", "first", "second"]);
}

#[test]
fn a_bag_that_is_damaged_or_of_other_bytes_than_declared_is_left_alone_and_the_record_verified() {
    let (cloud, dir) = cloud(&["r"]);
    assert_eq!(archive(&cloud, &dir, "r").run().code, 0);
    let video = dir.path().join("a/r/data/video/r.mp4");
    std::fs::write(&video, "other").unwrap();
    let ended = archive(&cloud, &dir, "r --format json").run();
    assert_eq!((ended.code, ended.record("r")["outcome"].as_str()), (6, Some("intact")));
    assert!(ended.err.contains("a/r was left as it is: move it away and archive the record again"), "{}", ended.err);
    assert_eq!(std::fs::read(&video).unwrap(), b"other");
    std::fs::remove_dir_all(dir.path().join("a/r")).unwrap();
    assert_eq!(archive(&cloud, &dir, "r").run().code, 0);
    bagit_says(true, &dir.path().join("a/r"), "whole");
    assert_eq!(names(&dir.path().join("a")), [".lock", "r"]);
}

#[test]
fn a_second_read_that_gives_the_declared_bytes_is_what_is_kept() {
    let (cloud, dir) = cloud(&["r"]);
    let recording = Recording::new("r");
    let calls = StoreCalls::get(&recording.bucket, &recording.video_key());
    cloud.fail_store(calls, Times::once(), StoreFault::FlipBit(100));
    let ended = archive(&cloud, &dir, "r --format json").run();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.record("r")["warnings"][0]["code"], "reads_disagree");
    assert_eq!(std::fs::read(dir.path().join("a/r/data/video/r.mp4")).unwrap(), recording.video);
    bagit_says(true, &dir.path().join("a/r"), "whole");
}

#[test]
fn a_read_that_breaks_and_goes_on_is_kept_whole() {
    let (cloud, dir) = cloud(&[]);
    let video: Vec<u8> = (0..9_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    let recording = Recording { video: video.into(), ..Recording::new("r") };
    cloud.upload(&recording);
    let calls = || StoreCalls::get(&recording.bucket, &recording.video_key());
    cloud.fail_store(calls(), Times::once(), StoreFault::Cut(5_000_000));
    for words in ["--parts 1 --hashing beside", "--parts 4 --part-size 1MiB", "--parts 1 --hashing inline"] {
        let ended = archive(&cloud, &dir, words).arg("r").run();
        assert_eq!(ended.code, 0, "{ended:?}");
        let bag = dir.path().join("a/r");
        assert_eq!(std::fs::read(bag.join("data/video/r.mp4")).unwrap(), recording.video, "{words}");
        std::fs::remove_dir_all(bag).unwrap();
        cloud.fail_store(calls(), Times::once(), StoreFault::Cut(5_000_000));
    }
}

#[test]
fn what_is_not_intact_is_kept_only_if_asked_for_and_never_looks_intact() {
    let (cloud, dir) = cloud(&["altered", "gone", "good"]);
    let [altered, gone] = ["altered", "gone"].map(Recording::new);
    cloud.put_object(&altered.bucket, &altered.video_key(), "tampered with");
    cloud.remove_object(&gone.bucket, &gone.video_key());
    assert_eq!(archive(&cloud, &dir, "altered gone good").run().code, 1);
    assert_eq!(names(&dir.path().join("a")), [".lock", "good"]);
    for _ in 0..2 {
        let ended = archive(&cloud, &dir, "altered gone good --findings").run();
        assert_eq!((ended.code, ended.err.as_str()), (1, ""));
        assert_eq!(names(&dir.path().join("a")), [".lock", "findings", "good"]);
        assert_eq!(names(&dir.path().join("a/findings")), ["altered", "gone"]);
    }
    let bag = dir.path().join("a/findings/altered");
    bagit_says(true, &bag, "it is what was read");
    assert_eq!(std::fs::read(bag.join("data/video/altered.mp4")).unwrap(), b"tampered with");
    assert!(std::fs::read_to_string(bag.join("bag-info.txt")).unwrap().contains("Recverify-Outcome: altered\n"));
    let words = std::fs::read_to_string(bag.join("NOT-INTACT.txt")).unwrap();
    assert!(words.starts_with("This recording was not found intact. It was found altered."), "{words}");
    assert_eq!(names(&dir.path().join("a/findings/gone/data")), ["event"]);
    cloud.put_object(&altered.bucket, &altered.video_key(), "tampered with once more");
    assert_eq!(archive(&cloud, &dir, "altered --findings").run().code, 1);
    assert_eq!(names(&dir.path().join("a/findings")), ["altered", "altered.2", "gone"]);
}

#[test]
fn two_runs_never_fill_one_archive() {
    let (cloud, dir) = cloud(&["r"]);
    std::fs::create_dir(dir.path().join("a")).unwrap();
    let lock = std::fs::File::create(dir.path().join("a/.lock")).unwrap();
    lock.lock().unwrap();
    let ended = archive(&cloud, &dir, "r").run();
    assert_eq!((ended.code, ended.err.as_str()), (5, "error: another run fills the archive a\n"));
    assert_eq!(cloud.requests().len(), 0);
}

#[test]
fn a_row_of_the_ledger_without_its_bag_does_not_keep_a_record_out_of_the_archive() {
    let (cloud, dir) = cloud(&["r"]);
    let words = "--since 2d --ledger l.db --format json";
    assert_eq!(recverify(&cloud).args("verify").args(words).in_dir(dir.path()).run().code, 0);
    let ended = archive(&cloud, &dir, words).run();
    assert_eq!((ended.code, ended.report()["summary"]["records"].as_u64()), (0, Some(1)), "{ended:?}");
    assert_eq!(names(&dir.path().join("a")), [".lock", "r"]);
    let ended = archive(&cloud, &dir, words).run();
    assert_eq!((ended.code, ended.report()["summary"]["archived"].as_u64()), (0, Some(1)), "{ended:?}");
}

#[test]
fn a_bag_without_its_row_in_the_ledger_is_read_again_and_left_alone() {
    let (cloud, dir) = cloud(&["r"]);
    assert_eq!(archive(&cloud, &dir, "r").run().code, 0);
    let ended = archive(&cloud, &dir, "r --ledger l.db --format json").run();
    assert_eq!((ended.code, ended.report()["summary"]["records"].as_u64()), (0, Some(1)), "{ended:?}");
    let status = crate::harness::bare().args("ledger show r --ledger l.db").in_dir(dir.path()).run();
    assert!(status.out.contains("intact"), "{status:?}");
}

#[test]
fn a_full_disk_costs_no_verdict_and_leaves_no_bag() {
    let (cloud, dir) = cloud(&["r"]);
    let big = Recording { video: vec![7; 3 << 20].into(), ..Recording::new("big") };
    cloud.upload(&big);
    let mount = dir.path().join("a");
    std::fs::create_dir(&mount).unwrap();
    if !holds(dir.path(), "mount -t tmpfs -o size=1m none a") {
        writeln!(std::io::stdout(), "skipped: only root may mount a small disk").unwrap();
        return;
    }
    let ended = archive(&cloud, &dir, "big --format json").run();
    let names = names(&mount);
    assert!(holds(dir.path(), "umount a"));
    assert_eq!((ended.code, ended.record("big")["outcome"].as_str()), (6, Some("intact")));
    let told = "error: big was verified, but its files could not be kept in a: No space left on device (os error 28); \
                archive it again once that is mended\n";
    assert!(ended.err.starts_with(told), "{}", ended.err);
    assert_eq!(names, [".lock"]);
}
