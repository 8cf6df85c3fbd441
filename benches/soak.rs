//! One run over 20,000 records of which every twentieth is at fault: outcomes exactly as planted, memory and open files flat.
//!
//! `cargo bench --bench soak`; `RECVERIFY_SOAK_RECORDS` for another number. Fails on any other outcome than the planted one.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use recverify_sandbox::{Recording, Sandbox, StoreCalls, StoreFault, Times};
use serde_json::Value;

/// Between two looks at the process.
const INTERVAL: Duration = Duration::from_millis(50);

/// What is planted, by turns, and the outcome and reason it must come to.
const PLANTED: [(&str, &str, &str); 8] = [
    ("altered", "altered", "digest_differs"),
    ("missing", "missing", "object_not_found"),
    ("undeclared", "undeclared", "digest_not_declared"),
    ("answer cut once", "intact", ""),
    ("store failing twice", "intact", ""),
    ("denied", "unverified", "access_denied"),
    ("bit flipped once", "intact", ""),
    ("record gone", "unverified", "record_not_found"),
];

/// The fault of a record, if it is one of the twentieth.
fn planted(n: usize) -> Option<usize> {
    (n % 20 == 7).then_some(n / 20 % PLANTED.len())
}

fn id(n: usize) -> String {
    format!("record-{n:06}")
}

fn install(cloud: &Sandbox, n: usize) {
    let recording = Recording::new(&id(n));
    let (bucket, key) = (recording.bucket.as_str(), recording.video_key());
    let mut record = cloud.upload(&recording);
    let Some(kind) = planted(n) else { return };
    let fail = |times, fault| cloud.fail_store(StoreCalls::get(bucket, &key), times, fault);
    match PLANTED[kind].0 {
        "altered" => {
            let mut bytes = recording.video.to_vec();
            bytes[n % 64] ^= 1;
            cloud.put_object(bucket, &key, bytes);
        }
        "missing" => drop(cloud.remove_object(bucket, &key)),
        "undeclared" => {
            record["video_file_sha256"] = Value::Null;
            cloud.add_record(&recording.id, record);
        }
        "answer cut once" => fail(Times::once(), StoreFault::Cut(n as u64 % 64)),
        "store failing twice" => fail(Times::first(2), StoreFault::error(500, "InternalError")),
        "denied" => cloud.deny_read(bucket, &key),
        "bit flipped once" => fail(Times::once(), StoreFault::FlipBit(n as u64 % 64)),
        _ => cloud.remove_record(&recording.id),
    }
}

/// Resident memory in KiB and open files of a process; `None` once it is gone.
fn look(process: u32) -> Option<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?;
    let open = fs::read_dir(format!("/proc/{process}/fd")).ok()?.count();
    Some((resident.parse().ok()?, open as u64))
}

/// The mean over some looks, to the whole number below, and the most.
fn mean_and_most(looks: &[(u64, u64)], of: impl Fn(&(u64, u64)) -> u64) -> (u64, u64) {
    let values: Vec<_> = looks.iter().map(of).collect();
    (values.iter().sum::<u64>() / values.len().max(1) as u64, values.iter().copied().max().unwrap_or_default())
}

fn main() -> Result<(), Box<dyn Error>> {
    let records: usize = std::env::var("RECVERIFY_SOAK_RECORDS").map_or(Ok(20_000), |n| n.parse())?;
    let cloud = Sandbox::start();
    (0..records).for_each(|n| install(&cloud, n));
    let dir = tempfile::tempdir()?;
    let [ids, report, ledger] = ["ids", "report.jsonl", "ledger.db"].map(|name| dir.path().join(name));
    fs::write(&ids, (0..records).map(|n| id(n) + "\n").collect::<String>())?;

    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_recverify"))
        .args(["verify", "-q", "--retry-wait", "1ms", "--ids-from"])
        .arg(&ids)
        .arg("-o")
        .arg(&report)
        .arg("--ledger")
        .arg(&ledger)
        .env_clear()
        .envs(cloud.environment())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut looks = Vec::new();
    let exit = loop {
        if let Some(exit) = child.try_wait()? {
            break exit;
        }
        looks.extend(look(child.id()));
        sleep(INTERVAL);
    };
    let wall = began.elapsed();

    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut seen = vec![false; records];
    for line in BufReader::new(fs::File::open(&report)?).lines() {
        let record: Value = serde_json::from_str(&line?)?;
        let Some(name) = record["record_id"].as_str() else { continue };
        let n: usize = name.trim_start_matches("record-").parse()?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = (text(&record["outcome"]), text(&record["reason"]["code"]));
        let (_, outcome, code) = planted(n).map_or(("", "intact", ""), |kind| PLANTED[kind]);
        *outcomes.entry(told.0.clone()).or_default() += 1;
        if told != (outcome.to_owned(), code.to_owned()) || std::mem::replace(&mut seen[n], true) {
            wrong.push(format!("{name}: {told:?} and not {outcome} {code}"));
        }
    }
    wrong.extend(seen.iter().enumerate().filter(|(_, seen)| !**seen).map(|(n, _)| format!("{} is lost", id(n))));

    let quarter = (looks.len() / 4).max(1);
    let (first, last) = (&looks[..quarter.min(looks.len())], &looks[looks.len().saturating_sub(quarter)..]);
    let mut out = io::stdout();
    writeln!(out, "{records} records in {:.1} s, exit {:?}: {outcomes:?}", wall.as_secs_f64(), exit.code())?;
    writeln!(out, "{} faults struck, {} outcomes wrong", cloud.struck(), wrong.len())?;
    for (what, looks) in [("first quarter", first), ("last quarter", last), ("all of it", &looks)] {
        let (memory, open) = (mean_and_most(looks, |look| look.0), mean_and_most(looks, |look| look.1));
        let (mean, most) = memory;
        writeln!(out, "{what:<14} memory {mean} KiB, at most {most}; open files {}, at most {}", open.0, open.1)?;
    }
    writeln!(out, "ledger {} kB", fs::metadata(&ledger)?.len() / 1000)?;
    match wrong.first() {
        None if exit.code() == Some(1) => Ok(()),
        None => Err("a run with findings ends with 1".into()),
        Some(first) => Err(first.clone().into()),
    }
}
