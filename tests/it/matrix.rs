//! The fault matrix: every fault, in every read mode, over recordings whose truth is known, and the only right verdicts.
//!
//! A fault counts as injected when it struck. Prints `matrix: N faults injected, M wrong outcomes` and holds only for
//! M = 0.

mod case;
mod network;
mod table;

use recverify_sandbox::Sandbox;
use serde_json::Value;

use crate::harness::verify;
use crate::mode::MODES;
use case::{Case, Truth, VERSIONED};

/// What a number of faults came to.
#[derive(Default)]
struct Tally {
    injected: u64,
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.injected += other.injected;
        self.wrong.extend(other.wrong);
    }
}

/// One run over these cases.
fn run(cases: &[Case], words: &str) -> Tally {
    let cloud = Sandbox::start();
    cloud.create_bucket(VERSIONED);
    cloud.enable_versioning(VERSIONED);
    for case in cases {
        case.install(&cloud);
    }
    let ids: String = cases.iter().flat_map(|case| [case.name.as_str(), "\n"]).collect();
    let ended = verify(&cloud, words).args("--ids-from -").input(&ids).run();
    let report = ended.report();
    let records = report["records"].as_array().expect("a list of records");
    let of = |case: &Case| records.iter().find(|record| record["record_id"] == case.name.as_str());
    let judge =
        |case: &Case| of(case).map_or_else(|| Some(format!("{} is lost", case.name)), |r: &Value| case.judge(r));
    Tally { injected: cloud.struck(), wrong: cases.iter().filter_map(judge).collect() }
}

/// All faults in one mode.
fn column(number: u64, mode: &str) -> Tally {
    let cases = table::passing(number);
    let mut tally = run(&cases, &format!("--concurrency 8 {mode}"));
    let struck = tally.injected;
    assert!(struck >= cases.len() as u64 - 3, "only {struck} faults struck in {} cases, {mode}", cases.len());
    tally.add(run(&table::replacing(), &format!("--concurrency 4 {mode}")));
    tally.add(run(&table::lasting(), &format!("--concurrency 1 --read-retries 2 {mode}")));
    tally.add(run(&table::stalling(), &format!("--concurrency 8 --stall-timeout 1s {mode}")));
    tally.add(network::unreachable(mode));
    tally.add(network::heads(mode));
    tally.add(network::expiring(mode));
    tally.wrong.iter_mut().for_each(|wrong| wrong.insert_str(0, &format!("[{mode}] ")));
    tally
}

#[test]
fn a_wrong_outcome_is_counted() {
    let case = |name: &str, truth| Case::new(name.to_owned(), truth, Vec::new(), &[case::INTACT]);
    let tally = run(&[case("right", Truth::Right), case("wrong", Truth::Altered)], "");
    assert_eq!((tally.injected, tally.wrong.len()), (0, 1), "{:?}", tally.wrong);
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
fn no_fault_in_any_read_mode_leads_to_a_wrong_outcome() {
    let mut total = Tally::default();
    std::thread::scope(|scope| {
        let columns: Vec<_> = (0..).zip(MODES).map(|(n, mode)| scope.spawn(move || column(n, mode))).collect();
        for column in columns {
            total.add(column.join().expect("a mode ends"));
        }
    });
    println!("matrix: {} faults injected, {} wrong outcomes", total.injected, total.wrong.len());
    let shown = total.wrong.iter().take(40).map(|wrong| wrong.chars().take(1500).collect());
    assert!(total.wrong.is_empty(), "{}", shown.collect::<Vec<String>>().join("\n"));
}
