//! Zero wrong verdicts: recordings whose truth is known, read through random faults, at least 500 of them.
//!
//! The truth of an object is the set of states it was in at some time of the run: its bytes, or absent. Whatever the
//! services and the way to them did, *intact* needs a state with the declared digest, *altered* one with another digest
//! (and the observed digest is that of such a state, never of a mixture), *missing* one without the object. Where no
//! fault struck, or only faults that pass within the tries allowed, the outcome is exactly the truth.
//!
//! Two lies are left out because nobody could see through them: a way that makes the same wrong bytes of two reads,
//! with the store's own headers, and a store that denies a key it has (`NoSuchKey`). A third is allowed to succeed: an
//! answer that announces no length and ends in good order just where the declared bytes do, of an object that goes on.
//!
//! `RECVERIFY_FAULT_CASES=5000` runs more of them.

mod case;
mod faults;

use std::sync::atomic::{AtomicU64, Ordering};

use fastrand::Rng;
use recverify_sandbox::{Canned, Sandbox, StoreCalls, StoreFault, Times};
use serde_json::Value;

use crate::harness::verify;
use crate::mode::MODES;
use case::Case;

const CASES_IN_A_RUN: u64 = 20;

/// How the program is called for one batch of cases, and what is wrong with the store as a whole.
pub(super) struct Setting {
    concurrency: u32,
    mode: &'static str,
    read_retries: u32,
    api_tries: u32,
    /// Answers may stall; then the program waits only a little for them.
    stalls: bool,
    /// The listing of keys fails in some way, so that some absences stay unproven.
    listings: Option<Listings>,
}

enum Listings {
    Denied,
    Failing(StoreFault),
}

impl Setting {
    fn of(run: u64) -> Self {
        let mut rng = Rng::with_seed(run ^ 0x5eed_0000);
        let stalls = run % 8 == 7;
        let listings = match rng.u8(0..12) {
            0 => Some(Listings::Denied),
            1 => Some(Listings::Failing(StoreFault::error(503, "InternalError"))),
            2 => Some(Listings::Failing(StoreFault::Stranger(Canned::html(200)))),
            3 => Some(Listings::Failing(StoreFault::Answer(Canned::new(
                200,
                "application/xml",
                "<ListBucketResult></ListBucketResult>",
            )))),
            _ => None,
        };
        Self {
            concurrency: rng.u32(1..=12),
            mode: MODES[rng.usize(..MODES.len())],
            read_retries: if stalls { rng.u32(1..=2) } else { rng.u32(0..=8) },
            api_tries: if stalls { 2 } else { rng.u32(1..=5) },
            stalls,
            listings,
        }
    }

    fn words(&self) -> String {
        let Self { concurrency, mode, read_retries, api_tries, .. } = self;
        let stall = if self.stalls { "--stall-timeout 300ms" } else { "" };
        format!("--concurrency {concurrency} --read-retries {read_retries} --api-tries {api_tries} {stall} {mode}")
    }

    fn prepare(&self, cloud: &Sandbox) {
        for bucket in case::BUCKETS {
            cloud.create_bucket(bucket);
            if let Some(Listings::Denied) = self.listings {
                cloud.deny_list(bucket);
            }
        }
        cloud.enable_versioning(case::BUCKETS[1]);
        if let Some(Listings::Failing(fault)) = &self.listings {
            cloud.fail_store(StoreCalls::lists(), Times::always(), fault.clone());
        }
    }
}

/// Runs one batch; returns what is wrong with its verdicts, and how many of its cases had a known outcome.
fn run(number: u64, cases: u64) -> (Vec<String>, u64) {
    let setting = Setting::of(number);
    let cloud = Sandbox::start();
    setting.prepare(&cloud);
    let seeds = number * CASES_IN_A_RUN..(number * CASES_IN_A_RUN + CASES_IN_A_RUN).min(cases);
    let cases: Vec<_> = seeds.map(|seed| Case::of(seed, &setting)).collect();
    let mut ids = String::new();
    for case in &cases {
        case.install(&cloud);
        ids.extend([case.id.as_str(), "\n"]);
    }
    let ended = verify(&cloud, &setting.words()).args("--ids-from -").input(&ids).run();
    let report = ended.report();
    let records: Vec<&Value> = report["records"].as_array().expect("a list").iter().collect();
    let mut wrong = Vec::new();
    if records.len() != cases.len() {
        wrong.push(format!("{} records reported of {}", records.len(), cases.len()));
    }
    let mut known = 0;
    for case in &cases {
        let record = records.iter().find(|record| record["record_id"] == case.id.as_str());
        let problem = match record {
            Some(record) => case.judge(record, &setting).err(),
            None => Some("it is not reported".to_owned()),
        };
        known += u64::from(case.expected(&setting).is_some());
        if let Some(problem) = problem {
            let words = setting.words();
            wrong.push(format!("{problem}\nplan: {case:?}\nflags: {words}\nreport: {record:#?}"));
        }
    }
    (wrong, known)
}

#[test]
fn no_fault_ever_makes_a_wrong_verdict() {
    let cases: u64 = std::env::var("RECVERIFY_FAULT_CASES").map_or(500, |n| n.parse().expect("a number of cases"));
    let runs = cases.div_ceil(CASES_IN_A_RUN);
    let (next, known) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        let mut wrong = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= runs {
                return wrong;
            }
            let (more, exact) = run(number, cases);
            wrong.extend(more);
            known.fetch_add(exact, Ordering::SeqCst);
        }
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect()
    });
    assert!(wrong.is_empty(), "{} of {cases} are wrong; the first:\n{}", wrong.len(), wrong[0]);
    let known = known.into_inner();
    assert!(
        known * 5 > cases,
        "only {known} of {cases} cases had a known outcome: the plans are too harsh to prove much"
    );
}
