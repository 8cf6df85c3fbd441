//! The way to the Workspace API and back: broken, silent, endless, leading elsewhere.

use recverify_sandbox::{ApiCalls, ApiFault, Canned, Recording, Sandbox, Service, Times};

use crate::check::{check, checked};
use crate::harness::verify;

fn disturb(cloud: &Sandbox, id: &str, times: Times, fault: ApiFault) {
    cloud.upload(&Recording::new(id));
    cloud.fail_api(ApiCalls::details(id), times, fault);
}

#[test]
fn a_connection_that_breaks_once_costs_nothing() {
    let cloud = Sandbox::start();
    let faults = [
        ("close", ApiFault::Close),
        ("reset", ApiFault::Reset),
        ("cut", ApiFault::Cut(40)),
        ("stall", ApiFault::Stall),
    ];
    for (id, fault) in &faults {
        disturb(&cloud, id, Times::once(), fault.clone());
    }
    let run = check(&cloud, "close reset cut stall --stall-timeout 300ms");
    for (id, _) in &faults {
        run.is_intact(id);
    }
    assert_eq!(run.code, 0);
}

#[test]
fn a_connection_that_always_breaks_is_told_as_what_it_is() {
    let cloud = Sandbox::start();
    disturb(&cloud, "close", Times::always(), ApiFault::Close);
    disturb(&cloud, "reset", Times::always(), ApiFault::Reset);
    disturb(&cloud, "cut", Times::always(), ApiFault::Cut(40));
    let run = check(&cloud, "close reset cut --api-tries 2");
    let broke = |how: &str| format!("the connection to 127.0.0.1 broke: {how}");
    run.says("close", "unverified", "connection", &broke("connection closed before message completed"));
    run.says("reset", "unverified", "connection", &broke("Connection reset by peer (os error 104)"));
    run.says("cut", "unverified", "truncated", "the answer from 127.0.0.1 ended early");
    assert_eq!((run.code, cloud.requests().len()), (3, 6));
    assert!(cloud.requests().iter().all(|seen| seen.service == Service::Workspace));
}

#[test]
fn an_answer_that_never_comes_is_stalled() {
    let cloud = Sandbox::start();
    disturb(&cloud, "stall", Times::always(), ApiFault::Stall);
    let run = check(&cloud, "stall --stall-timeout 300ms --api-tries 2");
    run.says("stall", "unverified", "stalled", "nothing came from 127.0.0.1 for 0.3 s");
    assert_eq!((run.code, cloud.requests().len()), (3, 2));
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    let cloud = Sandbox::start();
    disturb(&cloud, "flood", Times::always(), ApiFault::Flood(64 << 20));
    let run = check(&cloud, "flood");
    run.says("flood", "unverified", "unreadable_answer", "the answer is larger than 1048576 bytes");
    assert_eq!((run.code, cloud.requests().len()), (3, 1));
}

#[test]
fn a_redirect_is_never_followed() {
    let elsewhere = Sandbox::start();
    let target = format!("{}/v2/x/screen-records/r", elsewhere.workspace_endpoint());
    let cloud = Sandbox::start();
    let statuses = [301, 302, 303, 307, 308];
    for status in statuses {
        let redirect = Canned::redirect(status, &target);
        disturb(&cloud, &format!("r{status}"), Times::always(), ApiFault::Answer(redirect));
    }
    let run = check(&cloud, &statuses.map(|status| format!("r{status}")).join(" "));
    for status in statuses {
        let message =
            format!("the API answered with a redirect to {target}, which is not followed; check the endpoint");
        run.says(&format!("r{status}"), "unverified", "unreadable_answer", &message);
        assert_eq!(run.record(&format!("r{status}"))["reason"]["api"]["status"], status);
    }
    assert_eq!((run.code, cloud.requests().len(), elsewhere.requests().len()), (3, 5, 0));
}

#[test]
fn a_page_of_something_in_between_is_no_record() {
    let cloud = Sandbox::start();
    disturb(&cloud, "portal", Times::always(), ApiFault::Answer(Canned::html(200)));
    disturb(&cloud, "packed", Times::always(), ApiFault::Gzip);
    let run = check(&cloud, "portal packed");
    run.says("portal", "unverified", "unreadable_answer", "the API's answer cannot be read: it is an HTML page");
    assert_eq!(run.record("packed")["reason"]["code"], "unreadable_answer");
    assert!(run.record("packed")["answer"]["body_base64"].is_string(), "as it came");
    assert_eq!((run.code, cloud.requests().len()), (3, 2));
}

#[test]
fn nobody_there_is_a_connection_and_the_wrong_protocol_is_tls() {
    let cloud = Sandbox::start();
    let plain = cloud.workspace_endpoint();
    let tls = plain.replace("http:", "https:");
    let run = checked(verify(&cloud, "a --api-tries 2").env("RECVERIFY_WORKSPACE_ENDPOINT", &tls));
    assert_eq!(run.record("a")["reason"]["code"], "tls");

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://{nobody}");
    let run = checked(verify(&cloud, "a b --api-tries 2").env("RECVERIFY_WORKSPACE_ENDPOINT", &endpoint));
    let message = "no connection to 127.0.0.1: Connection refused (os error 111)";
    run.says("a", "unverified", "connection", message);
    run.says("b", "unverified", "connection", message);
    assert!(cloud.requests().is_empty());
}
