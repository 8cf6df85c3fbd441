//! Listing 20,000 records in pages of 100 while records arrive at the end and expire at the front: each comes once, none
//! is lost, and peak memory stays small.
//!
//! `cargo bench --bench listing`; needs GNU time (Debian package `time`).

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{self, Write as _};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use jiff::{SignedDuration, Timestamp};
use recverify_sandbox::{Recording, Sandbox};
use serde_json::Value;

const RECORDS: u32 = 20_000;
/// With every tenth page so many records expire, and as many arrive.
const TURNOVER: u32 = 50;
/// 2026-11-01, when the first one began.
const MIDNIGHT: Timestamp = Timestamp::constant(1_793_491_200, 0);
const TARGET_MIB: f64 = 64.0;

fn main() -> Result<(), Box<dyn Error>> {
    let window = "--since 2026-11-01 --until 2026-11-30";
    writeln!(io::stdout(), "{:<28}  {:>12}  {:>8}  {:>8}", "20,000 records", "peak memory", "wall", "pages")?;
    let listed = measure("list", &format!("list --format jsonl {window}"))?;
    is_each_once(&listed.stdout)?;
    let dir = tempfile::tempdir()?;
    let ledger = dir.path().join("ledger.db");
    let words = format!("verify --format jsonl --max-bytes 1B {window} --ledger {}", ledger.display());
    let left = measure("verify, all but one left", &words)?;
    let summary = String::from_utf8(left.stdout)?;
    let summary: Value = serde_json::from_str(summary.lines().last().ok_or("no summary")?)?;
    let selected = summary["summary"]["selected"].as_u64().ok_or("no count")?;
    if selected < u64::from(RECORDS) {
        return Err(format!("only {selected} records were selected").into());
    }
    Ok(())
}

/// Uploads a recording that began so many times 90 seconds after the first.
fn upload(cloud: &Sandbox, n: u32) {
    let start_time = Some(MIDNIGHT + SignedDuration::from_secs(90 * i64::from(n)));
    cloud.upload(&Recording { start_time, ..Recording::new(&id(n)) });
}

fn id(n: u32) -> String {
    format!("record-{n:05}")
}

/// Runs the program against a cloud that does not stand still.
fn measure(what: &str, words: &str) -> Result<Output, Box<dyn Error>> {
    let cloud = Sandbox::start();
    (0..RECORDS).for_each(|n| upload(&cloud, n));
    let ended = AtomicBool::new(false);
    let (run, pages) = thread::scope(|scope| {
        let turning = scope.spawn(|| {
            let mut turns = 0;
            // The last pages stay as they are, or the wait for one more would never end.
            while turns < 19 {
                cloud.wait_for(|seen| seen.len() >= 10 * (turns as usize + 1) || ended.load(Ordering::SeqCst));
                for n in turns * TURNOVER..(turns + 1) * TURNOVER {
                    cloud.remove_record(&id(n));
                    upload(&cloud, RECORDS + n);
                }
                turns += 1;
            }
        });
        let run = Command::new("/usr/bin/time")
            .args(["-f", "%M %e", env!("CARGO_BIN_EXE_recverify")])
            .args(words.split(' '))
            .env_clear()
            .envs(cloud.environment())
            .output();
        ended.store(true, Ordering::SeqCst);
        let pages = cloud.requests().iter().filter(|seen| seen.path.ends_with("/screen-records")).count();
        turning.join().map_err(|_| "the cloud stopped turning")?;
        run.map_err(|error| format!("/usr/bin/time cannot be run ({error}); install the Debian package time"))
            .map(|run| (run, pages))
    })?;
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    let (peak, wall) = said.lines().last().and_then(|line| line.split_once(' ')).ok_or("GNU time printed nothing")?;
    if !run.status.success() {
        return Err(said.into());
    }
    let peak = peak.parse::<f64>()? / 1024.0;
    writeln!(io::stdout(), "{what:<28}  {:>12}  {:>8}  {pages:>8}", format!("{peak:.1} MiB"), format!("{wall} s"))?;
    if peak > TARGET_MIB { Err(format!("more than {TARGET_MIB} MiB").into()) } else { Ok(run) }
}

/// Whether no record is listed twice, and none that was there all the time is missing.
fn is_each_once(lines: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut ids = BTreeSet::new();
    for line in std::str::from_utf8(lines)?.lines() {
        let record: Value = serde_json::from_str(line)?;
        if let Some(id) = record["id"].as_str()
            && !ids.insert(id.to_owned())
        {
            return Err(format!("{id} is listed twice").into());
        }
    }
    let expired = 19 * TURNOVER;
    let lost: Vec<_> = (expired..RECORDS).map(id).filter(|id| !ids.contains(id)).collect();
    let arrived = ids.len().saturating_sub(RECORDS as usize);
    writeln!(
        io::stdout(),
        "    {} listed, none twice; {} lost; {arrived} of those that arrived",
        ids.len(),
        lost.len()
    )?;
    if lost.is_empty() { Ok(()) } else { Err(format!("lost: {lost:?}").into()) }
}
