//! What follows from what, for answers a sandbox cannot give.

use super::*;
use crate::fixity::Code;
use crate::gate::Closed;
use crate::http::{Greeting, HttpError};
use crate::record::{Criteria, LocationError, Record};
use crate::store::{Absence, Addressing, Place, StoreError};
use crate::workspace::ApiError;
use jiff::Timestamp;

fn subject(addressing: Addressing) -> Subject {
    let endpoint = |text: &str| text.parse().expect("an endpoint");
    let key = Identity::Key { id: "AK".to_owned(), temporary: false, until: None };
    Subject {
        sources: vec!["from here".to_owned(), "and there".to_owned()],
        api: endpoint("https://api.example"),
        store: endpoint("https://obs.example:8443"),
        project_id: "p1".to_owned(),
        found_by_iam: false,
        to_api: key.clone(),
        to_store: key,
        addressing,
        criteria: Criteria {
            since: Timestamp::UNIX_EPOCH,
            until: Timestamp::UNIX_EPOCH,
            desktop_id: None,
            desktop_names: Vec::new(),
            username: None,
            kind: None,
        },
        record_id: None,
    }
}

fn greeting(apart: i64) -> Greeting {
    let theirs = Timestamp::from_second(1_000_000).expect("a time");
    let ours = Timestamp::from_second(1_000_000 + apart).expect("a time");
    Greeting { theirs: Some(theirs), ours }
}

fn reached(apart: [i64; 2]) -> Examined {
    let [api, store] = apart.map(greeting).map(Ok);
    Examined { api, store, listing: None, record: None, objects: None }
}

fn probe(key: &str, answer: Result<(), StoreError>, absence: Option<Absence>) -> Probe {
    Probe::Asked { place: Place { bucket: "bucket".to_owned(), key: key.to_owned() }, answer, absence }
}

fn read(objects: Objects) -> Examined {
    let id = "r1".parse().expect("an id");
    let record = Record { id: Some("r1".to_owned()), ..Record::default() };
    let listing = Some(Ok(vec![record.clone()]));
    Examined { listing, record: Some((id, Ok(record))), objects: Some(objects), ..reached([0, 0]) }
}

fn found(findings: &[Finding], check: Check) -> (Status, &str, Option<&str>) {
    let finding = findings.iter().find(|finding| finding.check == check).expect("every check is told");
    (finding.status, finding.message.as_str(), finding.remedy.as_deref())
}

fn connection_refused() -> HttpError {
    HttpError::Connect { host: "h".to_owned(), proxy: None, message: "refused".to_owned() }
}

fn no_name() -> StoreError {
    let host = "bucket.obs.example".to_owned();
    StoreError::Http(HttpError::Name { host, message: "unknown".to_owned(), temporary: false })
}

#[test]
fn every_check_is_told_once_and_in_order_whatever_was_found() {
    let down = || Examined { api: Err(connection_refused()), store: Err(connection_refused()), ..reached([0, 0]) };
    let well = || Objects { video: probe("v", Ok(()), None), event: probe("e", Ok(()), None), absent: Some(Ok(())) };
    for seen in [down(), reached([0, 0]), reached([9000, 0]), read(well())] {
        let findings = judge(&subject(Addressing::Virtual), &seen);
        assert!(findings.is_sorted_by(|a, b| a.check < b.check) && findings.len() == 14, "{findings:#?}");
    }
}

#[test]
fn a_clock_may_be_a_minute_off_and_fails_beyond_a_quarter_of_an_hour() {
    let cases = [(0, Status::Ok), (60, Status::Ok), (-61, Status::Warn), (900, Status::Warn), (-901, Status::Fail)];
    for (apart, status) in cases {
        for both in [[apart, 0], [0, apart]] {
            let findings = judge(&subject(Addressing::Path), &reached(both));
            assert_eq!(found(&findings, Check::Clock).0, status, "{both:?}");
        }
    }
}

#[test]
fn without_a_server_that_says_its_time_the_clock_is_not_checked() {
    let seen = Examined { api: Err(connection_refused()), store: Err(connection_refused()), ..reached([0, 0]) };
    let findings = judge(&subject(Addressing::Path), &seen);
    let message = "not checked, because no server said what time it is";
    assert_eq!(found(&findings, Check::Clock), (Status::Skip, message, None));
    let remedy = "check --obs-endpoint, firewall and proxy (HTTPS_PROXY, NO_PROXY)";
    assert_eq!(found(&findings, Check::Store), (Status::Fail, "no connection to h: refused", Some(remedy)));
}

#[test]
fn a_bucket_without_a_name_of_its_own_is_an_addressing_that_is_wrong() {
    let objects = |error: fn() -> StoreError| Objects {
        video: probe("v", Err(error()), None),
        event: probe("e", Err(error()), None),
        absent: Some(Err(error())),
    };
    let findings = judge(&subject(Addressing::Virtual), &read(objects(no_name)));
    let message = "the name bucket.obs.example does not resolve: unknown";
    let remedy = "if buckets have no names of their own there, use --addressing path";
    assert_eq!(found(&findings, Check::Addressing), (Status::Fail, message, Some(remedy)));
    assert_eq!(found(&findings, Check::Store).0, Status::Ok);
    assert_eq!(found(&findings, Check::Bucket).1, "not checked, because of addressing");
    let findings = judge(&subject(Addressing::Path), &read(objects(no_name)));
    assert_eq!(found(&findings, Check::Store).0, Status::Fail);
}

#[test]
fn a_virtual_host_is_told_with_its_port() {
    let objects = Objects { video: probe("v", Ok(()), None), event: probe("e", Ok(()), None), absent: None };
    let findings = judge(&subject(Addressing::Virtual), &read(objects));
    let message = "virtual-hosted: https://bucket.obs.example:8443";
    assert_eq!(found(&findings, Check::Addressing), (Status::Ok, message, None));
}

#[test]
fn something_under_a_random_key_is_no_store() {
    let objects = Objects { video: probe("v", Ok(()), None), event: probe("e", Ok(()), None), absent: Some(Ok(())) };
    let findings = judge(&subject(Addressing::Path), &read(objects));
    assert_eq!(found(&findings, Check::AbsentKey).0, Status::Fail);
    assert!(!is_well(&findings));
}

#[test]
fn an_event_file_without_a_name_fails_alone() {
    let event = Probe::Unplaced(LocationError::NoFile);
    let objects = Objects { video: probe("v", Ok(()), None), event, absent: None };
    let findings = judge(&subject(Addressing::Path), &read(objects));
    let message = "there is nothing to read: the record names no file";
    assert_eq!(found(&findings, Check::ReadEvent).1, message);
    assert_eq!(findings.iter().filter(|finding| finding.status == Status::Fail).count(), 1);
}

#[test]
fn a_credential_rejected_between_two_questions_is_not_called_good() {
    let closed = || Closed { code: Code::Unauthorized, message: "not asked".to_owned() };
    let answer = crate::evidence::ServiceAnswer { status: Some(401), ..Default::default() };
    let id = "r1".parse().expect("an id");
    let record = Some((id, Err(ApiError::Refused(answer))));
    let seen = Examined { listing: Some(Ok(Vec::new())), record, ..reached([0, 0]) };
    let findings = judge(&subject(Addressing::Path), &seen);
    assert_eq!(found(&findings, Check::Credentials).0, Status::Fail);
    assert_eq!(found(&findings, Check::Record).1, "not checked, because of credentials");
    let objects = Objects {
        video: probe("v", Err(StoreError::NotAsked(closed())), None),
        event: probe("e", Err(StoreError::NotAsked(closed())), None),
        absent: Some(Err(StoreError::NotAsked(closed()))),
    };
    assert!(!is_well(&judge(&subject(Addressing::Path), &read(objects))));
}

#[test]
fn each_way_of_not_reaching_a_service_has_its_remedy() {
    let host = || "h".to_owned();
    let message = || "why".to_owned();
    let after = std::time::Duration::from_secs(30);
    let network = "check --workspace-endpoint, firewall and proxy (HTTPS_PROXY, NO_PROXY)";
    let between = "check --workspace-endpoint and what stands in between, then try again";
    let cases = [
        (
            HttpError::Name { host: host(), message: message(), temporary: false },
            "the name h does not resolve: why",
            "check --region, --workspace-endpoint and this machine's resolver",
        ),
        (HttpError::Connect { host: host(), proxy: None, message: message() }, "no connection to h: why", network),
        (
            HttpError::Tls { host: host(), proxy: None, message: message() },
            "TLS with h failed: why",
            "check --workspace-endpoint, --ca-bundle and what stands in between",
        ),
        (HttpError::Stalled { host: host(), after }, "nothing came from h for 30 s", network),
        (HttpError::Broken { host: host(), message: message() }, "the connection to h broke: why", between),
        (HttpError::Truncated { host: host() }, "the answer from h ended early", between),
    ];
    for (error, message, remedy) in cases {
        let findings = judge(&subject(Addressing::Path), &Examined { api: Err(error), ..reached([0, 0]) });
        assert_eq!(found(&findings, Check::Api), (Status::Fail, message, Some(remedy)));
    }
}
