//! A ledger on a disk that is full or read-only: told in one line, nothing that was entered is lost, and the next run
//! goes on.

use std::path::Path;
use std::process::Command;

use recverify::ledger::Reader;
use recverify_sandbox::{Recording, Sandbox};
use tempfile::TempDir;

use crate::check::checked;
use crate::harness::{Call, bare, recverify};

const RECORDS: u64 = 60;

/// A small disk of its own, in memory. Mounting takes root, as whoever runs these tests in a container is.
struct Disk(TempDir);

impl Disk {
    fn of(size: &str) -> Self {
        let dir = TempDir::new().expect("a directory");
        mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], dir.path());
        Self(dir)
    }

    fn remount(&self, options: &str) {
        mount(&["-o", &format!("remount,{options}")], self.path());
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What cannot be taken off now goes with the machine; a panic here would hide the test's own.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

fn mount(words: &[&str], place: &Path) {
    let status = Command::new("mount").args(words).arg(place).status().expect("there is a mount command");
    assert!(status.success(), "mount {words:?} was refused; this test needs root and leave to mount");
}

fn full_cloud() -> Sandbox {
    let cloud = Sandbox::start();
    let start_time = Some("2026-11-01T00:00:00Z".parse().expect("a time"));
    for n in 0..RECORDS {
        cloud.upload(&Recording { start_time, ..Recording::new(&format!("r{n:02}")) });
    }
    cloud
}

fn night(cloud: &Sandbox, disk: &Disk) -> Call {
    recverify(cloud).args("verify -q --since 2026-11-01 --until 2026-11-02 --ledger ledger.db").in_dir(disk.path())
}

/// How many records are intact by a ledger that holds together.
fn intact(disk: &Disk) -> usize {
    let ledger = disk.path().join("ledger.db");
    assert_eq!(Reader::open(&ledger).expect("a ledger").first_break().expect("walked"), None);
    let export = bare().args("ledger export --format csv --ledger ledger.db").in_dir(disk.path()).run();
    assert_eq!(export.code, 0, "{export:?}");
    export.out.lines().filter(|line| line.contains(",intact,")).count()
}

#[test]
fn a_full_disk_ends_the_run_keeps_every_row_and_the_next_run_goes_on() {
    let (cloud, disk) = (full_cloud(), Disk::of("1m"));
    // All that is counted is told, what was in flight when the disk was full included.
    let full = checked(night(&cloud, &disk).args("--format json --concurrency 4"));
    let errors: Vec<_> = full.err.lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!((full.code, errors), (6, vec!["error: the ledger cannot be written: its disk is full"]));
    let kept = intact(&disk);
    assert!(kept > 0 && kept < usize::try_from(RECORDS).expect("few"), "{kept}");
    disk.remount("size=32m");
    let ended = night(&cloud, &disk).run();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{ended:?}");
    assert_eq!(intact(&disk), usize::try_from(RECORDS).expect("few"));
}

#[test]
fn a_disk_without_any_room_is_told_before_anything_is_asked() {
    let (cloud, disk) = (full_cloud(), Disk::of("4k"));
    let ended = night(&cloud, &disk).run();
    let line = "error: the ledger cannot be written: its disk is full\n";
    assert_eq!((ended.code, ended.err.as_str()), (2, line));
    assert!(cloud.requests().is_empty());
}

#[test]
fn a_read_only_disk_is_told_before_anything_is_asked_and_can_still_be_read() {
    let (cloud, disk) = (Sandbox::start(), Disk::of("8m"));
    cloud.upload(&Recording {
        start_time: Some("2026-11-01T00:00:00Z".parse().expect("a time")),
        ..Recording::new("a")
    });
    assert_eq!(night(&cloud, &disk).run().code, 0);
    let asked = cloud.requests().len();
    disk.remount("ro");
    let ended = night(&cloud, &disk).run();
    let lock = disk.path().join("ledger.db.lock");
    let line = format!(
        "error: the ledger cannot be written, its lock {} cannot be taken: Read-only file system (os error 30)\n",
        lock.display()
    );
    assert_eq!((ended.code, ended.err), (2, line));
    assert_eq!(cloud.requests().len(), asked);
    assert_eq!(intact(&disk), 1);
}

#[test]
fn a_report_that_finds_no_room_costs_neither_the_other_nor_the_ledger() {
    let (cloud, disk) = (full_cloud(), Disk::of("16k"));
    let dir = TempDir::new().expect("a directory");
    let words = "verify -q --since 2026-11-01 --until 2026-11-02 --ledger ledger.db -o r.csv -o";
    let call = recverify(&cloud).args(words).arg(disk.path().join("r.json")).in_dir(dir.path());
    let ended = call.run();
    let place = disk.path().join("r.json");
    let line =
        format!("error: the report {} could not be written: No space left on device (os error 28)\n", place.display());
    assert_eq!((ended.code, ended.err), (6, line));
    assert!(!place.exists(), "half a report");
    let table = std::fs::read_to_string(dir.path().join("r.csv")).expect("the other report");
    assert_eq!(table.lines().count(), 1 + 2 * usize::try_from(RECORDS).expect("few"));
    let again = recverify(&cloud).args(words).arg("r.json").in_dir(dir.path()).run();
    assert_eq!((again.code, again.err.as_str()), (0, ""), "the ledger has them all");
}
