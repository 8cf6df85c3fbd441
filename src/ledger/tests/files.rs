//! The file: made whole, private, durable, held by one run at a time, read by anybody meanwhile.

use super::*;

#[test]
fn a_new_ledger_is_empty_private_and_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    std::fs::write(place.path(), "").expect("an empty file may become a ledger");
    drop(place.open());
    assert_eq!(place.files(), ["ledger.db", "ledger.db.lock"]);
    let mode = std::fs::metadata(place.path()).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let reader = place.read();
    assert_eq!(reader.head().expect("read"), Head { seq: 0, digest: chain::BEGINNING });
    assert_eq!(reader.status(&scope("p")).expect("read").records, 0);
    assert_eq!(reader.standing(&scope("p"), &id("a")).expect("read"), None);
}

#[test]
fn what_an_interrupted_creation_left_is_in_nobodys_way() {
    let place = Place::new();
    std::fs::write(place.path().with_extension("db.new"), "half").expect("written");
    std::fs::write(place.path().with_extension("db.new-journal"), "half").expect("written");
    drop(place.open());
    assert_eq!(place.files(), ["ledger.db", "ledger.db.lock"]);
}

#[test]
fn every_commit_is_flushed_to_a_log_of_a_marked_file() {
    let place = Place::new();
    let ledger = place.open();
    let pragma = |name| {
        let value = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
        ledger.reader().connection.pragma_query_value(None, name, value).expect(name)
    };
    assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
    assert_eq!(pragma("synchronous"), 2.into());
    assert_eq!(pragma("user_version"), schema::VERSION.into());
    assert_eq!(pragma("application_id"), schema::APPLICATION_ID.into());
}

#[test]
fn a_second_run_is_refused_also_under_another_name_and_readers_never_are() {
    let place = Place::new();
    let mut first = place.open();
    let run = begin(&mut first, "p", day(0));
    let link = place.path().with_extension("link");
    std::os::unix::fs::symlink(place.path(), &link).expect("linked");
    for path in [place.path(), link] {
        assert!(matches!(Ledger::open(&path), Err(LedgerError::Held(_))));
    }
    let reader = place.read();
    first.verified(&run, &report("a", Outcome::Intact), day(0)).expect("entered");
    assert_eq!(reader.status(&scope("p")).expect("read").outcomes, [(Outcome::Intact, 1)].into());
    drop(first);
    assert_eq!(place.open().reader().head().expect("read").seq, 2);
}

#[test]
fn a_ledger_that_cannot_grow_says_so_and_keeps_what_it_has() {
    let place = Place::new();
    let mut ledger = place.open();
    let run = begin(&mut ledger, "p", day(0));
    let pages: i64 =
        ledger.reader().connection.pragma_query_value(None, "page_count", |row| row.get(0)).expect("a number");
    ledger.reader().connection.pragma_update(None, "max_page_count", pages).expect("set");
    let mut wide = report("a", Outcome::Intact);
    wide.answer = Some(crate::evidence::Answer::new(vec![b'x'; 100_000]));
    let told = ledger.verified(&run, &wide, day(0)).expect_err("no room");
    assert!(matches!(told, LedgerError::Full(_)), "{told}");
    assert_eq!(ledger.reader().head().expect("read").seq, 1);
    ledger.reader().connection.pragma_update(None, "max_page_count", 1_000_000).expect("set");
    ledger.verified(&run, &wide, day(0)).expect("there is room again");
    assert_eq!(ledger.reader().first_break().expect("walked"), None);
}

#[test]
fn a_reader_writes_nothing() {
    let place = Place::new();
    one_of_each(&place);
    let before = std::fs::read(place.path()).expect("a file");
    let reader = place.read();
    let told = reader.connection.execute("INSERT INTO scope VALUES (9, 'a', 'b')", []).expect_err("read-only");
    assert!(matches!(LedgerError::from(told), LedgerError::ReadOnly(_)));
    drop(reader);
    assert!(std::fs::read(place.path()).expect("a file") == before);
}

#[test]
fn a_report_is_kept_byte_for_byte_and_exported_as_it_is() {
    let place = Place::new();
    one_of_each(&place);
    let reader = place.read();
    let kept = reader.report(5).expect("read").expect("a verification");
    let canonical = crate::report::canonical_json(&report("b", Outcome::Unverified)).expect("written");
    assert_eq!(String::from_utf8(kept).expect("UTF-8"), canonical);
    assert_eq!(reader.report(2).expect("read"), None);

    let mut lines = Vec::new();
    jsonl(&reader, &[scope("p")], &mut lines).expect("exported");
    let lines = String::from_utf8(lines).expect("UTF-8");
    let last = lines.lines().nth(1).expect("two lines");
    assert!(last.contains(&format!(",\"report\":{canonical}}}")), "{last}");
    let line: serde_json::Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(line["report_sha256"], Sha256Digest::of(canonical.as_bytes()).to_string());
    assert_eq!(line["declared"]["video_filename"], "b.mp4");

    let mut none = Vec::new();
    jsonl(&reader, &[scope("other")], &mut none).expect("exported");
    assert_eq!(none, b"");
    let mut table = Vec::new();
    csv(&reader, &reader.scopes().expect("read"), &mut table).expect("exported");
    let table = String::from_utf8(table).expect("UTF-8");
    assert!(table.starts_with('\u{feff}') && table.lines().count() == 3, "{table}");
    let columns: Vec<_> = table.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(columns, [19; 3]);
}

#[test]
fn a_file_whose_log_was_not_carried_over_is_whole_with_it() {
    let place = Place::new();
    let mut ledger = place.open();
    let run = begin(&mut ledger, "p", day(0));
    for n in 0..50 {
        ledger.verified(&run, &report(&format!("{n}"), Outcome::Intact), day(0)).expect("entered");
    }
    // What a kill in the middle of a checkpoint leaves: the first page is the new one, and later ones are not there.
    let killed = Place::new();
    for suffix in ["", "-wal"] {
        std::fs::copy(file::beside(&place.path(), suffix), file::beside(&killed.path(), suffix)).expect("copied");
    }
    let pages: i64 =
        ledger.reader().connection.pragma_query_value(None, "page_count", |row| row.get(0)).expect("a number");
    let mut main = std::fs::read(killed.path()).expect("read");
    main[28..32].copy_from_slice(&u32::try_from(pages).expect("few").to_be_bytes());
    let change_counter = main[24..28].to_vec();
    main[92..96].copy_from_slice(&change_counter);
    std::fs::write(killed.path(), main).expect("written");
    assert_eq!(killed.read().status(&scope("p")).expect("read").records, 50);
    let reopened = killed.open();
    assert_eq!(reopened.reader().first_break().expect("walked"), None);
    assert_eq!(reopened.reader().head().expect("read").seq, 51);
}
