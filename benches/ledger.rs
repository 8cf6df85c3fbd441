//! Planning a night on a ledger of a million verifications: 33,000 records, all of them due, 500 new ones listed, budget
//! for 1,000. The numbers to hold: 2 s and 150 MiB.
//!
//! `cargo bench --bench ledger`; the ledger, some 3 GB, is built in a temporary directory (`TMPDIR`). Rows are entered
//! by plain SQL in few transactions, with reports of a usual length and without a chain: planning reads neither.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use recverify::ledger::{Ledger, Plan, Reader, Scope, Why};
use recverify::record::{Record, RecordId};
use rusqlite::{Connection, params};

const RECORDS: i64 = 33_000;
const ROUNDS: i64 = 31;
const LISTED: i64 = 500;
const BUDGET: usize = 1_000;
/// A report of two objects with an answer of the API has about that many bytes.
const REPORT: usize = 2_500;

fn main() -> Result<(), Box<dyn Error>> {
    // Measured in a process of its own, so that building the ledger does not count.
    if let Some(path) = std::env::var_os("RECVERIFY_BENCH_LEDGER") {
        return plan(Path::new(&path));
    }
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("ledger.db");
    let began = Instant::now();
    let rows = build(&path)?;
    let size = std::fs::metadata(&path)?.len() / 1_000_000;
    writeln!(io::stdout(), "{rows} verifications, {size} MB, built in {:.0} s", began.elapsed().as_secs_f64())?;
    let measured = Command::new(std::env::current_exe()?).env("RECVERIFY_BENCH_LEDGER", &path).status()?;
    if measured.success() { Ok(()) } else { Err("the measured process failed".into()) }
}

fn scope() -> Scope {
    Scope { endpoint: "https://workspace.example".to_owned(), project: "0123456789abcdef".to_owned() }
}

fn night(n: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * (20_000 + n))
}

fn id(n: i64) -> Result<RecordId, Box<dyn Error>> {
    Ok(format!("{n:08x}-9f0c-4d0e-8f31-b7f0edc7a082").parse()?)
}

fn build(path: &Path) -> Result<i64, Box<dyn Error>> {
    let run = Ledger::open(path)?.begin_run("the only run so far", &scope(), night(0), &())?;
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "off")?;
    // The trigger that looks for the last row would look 33,000 times a transaction; all rows come in order.
    connection
        .execute_batch("DROP TRIGGER verification_grows; DROP TRIGGER record_grows; DROP TRIGGER sighting_grows")?;
    let report = vec![b'x'; REPORT];
    let declared = |n: i64| format!("{{\"video_file_sha256\":\"{n:064x}\",\"event_file_sha256\":\"{n:064x}\"}}");
    let mut seq = run.seq();
    // A record that is listed is first seen, then verified.
    let transaction = connection.transaction()?;
    for n in 1..=RECORDS {
        seq += 1;
        transaction.prepare_cached("INSERT INTO record VALUES (?1, 1, ?2)")?.execute(params![n, id(n)?.as_str()])?;
        transaction
            .prepare_cached("INSERT INTO sighting VALUES (?1, ?2, ?3, ?4, 'uploaded', 1, ?5, zeroblob(32))")?
            .execute(params![seq, n, run.seq(), night(0).as_millisecond(), declared(n)])?;
    }
    transaction.commit()?;
    for round in 0..ROUNDS {
        let transaction = connection.transaction()?;
        for n in 1..=RECORDS {
            seq += 1;
            transaction
                .prepare_cached(
                    "INSERT INTO verification (seq, record, run, verified_at, outcome, reason, complete, report_sha256,
                     head, declared, report) VALUES (?1, ?2, ?3, ?4, 'intact', NULL, 1, zeroblob(32), zeroblob(32), ?5, ?6)",
                )?
                .execute(params![seq, n, run.seq(), night(round).as_millisecond() + n, declared(n), report])?;
        }
        transaction.commit()?;
    }
    Ok(RECORDS * ROUNDS)
}

fn plan(path: &Path) -> Result<(), Box<dyn Error>> {
    let told =
        |what: &str, began: Instant| writeln!(io::stdout(), "{what:<52} {:>7.3} s", began.elapsed().as_secs_f64());
    let tonight = night(ROUNDS + 30);
    let all = Instant::now();
    let mut ledger = Ledger::open(path)?;
    let run = ledger.begin_run("tonight", &scope(), tonight, &())?;
    told("opened, run entered", all)?;

    let began = Instant::now();
    let due_before = tonight - SignedDuration::from_hours(24 * 7);
    let mut new = 0;
    let listed: Vec<_> = (RECORDS - 4_500..RECORDS + LISTED).map(|n| id(n + 1)).collect::<Result<_, _>>()?;
    for page in listed.chunks(100) {
        let standings = ledger.reader().standings(&scope(), page)?;
        let why = standings.into_iter().map(|known| known.map_or(Some(Why::New), |standing| standing.why(due_before)));
        new += why.filter(|why| *why == Some(Why::New)).count();
    }
    told(&format!("{} records listed, {new} of them new", listed.len()), began)?;

    let began = Instant::now();
    let record = Record { status: Some("UPLOAD_COMPLETED".to_owned()), ..Record::default() };
    for page in listed.chunks(100) {
        ledger.seen(&run, page.iter().map(|id| (id, &record)), tonight)?;
    }
    told("their sightings entered, page by page", began)?;

    let began = Instant::now();
    let mut plan = Plan::new(scope(), run.seq(), due_before);
    let mut planned = 0;
    while planned < BUDGET - new {
        planned += plan.next_page(ledger.reader())?.len();
    }
    told(&format!("{planned} due records planned, oldest first"), began)?;

    let began = Instant::now();
    let left = plan.backlog(ledger.reader())?;
    told(&format!("{} left counted", left.total()), began)?;
    told("planning, all of it", all)?;

    let began = Instant::now();
    let status = Reader::open(path)?.status(&scope())?;
    told(&format!("status of {} records", status.records), began)?;
    let memory = std::fs::read_to_string("/proc/self/status")?;
    let peak = memory.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?.trim();
    let peak = peak.trim_end_matches(" kB").parse::<f64>()? / 1024.0;
    writeln!(io::stdout(), "{:<52} {peak:>7.1} MiB", "peak memory")?;
    Ok(())
}
