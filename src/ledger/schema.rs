//! The tables of the ledger, the triggers that make them append-only, and how one version becomes the next.

use std::collections::BTreeSet;

use rusqlite::{Connection, TransactionBehavior};

use super::chain::columns;

/// "recv" in ASCII: marks a SQLite file as one of ours (`PRAGMA application_id`).
pub(super) const APPLICATION_ID: i64 = 0x7265_6376;

/// The version this program writes (`PRAGMA user_version`).
pub(super) const VERSION: i64 = 3;

/// Each step and the version it leads to. A step may add tables, columns, views and indexes and never touches a written
/// row; triggers and views are made anew after the last one.
const STEPS: [(i64, &str); 3] = [(1, TABLES), (2, MONTHS), (VERSION, DISCONTINUITY)];

/// Times are milliseconds since 1970, UTC. JSON columns are compact. Wide columns come last, so that narrow ones are
/// read without following a report over its overflow pages.
const TABLES: &str = "
CREATE TABLE scope (
    id INTEGER PRIMARY KEY,
    endpoint TEXT NOT NULL,
    project TEXT NOT NULL,
    UNIQUE (endpoint, project)
) STRICT;

CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    scope INTEGER NOT NULL REFERENCES scope (id),
    record_id TEXT NOT NULL,
    UNIQUE (scope, record_id)
) STRICT;

CREATE TABLE run (
    seq INTEGER PRIMARY KEY,
    scope INTEGER NOT NULL REFERENCES scope (id),
    run_id TEXT NOT NULL UNIQUE,
    started_at INTEGER NOT NULL,
    selection TEXT NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 32)
) STRICT;
CREATE INDEX run_of_scope ON run (scope, seq);

CREATE TABLE run_end (
    seq INTEGER PRIMARY KEY,
    run INTEGER NOT NULL UNIQUE REFERENCES run (seq),
    finished_at INTEGER NOT NULL,
    exit_code INTEGER NOT NULL,
    listing_complete INTEGER NOT NULL CHECK (listing_complete IN (0, 1)),
    listed_until INTEGER,
    summary TEXT NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 32)
) STRICT;

CREATE TABLE sighting (
    seq INTEGER PRIMARY KEY,
    record INTEGER NOT NULL REFERENCES record (id),
    run INTEGER NOT NULL REFERENCES run (seq),
    seen_at INTEGER NOT NULL,
    readiness TEXT NOT NULL CHECK (readiness IN ('uploaded', 'unknown', 'not_uploaded', 'failed')),
    complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
    declared TEXT NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 32)
) STRICT;
CREATE INDEX sighting_of_record ON sighting (record, seq, seen_at, readiness, complete);

CREATE TABLE verification (
    seq INTEGER PRIMARY KEY,
    record INTEGER NOT NULL REFERENCES record (id),
    run INTEGER NOT NULL REFERENCES run (seq),
    verified_at INTEGER NOT NULL,
    outcome TEXT NOT NULL
        CHECK (outcome IN ('intact', 'undeclared', 'unverified', 'inconsistent', 'missing', 'altered')),
    reason TEXT,
    complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
    report_sha256 BLOB NOT NULL CHECK (length(report_sha256) = 32),
    head BLOB NOT NULL CHECK (length(head) = 32),
    declared TEXT,
    report BLOB NOT NULL
) STRICT;
CREATE INDEX verification_of_record ON verification (record, seq, verified_at, outcome, complete, run, reason);
";

/// What months call for: records found gone once their retention was over, states an operator has answered for, and
/// which records began on a day. The declared time is text in either of the service's forms; both begin with the date.
const MONTHS: &str = "
CREATE TABLE expiry (
    seq INTEGER PRIMARY KEY,
    record INTEGER NOT NULL REFERENCES record (id),
    run INTEGER NOT NULL REFERENCES run (seq),
    found_at INTEGER NOT NULL,
    expired_at INTEGER NOT NULL,
    report_sha256 BLOB NOT NULL CHECK (length(report_sha256) = 32),
    head BLOB NOT NULL CHECK (length(head) = 32),
    report BLOB NOT NULL
) STRICT;
CREATE INDEX expiry_of_record ON expiry (record, seq);

CREATE TABLE acknowledgement (
    seq INTEGER PRIMARY KEY,
    record INTEGER NOT NULL REFERENCES record (id),
    acknowledged_at INTEGER NOT NULL,
    operator TEXT NOT NULL,
    note TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    state TEXT NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 32)
) STRICT;
CREATE INDEX acknowledgement_of_record ON acknowledgement (record, seq, outcome, reason);

CREATE INDEX sighting_began ON sighting (substr(json_extract(declared, '$.start_time'), 1, 10), record);
";

/// What a ledger that does not go on where it ended calls for: the head noted beside it, and the one it was found with.
const DISCONTINUITY: &str = "
CREATE TABLE discontinuity (
    seq INTEGER PRIMARY KEY,
    found_at INTEGER NOT NULL,
    noted_seq INTEGER NOT NULL,
    noted_head BLOB NOT NULL CHECK (length(noted_head) = 32),
    found_seq INTEGER NOT NULL,
    found_head BLOB NOT NULL CHECK (length(found_head) = 32),
    head BLOB NOT NULL CHECK (length(head) = 32)
) STRICT;
";

/// The tables whose rows the chain runs through, in the order they came to be.
pub(super) const EVIDENCE: [&str; 7] =
    ["run", "run_end", "sighting", "verification", "expiry", "acknowledgement", "discontinuity"];

/// Those a ledger of a version has.
pub(super) const fn evidence(version: i64) -> &'static [&'static str] {
    match version {
        ..=1 => EVIDENCE.split_at(4).0,
        2 => EVIDENCE.split_at(6).0,
        _ => &EVIDENCE,
    }
}

/// The number of the last row of evidence, 0 in an empty ledger.
fn last_entry(evidence: &[&str]) -> String {
    let last: Vec<_> = evidence.iter().map(|table| format!("coalesce((SELECT max(seq) FROM {table}), 0)")).collect();
    format!("DROP VIEW IF EXISTS last_entry; CREATE VIEW last_entry (seq) AS SELECT max({});\n", last.join(", "))
}

/// Tables that intern names, each with its key beside `id`.
const NAMES: [(&str, &str); 2] = [
    ("scope", "endpoint = NEW.endpoint AND project = NEW.project"),
    ("record", "scope = NEW.scope AND record_id = NEW.record_id"),
];

/// Keys of evidence beside `seq`, by which `INSERT OR REPLACE` could drop a row.
const OTHER_KEYS: [(&str, &str); 2] = [("run", "run_id = NEW.run_id"), ("run_end", "run = NEW.run")];

/// Triggers that refuse whatever is no plain append, from any program. A replacement by `INSERT OR REPLACE` fires no
/// delete trigger, so an insert has to bring the next free number and no key that is there already.
fn triggers(evidence: &[&str]) -> String {
    let refuse = |table: &str, name: &str, when: &str, condition: &str| {
        format!(
            "DROP TRIGGER IF EXISTS {table}_{name};
             CREATE TRIGGER {table}_{name} BEFORE {when} ON {table} {condition}
             BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: {table}'); END;\n"
        )
    };
    let fixed = evidence
        .iter()
        .copied()
        .chain(NAMES.map(|(table, _)| table))
        .map(|table| refuse(table, "keeps", "DELETE", "") + &refuse(table, "stays", "UPDATE", ""));
    let next = "WHEN NEW.seq IS NOT 1 + (SELECT seq FROM last_entry)";
    let grows = evidence.iter().map(|table| refuse(table, "grows", "INSERT", next));
    let once = OTHER_KEYS.map(|(table, key)| {
        refuse(table, "once", "INSERT", &format!("WHEN EXISTS (SELECT 1 FROM {table} WHERE {key})"))
    });
    let names = NAMES.map(|(table, key)| {
        let next = format!("NEW.id IS NOT 1 + (SELECT coalesce(max(id), 0) FROM {table})");
        refuse(table, "grows", "INSERT", &format!("WHEN {next} OR EXISTS (SELECT 1 FROM {table} WHERE {key})"))
    });
    fixed.chain(grows).chain(once).chain(names).collect()
}

/// Brings a database to the current version, all in one transaction or not at all.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version >= VERSION {
        return Ok(());
    }
    step(&transaction, version, VERSION)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// Takes the tables from one version to another and makes what hangs on them anew.
fn step(connection: &Connection, from: i64, to: i64) -> rusqlite::Result<()> {
    for (_, step) in STEPS.iter().filter(|(leads_to, _)| (from + 1..=to).contains(leads_to)) {
        connection.execute_batch(step)?;
    }
    let evidence = evidence(to);
    connection.execute_batch(&last_entry(evidence))?;
    connection.execute_batch(&triggers(evidence))?;
    connection.execute_batch(&format!(
        "DROP VIEW IF EXISTS chain; CREATE VIEW chain (seq, columns, head) AS {};",
        columns(evidence)
    ))
}

/// A table, index, trigger or view: its kind and name, and what makes it, however it is spaced.
pub(super) type Part = (String, String, String);

/// Everything a ledger of a version is made of.
pub(super) fn expected(version: i64) -> rusqlite::Result<BTreeSet<Part>> {
    let connection = Connection::open_in_memory()?;
    step(&connection, 0, version)?;
    parts(&connection)
}

/// Everything a database is made of, but for what SQLite keeps for itself.
pub(super) fn parts(connection: &Connection) -> rusqlite::Result<BTreeSet<Part>> {
    let mut query = connection.prepare(
        "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    let parts = query.query_map([], |row| {
        let sql: String = row.get(2)?;
        Ok((row.get(0)?, row.get(1)?, sql.split_whitespace().collect::<Vec<_>>().join(" ")))
    })?;
    parts.collect()
}
