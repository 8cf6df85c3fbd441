//! The tables of the ledger, the triggers that make them append-only, and how one version becomes the next.

use rusqlite::{Connection, TransactionBehavior};

/// "recv" in ASCII: marks a SQLite file as one of ours (`PRAGMA application_id`).
pub(super) const APPLICATION_ID: i64 = 0x7265_6376;

/// The version this program writes (`PRAGMA user_version`).
pub(super) const VERSION: i64 = 2;

/// Each step and the version it leads to. A step may add tables, columns, views and indexes and never touches a written
/// row; triggers and views are made anew after the last one.
const STEPS: [(i64, &str); 2] = [(1, TABLES), (VERSION, MONTHS)];

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

/// The tables whose rows the chain runs through.
pub(super) const EVIDENCE: [&str; 6] = ["run", "run_end", "sighting", "verification", "expiry", "acknowledgement"];

/// The number of the last row of evidence, 0 in an empty ledger.
fn last_entry() -> String {
    let last = EVIDENCE.map(|table| format!("coalesce((SELECT max(seq) FROM {table}), 0)"));
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
fn triggers() -> String {
    let refuse = |table: &str, name: &str, when: &str, condition: &str| {
        format!(
            "DROP TRIGGER IF EXISTS {table}_{name};
             CREATE TRIGGER {table}_{name} BEFORE {when} ON {table} {condition}
             BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: {table}'); END;\n"
        )
    };
    let fixed = EVIDENCE
        .into_iter()
        .chain(NAMES.map(|(table, _)| table))
        .map(|table| refuse(table, "keeps", "DELETE", "") + &refuse(table, "stays", "UPDATE", ""));
    let grows =
        EVIDENCE.map(|table| refuse(table, "grows", "INSERT", "WHEN NEW.seq IS NOT 1 + (SELECT seq FROM last_entry)"));
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
    for (_, step) in STEPS.iter().filter(|(leads_to, _)| *leads_to > version) {
        transaction.execute_batch(step)?;
    }
    transaction.execute_batch(&last_entry())?;
    transaction.execute_batch(&triggers())?;
    transaction.execute_batch(&format!(
        "DROP VIEW IF EXISTS chain; CREATE VIEW chain (seq, columns, head) AS {};",
        super::chain::COLUMNS
    ))?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}
