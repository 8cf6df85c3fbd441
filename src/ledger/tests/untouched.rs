//! What is no ledger of ours is refused in one line and left as it was, byte for byte.

use rusqlite::Connection;

use super::*;

fn refused_untouched(place: &Place, expected: fn(&LedgerError) -> bool) {
    let before = std::fs::read(place.path()).expect("a file");
    for told in [Ledger::open(&place.path()).map(drop), Reader::open(&place.path()).map(drop)] {
        let told = told.expect_err("it is no ledger");
        assert!(expected(&told) && !told.to_string().contains('\n'), "{told:?}");
    }
    assert!(std::fs::read(place.path()).expect("a file") == before, "the file was touched");
    let files = place.files();
    assert!(
        files.iter().all(|name| ["ledger.db", "ledger.db.head", "ledger.db.lock"].contains(&name.as_str())),
        "{files:?}"
    );
}

#[test]
fn a_file_that_is_no_database() {
    let place = Place::new();
    for content in ["x", "record_id,outcome\n", &"not a database\n".repeat(1000)] {
        std::fs::write(place.path(), content).expect("written");
        refused_untouched(&place, |told| matches!(told, LedgerError::NotADatabase(_)));
    }
}

#[test]
fn a_database_of_another_program() {
    for mode in ["delete", "wal"] {
        let place = Place::new();
        let other = Connection::open(place.path()).expect("a database");
        other
            .execute_batch(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE t (a); INSERT INTO t VALUES (1)"))
            .expect("made");
        drop(other);
        refused_untouched(&place, |told| matches!(told, LedgerError::Foreign(_)));
    }
}

#[test]
fn a_ledger_of_a_newer_version() {
    let place = Place::new();
    one_of_each(&place);
    let newer = Connection::open(place.path()).expect("a database");
    newer.pragma_update(None, "user_version", schema::VERSION + 1).expect("set");
    drop(newer);
    refused_untouched(&place, |told| matches!(told, LedgerError::Newer { found, known, .. } if *found == known + 1));
}

#[test]
fn a_directory_and_a_path_that_leads_nowhere() {
    let place = Place::new();
    std::fs::create_dir(place.path()).expect("made");
    assert!(Ledger::open(&place.path()).is_err());
    let nowhere = place.path().join("none/ledger");
    let told = Ledger::open(&nowhere).expect_err("no directory").to_string();
    assert!(told.contains("cannot be opened") && told.contains("none/ledger"), "{told}");
    assert!(matches!(Reader::open(&nowhere), Err(LedgerError::Absent(_))));
}
