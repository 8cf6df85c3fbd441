//! What a later night makes of earlier ones: standing, plan, status.

use proptest::prelude::*;

use super::*;

fn standing(ledger: &Ledger, text: &str) -> Standing {
    ledger.reader().standing(&scope("p"), &id(text)).expect("read").expect("it is known")
}

fn planned(ledger: &Ledger, plan: &mut Plan) -> Vec<(String, Why)> {
    let mut all = Vec::new();
    loop {
        let page = plan.next_page(ledger.reader()).expect("read");
        if page.is_empty() {
            return all;
        }
        all.extend(page.into_iter().map(|planned| (planned.record_id.to_string(), planned.why)));
    }
}

#[test]
fn thirty_nights_of_the_same_listing_add_one_sighting_each() {
    let place = Place::new();
    let mut ledger = place.open();
    let listing = [record("a"), record("b"), uploading("c")];
    for night in 0..30 {
        let run = begin(&mut ledger, "p", day(night));
        assert_eq!(see(&mut ledger, &run, &listing, day(night)), if night == 0 { 3 } else { 0 });
        ledger.verified(&run, &report("a", Outcome::Intact), day(night)).expect("entered");
    }
    let run = begin(&mut ledger, "p", day(30));
    assert_eq!(see(&mut ledger, &run, &[record("c"), record("a")], day(30)), 1);
    assert_eq!(see(&mut ledger, &run, &[record("c"), record("c")], day(30)), 0);
}

#[test]
fn a_record_that_was_verified_first_needs_no_sighting() {
    let place = Place::new();
    let mut ledger = place.open();
    let run = begin(&mut ledger, "p", day(0));
    ledger.verified(&run, &report("a", Outcome::Altered), day(0)).expect("entered");
    assert_eq!(see(&mut ledger, &run, &[record("a")], day(0)), 0);
}

#[test]
fn standing_tells_first_sight_last_intact_and_since_when_not() {
    let place = Place::new();
    let mut ledger = place.open();
    let first = begin(&mut ledger, "p", day(0));
    see(&mut ledger, &first, &[uploading("a")], day(0));
    let seen = standing(&ledger, "a");
    assert_eq!((seen.first_seen_at, seen.not_ready, &seen.latest), (day(0), true, &None));
    for (night, outcome) in [(1, Outcome::Intact), (2, Outcome::Intact), (3, Outcome::Altered), (4, Outcome::Missing)] {
        let run = begin(&mut ledger, "p", day(night));
        ledger.verified(&run, &report("a", outcome), day(night)).expect("entered");
    }
    let now = standing(&ledger, "a");
    let latest = now.latest.expect("verified");
    assert_eq!(
        (latest.outcome, latest.verified_at, latest.reason.as_deref()),
        (Outcome::Missing, day(4), Some("connection"))
    );
    assert_eq!(
        now.last_intact.map(|intact| (intact.at, intact.run_id)),
        Some((day(2), format!("run of p at {}", day(2))))
    );
    assert_eq!((now.first_seen_at, now.not_intact_since, now.not_ready), (day(0), Some(day(3)), false));
}

#[test]
fn the_first_complete_declaration_stays_whatever_is_declared_later() {
    let place = Place::new();
    let mut ledger = place.open();
    let run = begin(&mut ledger, "p", day(0));
    see(&mut ledger, &run, &[uploading("a")], day(0));
    assert_eq!(standing(&ledger, "a").first_complete, None);
    ledger.verified(&run, &report("a", Outcome::Intact), day(1)).expect("entered");
    let forged = Record { video_file_sha256: Some("0".repeat(64)), ..record("a") };
    see(&mut ledger, &run, std::slice::from_ref(&forged), day(2));
    ledger.verified(&run, &report_of(forged.clone(), Outcome::Intact), day(2)).expect("entered");
    let first = standing(&ledger, "a").first_complete.expect("a complete one");
    assert_eq!((first.at, &first.declaration), (day(1), &Declaration::of(&record("a"))));
    let changes = compare(&first.declaration, &Declaration::of(&forged));
    assert_eq!(changes.len(), 1);
    assert!(changes[0].kind.is_finding());
}

#[test]
fn an_answer_about_another_record_declares_nothing() {
    let place = Place::new();
    let mut ledger = place.open();
    let run = begin(&mut ledger, "p", day(0));
    let mut mismatch = report("b", Outcome::Unverified);
    mismatch.record_id = id("a");
    ledger.verified(&run, &mismatch, day(0)).expect("entered");
    let (asked, answered) = (id("a"), record("b"));
    assert_eq!(ledger.seen(&run, [(&asked, &answered)], day(0)).expect("entered"), 0);
    assert_eq!(standing(&ledger, "a").first_complete, None);
    assert_eq!(ledger.reader().history(&scope("p"), &asked).expect("read")[0].declaration, None);
}

#[test]
fn projects_share_a_ledger_without_mixing() {
    let place = Place::new();
    let mut ledger = place.open();
    let [p, q] = ["p", "q"].map(|project| begin(&mut ledger, project, day(0)));
    ledger.verified(&p, &report("a", Outcome::Intact), day(0)).expect("entered");
    ledger.verified(&q, &report("a", Outcome::Altered), day(0)).expect("entered");
    let reader = ledger.reader();
    for (project, outcome) in [("p", Outcome::Intact), ("q", Outcome::Altered)] {
        assert_eq!(reader.status(&scope(project)).expect("read").outcomes, [(outcome, 1)].into());
        assert_eq!(reader.history(&scope(project), &id("a")).expect("read").len(), 1);
    }
    let run = begin(&mut ledger, "q", day(1));
    let mut plan = Plan::new(scope("p"), run.seq(), day(0));
    assert_eq!(planned(&ledger, &mut plan), []);
    assert_eq!(ledger.reader().scopes().expect("read"), [scope("p"), scope("q")]);
}

#[test]
fn a_plan_has_new_then_unsettled_then_due_records_each_oldest_first() {
    let place = Place::new();
    let mut ledger = place.open();
    let run = begin(&mut ledger, "p", day(0));
    let verified = [
        ("due 2", Outcome::Intact, 2),
        ("due 1", Outcome::Intact, 1),
        ("fresh", Outcome::Intact, 9),
        ("altered", Outcome::Altered, 9),
        ("no hash", Outcome::Undeclared, 8),
    ];
    for (text, outcome, at) in verified {
        ledger.verified(&run, &report(text, outcome), day(at)).expect("entered");
    }
    see(&mut ledger, &run, &[record("new 1")], day(6));
    see(&mut ledger, &run, &[record("new 0"), uploading("new 2")], day(7));
    see(&mut ledger, &run, &[uploading("fresh")], day(9));
    let tonight = begin(&mut ledger, "p", day(10));
    see(&mut ledger, &tonight, &[record("listed tonight")], day(10));
    let mut plan = Plan::new(scope("p"), tonight.seq(), day(3));
    assert_eq!(plan.backlog(ledger.reader()).expect("read"), Backlog { new: 3, unsettled: 3, due: 2, acknowledged: 0 });
    ledger.verified(&tonight, &report("due 2", Outcome::Unverified), day(10)).expect("entered");
    assert_eq!(plan.backlog(ledger.reader()).expect("read").total(), 7);
    let expected = [
        ("new 1", Why::New),
        ("new 0", Why::New),
        ("new 2", Why::New),
        ("no hash", Why::Unsettled),
        ("fresh", Why::Unsettled),
        ("altered", Why::Unsettled),
        ("due 1", Why::Due),
    ];
    assert_eq!(planned(&ledger, &mut plan), expected.map(|(text, why)| (text.to_owned(), why)));
    assert_eq!(plan.backlog(ledger.reader()).expect("read"), Backlog::default());
    assert_eq!(standing(&ledger, "listed tonight").why(day(3)), Some(Why::New));
}

#[test]
fn a_long_plan_comes_in_pages_without_a_gap_while_rows_are_entered() {
    let place = Place::new();
    let mut ledger = place.open();
    let run = begin(&mut ledger, "p", day(0));
    let records: Vec<_> = (0..2500).map(|n| record(&format!("{n}"))).collect();
    see(&mut ledger, &run, &records, day(0));
    let tonight = begin(&mut ledger, "p", day(1));
    let mut plan = Plan::new(scope("p"), tonight.seq(), day(0));
    let mut all = Vec::new();
    loop {
        let page = plan.next_page(ledger.reader()).expect("read");
        let Some(first) = page.first() else { break };
        ledger.verified(&tonight, &report(first.record_id.as_str(), Outcome::Unverified), day(1)).expect("entered");
        all.extend(page.into_iter().map(|planned| planned.record_id.to_string()));
    }
    assert_eq!(all, (0..2500).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn status_tells_the_oldest_never_intact_the_last_run_and_how_far_was_listed() {
    let place = Place::new();
    one_of_each(&place);
    let mut ledger = place.open();
    let run = begin(&mut ledger, "p", day(1));
    see(&mut ledger, &run, &[record("c")], day(1));
    let status = ledger.reader().status(&scope("p")).expect("read");
    assert_eq!((status.records, status.never_verified), (3, 1));
    assert_eq!(status.outcomes, [(Outcome::Intact, 1), (Outcome::Unverified, 1)].into());
    assert_eq!(status.oldest_never_intact, Some((id("b"), day(0))));
    assert_eq!((status.last_verified_at, status.listed_until), (Some(day(0)), Some(day(0))));
    let last = status.last_run.expect("a run");
    assert_eq!((last.started_at, last.ended), (day(1), None));
    let listed = Listed { complete: false, until: Some(day(9)) };
    ledger.end_run(&run, &RunEnd { finished_at: day(2), exit_code: 143, listed, summary: &() }).expect("entered");
    let last = ledger.reader().last_run(&scope("p")).expect("read").expect("a run");
    assert_eq!(last.ended, Some((day(2), 143, listed)));
    assert_eq!(ledger.reader().listed_until(&scope("p")).expect("read"), Some(day(0)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_plan_follows_the_rule_of_standing(steps in prop::collection::vec((0..6_u8, 0..4_u8, 0..8_i64), 1..30)) {
        let place = Place::new();
        let mut ledger = place.open();
        let run = begin(&mut ledger, "p", day(0));
        for (record_no, what, at) in steps {
            let text = format!("r{record_no}");
            match what {
                0 => { see(&mut ledger, &run, &[uploading(&text)], day(at)); }
                1 => { see(&mut ledger, &run, &[record(&text)], day(at)); }
                2 => { ledger.verified(&run, &report(&text, Outcome::Intact), day(at)).expect("entered"); }
                _ => { ledger.verified(&run, &report(&text, Outcome::Unverified), day(at)).expect("entered"); }
            }
        }
        let tonight = begin(&mut ledger, "p", day(9));
        let mut plan = Plan::new(scope("p"), tonight.seq(), day(4));
        let mut planned = planned(&ledger, &mut plan);
        planned.sort();
        let by_rule: Vec<_> = (0..6).filter_map(|n| {
            let text = format!("r{n}");
            let standing = ledger.reader().standing(&scope("p"), &id(&text)).expect("read")?;
            standing.why(day(4)).map(|why| (text, why))
        }).collect();
        prop_assert_eq!(planned, by_rule);
    }
}
