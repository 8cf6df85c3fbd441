//! Tamperings with a ledger through SQLite, its triggers dropped, by seed; `ledger verify` finds every one.
//!
//! `RECVERIFY_TAMPERINGS` says how many; `--nocapture` shows the count of each kind.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fastrand::Rng;
use jiff::Timestamp;
use recverify::evidence::{RecordReport, SizeReport};
use recverify::fixity::{Outcome, SizeRule};
use recverify::ledger::{Ledger, Scope};
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::Value;

use crate::chain::Watched;
use crate::harness::bare;

const TABLES: [&str; 7] = ["run", "run_end", "sighting", "verification", "expiry", "acknowledgement", "discontinuity"];

/// What is done to a ledger; of some the row that has to be named is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Edit,
    Rename,
    Delete,
    Swap,
    Insert,
    Truncate,
    /// An edit of a row after which all heads are made anew, as this program would: only a report can tell.
    Forge,
}

const KINDS: [Kind; 7] =
    [Kind::Edit, Kind::Rename, Kind::Delete, Kind::Swap, Kind::Insert, Kind::Truncate, Kind::Forge];

/// A ledger with rows of every kind, signed.json being of its last run.
fn ledger() -> Watched {
    let watched = Watched::new();
    let place = |name: &str| watched.path().join(name);
    watched.run("one.json");
    assert_eq!(watched.ledger("ack bad --note known --operator ada").code, 0);
    assert_eq!(watched.ledger("backup copy.db").code, 0);
    let listed = |words: &str| {
        let words = format!("verify --since 1d --ledger l.db --sign-key key {words}");
        crate::harness::recverify(&watched.cloud).args(&words).in_dir(watched.path()).run()
    };
    listed("-q");
    fs::rename(place("copy.db"), place("l.db")).unwrap();
    for id in ["new", "newer", "newest"] {
        watched.cloud.upload(&recverify_sandbox::Recording::new(id));
    }
    listed("-q");
    expire(&place("l.db"));
    let ended = listed("-q -o signed.json");
    assert!(place("signed.json").exists(), "{ended:?}");
    watched
}

/// A row that takes a retention that is over.
fn expire(path: &Path) {
    let mut ledger = Ledger::open(path).unwrap();
    let scope = Scope { endpoint: "https://workspace.example".to_owned(), project: "other".to_owned() };
    let run = ledger.begin_run("by hand", &scope, Timestamp::UNIX_EPOCH, &()).unwrap();
    let report = RecordReport {
        record_id: "over".parse().unwrap(),
        outcome: Outcome::Missing,
        reason: None,
        warnings: Vec::new(),
        declared_size: SizeReport { bytes: None, rule: SizeRule::Auto, fits: None },
        record: None,
        answer: None,
        calls: Vec::new(),
        history: None,
        acknowledged: None,
        objects: Vec::new(),
    };
    ledger.verified(&run, &report, Timestamp::UNIX_EPOCH).unwrap();
    ledger.expired(&run, &report, Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH).unwrap();
}

/// A database in which everything is allowed.
fn unguarded(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    let triggers: Vec<String> = texts(&connection, "SELECT name FROM sqlite_schema WHERE type = 'trigger'");
    for name in triggers {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    connection.execute_batch("PRAGMA foreign_keys = off; PRAGMA ignore_check_constraints = on").unwrap();
    connection
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut query = connection.prepare(sql).unwrap();
    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A row of a table, both by chance.
fn any_row(connection: &Connection, rng: &mut Rng, tables: &[&'static str]) -> (&'static str, i64) {
    loop {
        let table = tables[rng.usize(..tables.len())];
        let count = number(connection, &format!("SELECT count(*) FROM {table}"));
        if count > 0 {
            let sql = format!("SELECT rowid FROM {table} ORDER BY 1 LIMIT 1 OFFSET {}", rng.i64(0..count));
            return (table, number(connection, &sql));
        }
    }
}

/// Changes one value of a row, whatever it is, into another one of its type.
fn edit(connection: &Connection, rng: &mut Rng, table: &str, row: i64) -> bool {
    let columns = texts(connection, &format!("SELECT name FROM pragma_table_info('{table}')"));
    let column = &columns[rng.usize(..columns.len())];
    let value = connection
        .query_row(&format!("SELECT {column} FROM {table} WHERE rowid = ?1"), [row], |row| row.get::<_, Cell>(0))
        .unwrap();
    let other = match value {
        Cell::Integer(number) => Cell::Integer(number + 1 + rng.i64(0..1000)),
        // Still JSON where it was, or the index on it refuses.
        Cell::Text(text) => Cell::Text(text + " "),
        Cell::Blob(mut bytes) => {
            let at = rng.usize(..bytes.len());
            bytes[at] ^= 1 << rng.u8(..8);
            Cell::Blob(bytes)
        }
        Cell::Null | Cell::Real(_) => {
            let kind = connection
                .query_row("SELECT type FROM pragma_table_info(?1) WHERE name = ?2", [table, column], |row| {
                    row.get::<_, String>(0)
                })
                .unwrap();
            if kind == "INTEGER" { Cell::Integer(1) } else { Cell::Text("{}".to_owned()) }
        }
    };
    let changed = connection.execute(&format!("UPDATE {table} SET {column} = ?1 WHERE rowid = ?2"), (other, row));
    changed.is_ok_and(|rows| rows == 1)
}

/// Tampers with a ledger; the row that has to be named, where that is sure.
fn tamper(kind: Kind, connection: &Connection, rng: &mut Rng) -> Option<i64> {
    let last = number(connection, "SELECT seq FROM last_entry");
    match kind {
        Kind::Edit => loop {
            let (table, row) = any_row(connection, rng, &TABLES);
            if edit(connection, rng, table, row) {
                return Some(row);
            }
        },
        Kind::Rename => {
            let (table, row) = any_row(connection, rng, &["record", "scope"]);
            while !edit(connection, rng, table, row) {}
            None
        }
        Kind::Delete => {
            let (table, row) = any_row(connection, rng, &TABLES);
            connection.execute(&format!("DELETE FROM {table} WHERE seq = ?1"), [row]).unwrap();
            (row < last).then_some(row)
        }
        Kind::Swap => loop {
            let ((table, a), (other, b)) = (any_row(connection, rng, &TABLES), any_row(connection, rng, &TABLES));
            if a != b {
                let sql = format!(
                    "UPDATE {table} SET seq = -1 WHERE seq = {a}; UPDATE {other} SET seq = {a} WHERE seq = {b};
                     UPDATE {table} SET seq = {b} WHERE seq = -1"
                );
                connection.execute_batch(&sql).unwrap();
                return Some(a.min(b));
            }
        },
        Kind::Insert => {
            let (table, row) = any_row(connection, rng, &["sighting", "verification", "expiry", "acknowledgement"]);
            let at = rng.i64(1..=last + 1);
            // Make room for it, in every table.
            for table in TABLES {
                let moved = format!(
                    "UPDATE {table} SET seq = -seq - 1 WHERE seq >= {at}; UPDATE {table} SET seq = -seq WHERE seq < 0"
                );
                connection.execute_batch(&moved).unwrap();
            }
            for table in ["run_end", "sighting", "verification", "expiry"] {
                connection.execute(&format!("UPDATE {table} SET run = run + 1 WHERE run >= ?1"), [at]).unwrap();
            }
            let row = if row >= at { row + 1 } else { row };
            let rest = texts(connection, &format!("SELECT name FROM pragma_table_info('{table}') WHERE name <> 'seq'"));
            let rest = rest.join(", ");
            let copy = format!("INSERT INTO {table} (seq, {rest}) SELECT {at}, {rest} FROM {table} WHERE seq = {row}");
            assert_eq!(connection.execute(&copy, []), Ok(1));
            // A copy of the very row that stood there is that row; it is the next one that is not.
            Some(if row == at + 1 { at + 1 } else { at })
        }
        Kind::Truncate => {
            let from = rng.i64(1..=last);
            for table in TABLES {
                connection.execute(&format!("DELETE FROM {table} WHERE seq >= ?1"), [from]).unwrap();
            }
            None
        }
        Kind::Forge => {
            let head = "SELECT hex(head) FROM chain ORDER BY seq DESC LIMIT 1";
            let before = texts(connection, head);
            // A head or a report alone is nothing the other heads could be made to fit.
            while texts(connection, head) == before {
                tamper(Kind::Edit, connection, rng);
                make_heads_anew(connection);
            }
            None
        }
    }
}

/// Makes the heads of all rows anew, as this program would.
fn make_heads_anew(connection: &Connection) {
    let mut head = vec![0; 32];
    for columns in texts(connection, "SELECT columns FROM chain ORDER BY seq") {
        let row = hex::decode(crate::check::sha256(columns.as_bytes())).unwrap();
        head = hex::decode(crate::check::sha256(&[head, row].concat())).unwrap();
        let parsed: Value = serde_json::from_str(&columns).unwrap();
        let (table, seq) = (parsed[0].as_str().unwrap(), parsed[1].as_i64().unwrap());
        connection.execute(&format!("UPDATE {table} SET head = ?1 WHERE seq = ?2"), (&head, seq)).unwrap();
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "the figures are what it is run for")]
fn every_tampering_is_found_and_the_first_row_is_named() {
    let number = std::env::var("RECVERIFY_TAMPERINGS").map_or(42, |number| number.parse().expect("a number"));
    let original = ledger();
    let verify = |dir: &Path, words: &str| {
        let ended = bare().args("ledger verify --format json --ledger l.db").args(words).in_dir(dir).run();
        let told: Value = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
        assert_eq!(told["holds"], Value::from(ended.code == 0), "{told:#}");
        told
    };
    let report = "--report signed.json";
    let whole = verify(original.path(), report);
    assert_eq!(whole["holds"], true, "{whole:#}");
    let (mut found, mut named) = (BTreeMap::new(), 0);
    for seed in 0..number {
        let mut rng = Rng::with_seed(seed);
        let kind = KINDS[usize::try_from(seed).unwrap() % KINDS.len()];
        let dir = tempfile::tempdir().unwrap();
        for name in ["l.db", "l.db.head", "signed.json", "signed.json.sig"] {
            fs::copy(original.path().join(name), dir.path().join(name)).unwrap();
        }
        let connection = unguarded(&dir.path().join("l.db"));
        let row = tamper(kind, &connection, &mut rng);
        drop(connection);
        // Whoever tampers may remove the head beside it; a report is out of reach.
        let against = if rng.bool() || kind == Kind::Forge {
            fs::remove_file(dir.path().join("l.db.head")).unwrap();
            report
        } else {
            ""
        };
        let told = verify(dir.path(), against);
        assert_eq!(told["holds"], false, "{kind:?} of seed {seed}: {told:#}");
        if let Some(row) = row {
            assert_eq!(told["first_break"]["seq"], row, "{kind:?} of seed {seed}: {told:#}");
            named += 1;
        }
        *found.entry(kind).or_insert(0) += 1;
    }
    eprintln!("{number} tamperings, all found: {found:?}; of {named} the first row had to be named, and was");
}
