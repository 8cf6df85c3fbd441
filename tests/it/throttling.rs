//! A service that has too many requests is left alone by the whole run, not by the one request that was told.

use std::time::Duration;

use recverify_sandbox::{ApiCalls, ApiFault, Canned, Recording, Sandbox, Seen, Service, StoreCalls, StoreFault, Times};

use crate::check::{Checked, checked};
use crate::harness::{recverify, verify};

const RECORDS: usize = 40;

fn full_cloud() -> Sandbox {
    let cloud = Sandbox::start();
    (0..RECORDS).for_each(|n| drop(cloud.upload(&Recording::new(&format!("r{n}")))));
    cloud
}

fn run(cloud: &Sandbox) -> Checked {
    let ids: Vec<_> = (0..RECORDS).map(|n| format!("r{n}")).collect();
    let run = checked(verify(cloud, &ids.join(" ")).args("--concurrency 8"));
    assert_eq!((run.code, &run.report["summary"]["intact"]), (0, &RECORDS.into()), "{}", run.err);
    run
}

fn busy(retry_after: Option<u32>) -> ApiFault {
    let answer = Canned::error(429, "APIGW.0308", "Too many requests.");
    ApiFault::Answer(match retry_after {
        Some(seconds) => answer.retry_after(seconds),
        None => answer,
    })
}

fn asked(cloud: &Sandbox, service: Service) -> Vec<Seen> {
    cloud.requests().into_iter().filter(|seen| seen.service == service).collect()
}

/// How many requests reached a service in the second after it said that it has too many, and wants to be left alone for
/// that long.
fn in_the_pause(cloud: &Sandbox, service: Service) -> usize {
    let asked = asked(cloud, service);
    let told = asked.iter().find(|seen| seen.status == Some(429)).expect("it throttled").arrived;
    asked.iter().filter(|seen| seen.arrived > told && seen.arrived < told + Duration::from_secs(1)).count()
}

#[test]
fn nothing_but_what_was_on_its_way_is_asked_of_an_api_that_throttles() {
    let cloud = full_cloud();
    cloud.fail_api(ApiCalls::AnyDetails, Times::once().after(4), busy(Some(1)));
    run(&cloud);
    assert!(in_the_pause(&cloud, Service::Workspace) < 8, "{:#?}", in_the_pause(&cloud, Service::Workspace));
    assert_eq!(asked(&cloud, Service::Workspace).len(), RECORDS + 1);
}

#[test]
fn nothing_but_what_was_on_its_way_is_asked_of_a_store_that_throttles() {
    let cloud = full_cloud();
    let fault = StoreFault::Error { status: 429, code: "TooManyRequests", retry_after: Some(1) };
    cloud.fail_store(StoreCalls::gets(), Times::once().after(4), fault);
    run(&cloud);
    // Both objects of eight records.
    assert!(in_the_pause(&cloud, Service::Store) < 16, "{:#?}", in_the_pause(&cloud, Service::Store));
    assert_eq!(asked(&cloud, Service::Store).len(), 2 * RECORDS + 1);
}

#[test]
fn pauses_in_vain_cost_no_record() {
    let cloud = full_cloud();
    cloud.fail_api(ApiCalls::AnyDetails, Times::first(10).after(4), busy(None));
    run(&cloud);
    let refused = asked(&cloud, Service::Workspace).iter().filter(|seen| seen.status == Some(429)).count();
    assert_eq!((refused, asked(&cloud, Service::Workspace).len()), (10, RECORDS + 10));
}

#[test]
fn a_service_that_throttles_for_good_is_given_up_for_the_rest_of_the_run() {
    let cloud = full_cloud();
    cloud.fail_api(ApiCalls::AnyDetails, Times::always(), busy(None));
    let ids: Vec<_> = (0..RECORDS).map(|n| format!("r{n}")).collect();
    let run = checked(
        recverify(&cloud).args(&format!("verify --format json --retry-wait 1us --api-tries 2 {}", ids.join(" "))),
    );
    assert_eq!((run.code, &run.report["summary"]["unverified"]), (3, &RECORDS.into()));
    assert_eq!(asked(&cloud, Service::Workspace).len(), 20);
    let message = "not asked: the Workspace API failed 20 times in a row, the last time so: the API is throttling \
                   (429 APIGW.0308: Too many requests.)";
    run.says("r39", "unverified", "throttled", message);
}
