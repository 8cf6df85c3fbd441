//! What time makes of a record that is gone.

use serde_json::json;

use super::*;
use crate::evidence::SizeReport;
use crate::fixity::SizeRule;

fn day(n: i64) -> Timestamp {
    "2026-01-01T00:00:00Z".parse::<Timestamp>().expect("a time") + SignedDuration::from_hours(24 * n)
}

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}

fn terms(retention: Option<i64>) -> Terms {
    Terms::new(retention.map(days), None, days(2), None)
}

fn known(decided: Option<Outcome>) -> Known {
    Known { first_seen_at: day(0), began_at: Some(day(0)), stored_expiry: None, decided, vanished: false }
}

fn report(outcome: Outcome, code: Code) -> RecordReport {
    RecordReport {
        record_id: "a".parse().expect("an id"),
        outcome,
        reason: Some(Reason::new(code, "gone")),
        warnings: Vec::new(),
        declared_size: SizeReport { bytes: None, rule: SizeRule::Auto, fits: None },
        record: None,
        answer: None,
        calls: Vec::new(),
        history: None,
        acknowledged: None,
        objects: Vec::new(),
    }
}

#[test]
fn a_record_that_is_gone_by_its_id_is_judged_by_its_date_and_by_what_it_was() {
    let gone = report(Outcome::Unverified, Code::RecordNotFound);
    let (within, after) = (day(14), day(15));
    let cases = [
        (Some(Outcome::Intact), within, Gone::Early),
        (None, within, Gone::Early),
        (Some(Outcome::Intact), after, Gone::Expired(day(15))),
        (None, after, Gone::Unverified(day(15))),
        (Some(Outcome::Altered), after, Gone::Unverified(day(15))),
        // Its objects were missing; that the record goes after its retention is as it should be.
        (Some(Outcome::Missing), after, Gone::Unverified(day(15))),
    ];
    for (decided, now, expected) in cases {
        assert_eq!(terms(Some(15)).judge(&gone, &known(decided), now), expected, "{decided:?} {now}");
    }
    let vanished = Known { vanished: true, ..known(Some(Outcome::Missing)) };
    assert_eq!(terms(Some(15)).judge(&gone, &vanished, after), Gone::Early);
}

#[test]
fn objects_that_are_gone_stay_missing_until_their_date() {
    let gone = report(Outcome::Missing, Code::ObjectNotFound);
    let cases = [
        (Some(Outcome::Intact), day(14), Gone::Missing),
        (Some(Outcome::Intact), day(16), Gone::Expired(day(15))),
        (Some(Outcome::Missing), day(16), Gone::Missing),
        (None, day(16), Gone::Unverified(day(15))),
    ];
    for (decided, now, expected) in cases {
        assert_eq!(terms(Some(15)).judge(&gone, &known(decided), now), expected, "{decided:?} {now}");
    }
}

#[test]
fn without_a_retention_nobody_knows_whether_a_record_may_be_gone() {
    let gone = report(Outcome::Unverified, Code::RecordNotFound);
    assert_eq!(terms(None).judge(&gone, &known(Some(Outcome::Intact)), day(99)), Gone::Unknown);
    let missing = report(Outcome::Missing, Code::ObjectNotFound);
    assert_eq!(terms(None).judge(&missing, &known(Some(Outcome::Intact)), day(99)), Gone::Missing);
    let refused = report(Outcome::Unverified, Code::AccessDenied);
    assert_eq!(terms(Some(15)).judge(&refused, &known(Some(Outcome::Intact)), day(99)), Gone::No);
}

#[test]
fn the_stores_own_date_comes_before_the_retention() {
    let told = Known { stored_expiry: Some(day(20)), ..known(Some(Outcome::Intact)) };
    assert_eq!(terms(Some(15)).expiry(&told), Some(day(20)));
    assert_eq!(terms(None).expiry(&told), Some(day(20)));
    assert_eq!(terms(Some(15)).expiry(&Known { began_at: None, ..known(None) }), None);
}

#[test]
fn the_stores_date_is_read_from_headers_of_either_dialect_and_the_last_object_counts() {
    let expiry = |date: &str| format!("expiry-date=\"{date}\", rule-id=\"r\"");
    let report = json!({"objects": [
        {"retention": {"x-amz-expiration": expiry("Sat, 17 Jan 2026 00:00:00 GMT")}},
        {"retention": {"x-obs-expiration": expiry("Sun, 18 Jan 2026 00:00:00 GMT")}},
    ]});
    assert_eq!(stored_expiry(&report), Some(day(17)));
    assert_eq!(stored_expiry(&json!({"objects": [{"retention": {"x-amz-expiration": "soon"}}, {}]})), None);
}

#[test]
fn what_is_not_given_follows_from_the_retention() {
    assert_eq!(terms(Some(15)).reverify_after, days(7));
    assert_eq!(terms(Some(10)).reverify_after, days(5));
    assert_eq!(terms(None).reverify_after, days(7));
    assert_eq!(terms(Some(10)).max_unverified_age, Some(days(5)));
    assert_eq!(terms(None).max_unverified_age, None);
}

#[test]
fn what_waits_longer_than_it_may_is_overdue() {
    let terms = terms(Some(10));
    assert_eq!(terms.overdue(Some(day(0)), day(5)), None);
    assert_eq!(terms.overdue(None, day(99)), None);
    let reason = terms.overdue(Some(day(0)), day(6)).expect("overdue");
    assert_eq!(
        (reason.code, reason.message.as_str()),
        (
            Code::CoverageOverdue,
            "a record has waited since 2026-01-01T00:00:00.000Z to be found intact for the first time, longer than 5 days; \
             give the runs a larger budget"
        )
    );
}

#[test]
fn a_recording_is_late_from_its_beginning_on_or_else_from_when_it_was_first_seen() {
    assert!(!terms(None).is_late(Some(day(0)), day(0), day(1)));
    assert!(terms(None).is_late(Some(day(0)), day(1), day(2)));
    assert!(!terms(None).is_late(None, day(1), day(2)));
}

#[test]
fn lengths_of_time_are_told_in_the_largest_unit_that_is_exact() {
    let words = [(days(15), "15 days"), (SignedDuration::from_hours(36), "36 hours")];
    for (length, expected) in words {
        assert_eq!(in_words(length), expected);
    }
    assert_eq!(in_words(SignedDuration::from_secs(90)), "90 seconds");
}
