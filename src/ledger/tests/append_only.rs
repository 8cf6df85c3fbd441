//! The database itself refuses whatever is no append, and the chain tells what got past it.

use std::process::Command;

use rusqlite::Connection;

use super::*;

const TABLES: [&str; 6] = ["scope", "record", "run", "run_end", "sighting", "verification"];

/// Statements that would change or drop the first row of a table.
fn attacks(connection: &Connection, table: &str) -> Vec<String> {
    let mut columns = connection.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).expect("a table");
    let columns: Vec<String> =
        columns.query_map([], |row| row.get(0)).expect("columns").map(|c| c.expect("a")).collect();
    let key = &columns[0];
    let rest = columns[1..].join(", ");
    let copy = |key: &str| format!("{key}, {rest} FROM {table} ORDER BY 1 LIMIT 1");
    let mut attacks = vec![
        format!("UPDATE {table} SET {key} = {key} + 1000"),
        format!("UPDATE OR REPLACE {table} SET {} = {}", columns[1], columns[1]),
        format!("DELETE FROM {table}"),
        format!("INSERT OR REPLACE INTO {table} SELECT {}", copy(key)),
        format!("REPLACE INTO {table} SELECT {}", copy(key)),
        format!("INSERT OR IGNORE INTO {table} SELECT {}", copy(key)),
        format!("INSERT INTO {table} SELECT {}", copy("1000000")),
        format!("INSERT INTO {table} SELECT {}", copy("-1")),
        format!("INSERT INTO {table} SELECT {}", copy("NULL")),
        format!(
            "INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT ({key}) DO UPDATE SET {key} = excluded.{key}"
        ),
    ];
    if ["scope", "record", "run", "run_end"].contains(&table) {
        // The next free number, and a key that is taken.
        let next = if ["scope", "record"].contains(&table) {
            format!("(SELECT max(id) + 1 FROM {table})")
        } else {
            "(SELECT seq + 1 FROM last_entry)".to_owned()
        };
        attacks.push(format!("INSERT OR REPLACE INTO {table} SELECT {}", copy(&next)));
    }
    attacks
}

#[test]
fn update_delete_and_replace_are_refused_on_every_table() {
    let place = Place::new();
    one_of_each(&place);
    let connection = Connection::open(place.path()).expect("a database");
    for table in TABLES {
        for sql in attacks(&connection, table) {
            let refused = connection.execute_batch(&sql).expect_err(&sql).to_string();
            assert!(refused.contains("the ledger is append-only"), "{sql}: {refused}");
        }
    }
    assert_eq!(place.read().first_break().expect("walked"), None);
}

#[test]
fn the_plain_shell_is_refused_too() {
    let place = Place::new();
    one_of_each(&place);
    let connection = Connection::open(place.path()).expect("a database");
    for sql in TABLES.iter().flat_map(|table| attacks(&connection, table)) {
        let Ok(shell) = Command::new("sqlite3").arg(place.path()).arg(&sql).output() else { return };
        let said = String::from_utf8(shell.stderr).expect("UTF-8");
        assert!(!shell.status.success() && said.contains("the ledger is append-only"), "{sql}: {said}");
    }
}

#[test]
fn the_shells_own_json_and_sha256_give_the_row_digests() {
    let place = Place::new();
    one_of_each(&place);
    let Ok(shell) = Command::new("sqlite3").arg(place.path()).arg("SELECT columns FROM chain ORDER BY seq").output()
    else {
        return;
    };
    let text = String::from_utf8(shell.stdout).expect("UTF-8");
    let head = text
        .lines()
        .fold(Head { seq: 0, digest: chain::BEGINNING }, |head, line| head.next(&Sha256Digest::of(line.as_bytes())));
    assert_eq!(head, place.read().head().expect("read"));
}

fn triggers(connection: &Connection) -> Vec<String> {
    let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").expect("a table");
    let names = names.query_map([], |row| row.get(0)).expect("rows");
    names.map(|name| name.expect("a name")).collect()
}

#[test]
fn a_row_changed_behind_the_triggers_is_named() {
    let place = Place::new();
    let changes = [
        (1, "UPDATE run SET selection = '{}'"),
        (1, "UPDATE run SET started_at = started_at + 1"),
        (2, "UPDATE sighting SET readiness = 'failed' WHERE seq = 2"),
        (2, "UPDATE record SET record_id = 'z' WHERE id = 1"),
        (1, "UPDATE scope SET project = 'other'"),
        (3, "UPDATE sighting SET declared = '{}' WHERE seq = 3"),
        (4, "UPDATE verification SET outcome = 'altered' WHERE seq = 4"),
        (5, "UPDATE verification SET reason = NULL WHERE seq = 5"),
        (5, "UPDATE verification SET report = zeroblob(length(report)) WHERE seq = 5"),
        (4, "UPDATE verification SET head = zeroblob(32) WHERE seq = 4"),
        (4, "DELETE FROM verification WHERE seq = 4"),
        (
            4,
            "UPDATE verification SET seq = -4 WHERE seq = 4; UPDATE verification SET seq = 4 WHERE seq = 5; UPDATE verification SET seq = 5 WHERE seq = -4",
        ),
        (6, "UPDATE run_end SET exit_code = 0"),
        (6, "UPDATE run_end SET listed_until = NULL"),
    ];
    one_of_each(&place);
    for (seq, sql) in changes {
        let place_of_one = Place::new();
        std::fs::copy(place.path(), place_of_one.path()).expect("copied");
        let connection = Connection::open(place_of_one.path()).expect("a database");
        for name in triggers(&connection) {
            connection.execute_batch(&format!("DROP TRIGGER {name}")).expect("dropped");
        }
        connection.execute_batch(&format!("PRAGMA foreign_keys = off; {sql}")).expect(sql);
        drop(connection);
        let found = place_of_one.read().first_break().expect("walked").map(|found| found.seq);
        assert_eq!(found, Some(seq), "{sql}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_the_strings_the_chain_is_what_sqlite_makes_of_the_rows(text in proptest::prelude::any::<String>(), word in "[^/\\p{C}]{1,20}") {
        let place = Place::new();
        let mut ledger = place.open();
        let scope = Scope { endpoint: word.clone(), project: "p".to_owned() };
        let run = ledger.begin_run(&word, &scope, day(0), &text).expect("a run begins");
        let mut odd = Record { id: None, status: Some(text.clone()), username: Some(text.clone()), ..record("x") };
        let record_id = id(&format!("x{word}"));
        ledger.seen(&run, [(&record_id, &odd)], day(0)).expect("entered");
        odd.id = Some(format!("x{word}"));
        ledger.verified(&run, &report_of(odd, Outcome::Altered), day(1)).expect("entered");
        proptest::prop_assert_eq!(ledger.reader().first_break().expect("walked"), None);
        proptest::prop_assert_eq!(ledger.reader().head().expect("read").seq, 3);
    }
}
