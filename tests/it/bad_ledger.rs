//! Files that are no ledger this program can use: refused in one line before any request, and left byte for byte.

use std::path::Path;

use recverify::ledger::Ledger;
use recverify_sandbox::{Recording, Sandbox};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::harness::verify;

/// Runs with what `make` leaves at the ledger's place; `message` comes behind that place.
fn refuses(make: impl FnOnce(&Path), message: &str) {
    let (cloud, dir) = (Sandbox::start(), TempDir::new().expect("a directory"));
    cloud.upload(&Recording::new("a"));
    let path = dir.path().canonicalize().expect("a directory").join("ledger.db");
    make(&path);
    let before = std::fs::read(&path).expect("a file");
    let ended = verify(&cloud, "a --ledger ledger.db").in_dir(dir.path()).run();
    let line = format!("error: {}\n", message.replace("LEDGER", &path.display().to_string()));
    assert_eq!((ended.code, ended.out.as_str(), ended.err), (2, "", line));
    assert!(std::fs::read(&path).expect("a file") == before, "it was written to");
    assert!(cloud.requests().is_empty());
}

#[test]
fn a_file_that_is_no_database() {
    let message = "LEDGER is no SQLite database, so it is no ledger; it was left as it is";
    for text in ["notes", &"record_id\n".repeat(500)] {
        refuses(|path| std::fs::write(path, text).expect("written"), message);
    }
}

#[test]
fn a_database_of_another_program() {
    let make = |path: &Path| {
        let database = Connection::open(path).expect("a database");
        database.execute_batch("CREATE TABLE contact (name TEXT)").expect("made");
    };
    refuses(make, "LEDGER is a database of another program, no ledger; it was left as it is");
}

#[test]
fn a_ledger_of_a_newer_version() {
    let make = |path: &Path| {
        drop(Ledger::open(path).expect("the ledger opens"));
        let database = Connection::open(path).expect("a database");
        database.pragma_update(None, "user_version", 9).expect("set");
    };
    let message =
        "the ledger LEDGER was written by a newer recverify (version 9, this one knows up to 3); use that one";
    refuses(make, message);
}

#[test]
fn a_place_that_is_not_there() {
    let (cloud, dir) = (Sandbox::start(), TempDir::new().expect("a directory"));
    let ended = verify(&cloud, "a --ledger none/ledger.db").in_dir(dir.path()).run();
    let line = "error: the ledger none/ledger.db cannot be opened: No such file or directory (os error 2)\n";
    assert_eq!((ended.code, ended.err.as_str()), (2, line));
    assert!(cloud.requests().is_empty());
}
