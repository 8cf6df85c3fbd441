//! What can happen between store and program, each with the verdicts it may lead to.

use recverify_sandbox::{Canned, StoreCalls, StoreFault, Times};

use super::case::{Case, Fault, INTACT, LENGTH, Truth, Verdict, altered_at, video};

const ALTERED: Verdict = ("altered", "digest_differs");
const MISSING: Verdict = ("missing", "object_not_found");
const MARKED: Verdict = ("missing", "delete_marker");
const CHANGED: Verdict = ("unverified", "changed_during_read");
const DISAGREE: Verdict = ("unverified", "reads_disagree");
const UNDECLARED: Verdict = ("undeclared", "digest_not_declared");

fn fault(calls: StoreCalls, times: Times, kind: StoreFault) -> Fault {
    Fault { calls, times, kind }
}

fn once(kind: StoreFault) -> Vec<Fault> {
    vec![fault(StoreCalls::gets(), Times::once(), kind)]
}

/// The bytes at which answers are broken: every boundary that matters, and a comb over the rest that begins elsewhere
/// in each mode.
fn positions(mode: u64) -> Vec<u64> {
    let ends = [0, 1, 2, LENGTH - 2, LENGTH - 1, LENGTH];
    let parts = [1000, 2000].into_iter().flat_map(|boundary| boundary - 1..=boundary + 1);
    let mut positions: Vec<_> = (ends.into_iter().chain(parts)).chain((7 + 19 * mode..LENGTH).step_by(97)).collect();
    positions.sort_unstable();
    positions.dedup();
    positions
}

/// Faults that pass: whatever is true is what must be said.
pub(super) fn passing(mode: u64) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add =
        |name: String, truth, faults, allowed: &[Verdict]| cases.push(Case::new(name, truth, faults, allowed));
    for at in positions(mode) {
        let breaks = [
            ("cut", StoreFault::Cut(at)),
            ("reset", StoreFault::CutByReset(at)),
            ("chunked", StoreFault::EndEarlyChunked(at)),
            ("closed", StoreFault::EndEarlyClosed(at)),
        ];
        for (name, kind) in breaks {
            add(format!("{name}-{at}"), Truth::Right, once(kind), &[INTACT]);
        }
        add(format!("altered-cut-{at}"), Truth::Altered, once(StoreFault::Cut(at)), &[ALTERED]);
        if at < LENGTH {
            // Whatever answer brings that byte first, whole or a part.
            let flipped = StoreFault::FlipBit(at);
            let flips = [StoreCalls::gets().unranged(), StoreCalls::gets().ranged()]
                .map(|calls| fault(calls, Times::once(), flipped.clone()));
            add(format!("flip-{at}"), Truth::Right, flips.to_vec(), &[INTACT]);
        }
    }
    add("before-close".to_owned(), Truth::Right, once(StoreFault::Close), &[INTACT]);
    add("before-reset".to_owned(), Truth::Right, once(StoreFault::Reset), &[INTACT]);
    add("altered-close".to_owned(), Truth::Altered, once(StoreFault::Close), &[ALTERED]);
    add("missing-close".to_owned(), Truth::Missing, once(StoreFault::Close), &[MISSING]);
    for status in [500, 502, 503, 504, 429] {
        let storm = |calls| vec![fault(calls, Times::first(4), StoreFault::error(status, "InternalError"))];
        add(format!("storm-{status}"), Truth::Right, storm(StoreCalls::gets()), &[INTACT]);
        add(format!("altered-storm-{status}"), Truth::Altered, storm(StoreCalls::gets()), &[ALTERED]);
        add(format!("missing-storm-{status}"), Truth::Missing, storm(StoreCalls::gets()), &[MISSING]);
        add(format!("versioned-marker-storm-{status}"), Truth::Marked, storm(StoreCalls::gets()), &[MARKED]);
        add(format!("undeclared-storm-{status}"), Truth::Undeclared, storm(StoreCalls::heads()), &[UNDECLARED]);
    }
    add("marker".to_owned(), Truth::Marked, Vec::new(), &[MARKED]);
    add("altered".to_owned(), Truth::Altered, Vec::new(), &[ALTERED]);
    add("missing".to_owned(), Truth::Missing, Vec::new(), &[MISSING]);
    cases
}

/// Somebody writes to the bucket meanwhile. Two halves of two versions, which together would be what is declared, are
/// never joined.
pub(super) fn replacing() -> Vec<Case> {
    let mut cases = Vec::new();
    let length = usize::try_from(LENGTH).expect("small");
    for at in [1, 999, 1000, 1001, 1700, LENGTH - 1] {
        for bucket in ["plain", "versioned"] {
            let name = format!("{bucket}-spliced-{at}");
            let wrong_at_first = altered_at(&video(&name), 0);
            // What is there differs in its last byte, what comes in its first.
            let faults = once(StoreFault::Overwrite(at, wrong_at_first));
            cases.push(Case::new(name, Truth::Altered, faults, &[CHANGED]));

            let name = format!("{bucket}-overwritten-{at}");
            let other = altered_at(&video(&name), length / 2);
            cases.push(Case::new(name, Truth::Right, once(StoreFault::Overwrite(at, other)), &[CHANGED]));

            let name = format!("{bucket}-rewritten-{at}");
            let same = video(&name);
            cases.push(Case::new(name, Truth::Right, once(StoreFault::Overwrite(at, same)), &[INTACT]));

            // It was there when the read began, and is proven gone when the read goes on.
            let gone = if bucket == "plain" { MISSING } else { MARKED };
            let faults = once(StoreFault::Remove(at));
            cases.push(Case::new(format!("{bucket}-removed-{at}"), Truth::Right, faults, &[gone]));
        }
    }
    cases
}

/// Faults that do not pass: nothing can be said, and why is told.
pub(super) fn lasting() -> Vec<Case> {
    let always = |kind| vec![fault(StoreCalls::gets(), Times::always(), kind)];
    let unverified = |code| [("unverified", code)];
    let error = StoreFault::error;
    let answer = |status: u16| StoreFault::Stranger(Canned::html(status));
    let faults = [
        ("denied", error(403, "AccessDenied"), "access_denied"),
        ("archived", error(403, "InvalidObjectState"), "not_restored"),
        ("bucket", error(404, "NoSuchBucket"), "bucket_not_found"),
        ("bare-404", StoreFault::Answer(Canned::empty(404)), "unreadable_answer"),
        ("page", answer(200), "unreadable_answer"),
        ("page-404", answer(404), "unreadable_answer"),
        ("failing", error(500, "InternalError"), "service_error"),
        ("closing", StoreFault::Close, "connection"),
        ("resetting", StoreFault::Reset, "connection"),
        ("cut-at-0", StoreFault::Cut(0), "truncated"),
        ("reset-at-0", StoreFault::CutByReset(0), "connection"),
        ("redirect", StoreFault::Answer(Canned::redirect(307, "http://127.0.0.1:1/")), "wrong_region"),
    ];
    faults
        .into_iter()
        .flat_map(|(name, kind, code)| {
            [("", Truth::Right), ("altered-", Truth::Altered)].map(|(prefix, truth)| {
                Case::new(format!("{prefix}{name}"), truth, always(kind.clone()), &unverified(code))
            })
        })
        .chain([Case::new("altered-flip".to_owned(), Truth::Altered, twice_flipped(), &[DISAGREE])])
        .collect()
}

/// Another bit of each of two reads, each way they may go.
fn twice_flipped() -> Vec<Fault> {
    [3, 4].map(|at| fault(StoreCalls::gets().unranged(), Times::once(), StoreFault::FlipBit(at))).to_vec()
}

/// Answers that stop coming; told with a short stall time-out. Those that pass must not change what is said.
pub(super) fn stalling() -> Vec<Case> {
    let mut cases: Vec<_> = [0, 1, 999, 1000, 1700, LENGTH - 1]
        .into_iter()
        .map(|at| Case::new(format!("stall-{at}"), Truth::Right, once(StoreFault::Stall(at)), &[INTACT]))
        .collect();
    cases.push(Case::new("no-answer".to_owned(), Truth::Right, once(StoreFault::NoAnswer), &[INTACT]));
    cases.push(Case::new("altered-stall".to_owned(), Truth::Altered, once(StoreFault::Stall(1700)), &[ALTERED]));
    cases
}
