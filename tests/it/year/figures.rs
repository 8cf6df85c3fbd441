//! What a stretch of nights came to, for people: a table of the nights, the alarms, and what the ledger costs at the end.

#![expect(clippy::print_stderr, reason = "figures are for whoever asks for them")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use jiff::SignedDuration;
use recverify::Environment;
use recverify::ledger::{Plan, Reader};

use super::calendar::start;
use super::cloud::befall;
use super::model::Expected;
use super::{Alarms, Stretch, run, words};

const CHILD: &str = "year::figures::one_call_by_itself";
const ARGS: &str = "RECVERIFY_TEST_ARGS";
const NIGHT: &str = "RECVERIFY_TEST_NIGHT";

/// A line for nights in a row that came to the same.
#[derive(Default)]
pub struct Table {
    lines: Vec<(i64, i64, String)>,
    codes: BTreeMap<i32, u32>,
    kinds: BTreeMap<String, u64>,
    intact: u64,
    expired: u64,
}

impl Table {
    pub fn add(&mut self, night: i64, seen: &Expected) {
        *self.codes.entry(seen.code).or_default() += 1;
        self.intact += seen.verified.values().filter(|told| told.outcome == "intact").count() as u64;
        self.expired += seen.expired;
        let mut kinds = BTreeMap::<String, u64>::new();
        for told in seen.verified.values().filter(|told| told.outcome != "intact") {
            let known = if told.acknowledged { " (acknowledged)" } else { "" };
            *kinds.entry(format!("{}: {}{known}", told.outcome, told.reason)).or_default() += 1;
        }
        for (kind, count) in &kinds {
            *self.kinds.entry(kind.clone()).or_default() += count;
        }
        let mut said: Vec<_> = kinds.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        if seen.left > 0 {
            said.push("some left".to_owned());
        }
        if seen.overdue {
            said.push("coverage_overdue".to_owned());
            *self.kinds.entry("run: coverage_overdue".to_owned()).or_default() += 1;
        }
        let line = format!("exit {}  {}", seen.code, said.join(", "));
        match self.lines.last_mut() {
            Some((_, last, same)) if *same == line => *last = night,
            _ => self.lines.push((night, night, line)),
        }
    }

    /// `first_possible` may hold more than was told.
    pub fn print(&self, alarms: &Alarms, first_possible: &BTreeMap<(String, &str), i64>) {
        eprintln!("nights by exit code: {:?}", self.codes);
        eprintln!("verified and intact {}, expired {}", self.intact, self.expired);
        eprintln!("told, by kind, in records and nights: {:#?}", self.kinds);
        for (first, last, line) in &self.lines {
            eprintln!("{first:>3} to {last:>3}  {line}");
        }
        for ((id, reason), nights) in alarms {
            let possible = first_possible.get(&(id.clone(), reason.as_str()));
            eprintln!("{id} {reason}: first possible {possible:?}, told and not acknowledged on {nights:?}");
        }
    }
}

/// Prints what the ledger costs after the last night, each call measured in a process of its own.
pub fn print(stretch: &Stretch) {
    let Stretch { calendar, fates, cloud, .. } = stretch;
    let ledger = stretch.ledger();
    let size = std::fs::metadata(&ledger).expect("a ledger").len();
    let reader = Reader::open(&ledger).expect("a ledger");
    let scope = reader.scopes().expect("scopes").pop().expect("one");
    let records = reader.status(&scope).expect("a status").records;
    eprintln!("ledger: {size} bytes, {records} records");
    let after = calendar.nights + 1;
    let began = Instant::now();
    let mut plan = Plan::new(scope, i64::MAX, start(after) - SignedDuration::from_hours(7 * 24));
    let mut planned = 0;
    loop {
        let page = plan.next_page(&reader).expect("a page").len();
        planned += page;
        if page == 0 {
            break;
        }
    }
    eprintln!("planning: {planned} records in {:?}", began.elapsed());
    befall(cloud, calendar, fates, after);
    let status = |ledger: &Path| [words("recverify ledger status --ledger"), vec![ledger.into()]].concat();
    by_itself(stretch, "ledger status", &status(&ledger), after);
    by_itself(stretch, "the night after", &stretch.args(after), after);
    let mut without = words("recverify verify --format json --since 15d --retention 15d --concurrency 1 --ledger");
    without.push(stretch.dir.path().join("new.db").into());
    by_itself(stretch, "that night with a new ledger", &without, after);
}

/// Runs one call in a process of its own, which prints what it cost.
fn by_itself(stretch: &Stretch, name: &str, args: &[OsString], night: i64) {
    eprintln!("{name}:");
    let args: Vec<_> = args.iter().map(|arg| arg.to_str().expect("UTF-8")).collect();
    let status = Command::new(std::env::current_exe().expect("this test"))
        .args([CHILD, "--exact", "--ignored", "--nocapture"])
        .env_clear()
        .envs(&stretch.variables)
        .env(ARGS, args.join("\n"))
        .env(NIGHT, night.to_string())
        .status();
    assert!(status.expect("the child runs").success());
}

#[test]
#[ignore = "the child of the function above"]
fn one_call_by_itself() {
    let mut variables = Environment::of_process().variables;
    let (Some(args), Some(night)) = (variables.remove(ARGS), variables.remove(NIGHT)) else { return };
    let args = args.split('\n').map(Into::into).collect();
    let began = Instant::now();
    let (code, _) = run(args, start(night.parse().expect("a number")), variables);
    let took = began.elapsed();
    let memory = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = memory.lines().find(|line| line.starts_with("VmHWM")).expect("a peak");
    eprintln!("ended with {code} after {took:?}; {peak}");
}
