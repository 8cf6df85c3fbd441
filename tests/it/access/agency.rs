//! The agency of a cloud server, asked at its metadata service.

use recverify_sandbox::{AccessCalls, ApiFault, Canned, Proxy, Service, Times};

use super::{AGENCY, SESSION, asked, is_unverified, keyless, one_good, paths, verifies, verifying, with_project};

#[test]
fn the_agency_of_the_server_gives_keys_for_api_and_store_where_it_may_be_asked() {
    let cloud = one_good();
    verifies(with_project(keyless(&cloud)).args("--ecs-agency"));
    assert_eq!(paths(&cloud, Service::Metadata), [SESSION, AGENCY]);
    assert!(paths(&cloud, Service::Iam).is_empty());
    let without = with_project(keyless(&cloud)).run();
    assert_eq!((without.code, asked(&cloud, Service::Metadata).len()), (2, 2));
}

#[test]
fn a_metadata_service_that_knows_no_sessions_is_asked_without_one() {
    for status in [404, 405, 503] {
        let cloud = one_good();
        cloud.metadata_without_sessions(status);
        verifies(with_project(keyless(&cloud)).args("--ecs-agency"));
        let asked = asked(&cloud, Service::Metadata);
        assert_eq!((asked.len(), asked[1].header("x-metadata-token")), (2, None));
    }
}

#[test]
fn a_metadata_service_that_gives_no_keys_is_the_reason_of_the_record() {
    let cases = [
        (Canned::empty(404), "unauthorized", "this server has no agency; assign one to it (404)", 1),
        (Canned::empty(403), "unauthorized", "the metadata service denies them (403)", 1),
        (Canned::empty(500), "service_error", "the metadata service failed (500)", 3),
        (
            Canned::html(200),
            "unreadable_answer",
            "the metadata service's answer cannot be read: it holds no temporary keys in the documented shape",
            1,
        ),
    ];
    for (answer, code, message, tries) in cases {
        let cloud = one_good();
        cloud.fail_access(AccessCalls::Agency, Times::always(), ApiFault::Answer(answer));
        let run = verifying(with_project(keyless(&cloud)).args("--ecs-agency"));
        is_unverified(&run, code, &format!("the agency of this cloud server gave no keys: {message}"));
        assert_eq!(asked(&cloud, Service::Metadata).len(), 2 * tries);
        assert!(asked(&cloud, Service::Workspace).is_empty() && asked(&cloud, Service::Store).is_empty());
    }
}

#[test]
fn a_metadata_service_that_is_silent_is_waited_for_a_second() {
    let cloud = one_good();
    cloud.fail_access(AccessCalls::Session, Times::always(), ApiFault::Stall);
    let began = std::time::Instant::now();
    let run = verifying(with_project(keyless(&cloud)).args("--ecs-agency"));
    let message = "the agency of this cloud server gave no keys: nothing came from 127.0.0.1 for 1 s";
    is_unverified(&run, "stalled", message);
    let tries = u32::try_from(asked(&cloud, Service::Metadata).len()).expect("few");
    assert!(began.elapsed() >= std::time::Duration::from_secs(1) * tries && tries == 3);
}

#[test]
fn the_metadata_service_is_near_or_refused_and_never_behind_a_proxy() {
    let cloud = one_good();
    for place in ["http://10.0.0.1", "http://metadata.example"] {
        let call = with_project(keyless(&cloud)).env("RECVERIFY_METADATA_ENDPOINT", place).args("--ecs-agency");
        let ended = call.run();
        let error = format!(
            "error: {place} of RECVERIFY_METADATA_ENDPOINT can be no metadata service; only a loopback or link-local \
             address can\n"
        );
        assert_eq!((ended.code, ended.err), (2, error));
    }
    // A link-local address nobody has: what is asked there leaves no trace at the proxy.
    let proxy = Proxy::start(&[]);
    let call = with_project(keyless(&cloud)).env("RECVERIFY_METADATA_ENDPOINT", "http://169.254.7.7:9");
    let call = call.env("HTTP_PROXY", &proxy.url()).env("ALL_PROXY", &proxy.url());
    let run = verifying(call.args("--ecs-agency"));
    assert_eq!((run.code, proxy.asked()), (3, Vec::new()));
    let said = run.record("good")["reason"]["message"].as_str().expect("words").to_owned();
    assert!(said.starts_with("the agency of this cloud server gave no keys: ") && !said.contains("proxy"), "{said}");
}
