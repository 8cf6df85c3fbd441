//! IAM and the metadata service as a client meets them.

use super::client::exchange;
use recverify_sandbox::{AccessCalls, ApiFault, Canned, PROJECT_ID, REGION, Sandbox, TOKEN, Times};

fn ask_iam(cloud: &Sandbox, line: &str, headers: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let head =
        format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
    let answer = exchange(&cloud.iam_endpoint(), &head);
    assert!(answer.header("x-iam-trace-id").is_some());
    (answer.status, answer.text())
}

fn ask_metadata(cloud: &Sandbox, line: &str, header: &str) -> (u16, String) {
    let head = format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n");
    let answer = exchange(&cloud.metadata_endpoint(), &head);
    (answer.status, answer.text())
}

fn body(token: &str, seconds: i64) -> String {
    format!(
        "{{\"auth\":{{\"identity\":{{\"methods\":[\"token\"],\"token\":{{\"id\":\"{token}\",\"duration_seconds\":{seconds}}}}}}}}}"
    )
}

#[test]
fn iam_names_the_projects_of_a_name_to_whoever_proves_who_asks() {
    let cloud = Sandbox::start();
    let token = format!("X-Auth-Token: {TOKEN}\r\n");
    let ask = |name: &str, headers: &str| ask_iam(&cloud, &format!("GET /v3/projects?name={name}"), headers, "");
    let (status, text) = ask(REGION, &token);
    assert!(status == 200 && text.contains(PROJECT_ID), "{text}");
    let (status, text) = ask("elsewhere", &token);
    assert!(status == 200 && text.contains("\"projects\":[]"), "{text}");
    for headers in ["", "X-Auth-Token: x\r\n", "Authorization: SDK-HMAC-SHA256 Access=x\r\n"] {
        assert_eq!(ask(REGION, headers).0, 401, "{headers}");
    }
}

#[test]
fn iam_gives_keys_for_the_token_alone_and_for_no_longer_than_it_may() {
    let cloud = Sandbox::start();
    let ask = |body: &str| ask_iam(&cloud, "POST /v3.0/OS-CREDENTIAL/securitytokens", "", body);
    let (status, text) = ask(&body(TOKEN, 900));
    assert!(status == 201 && text.contains("\"access\":\"SANDBOXTEMPKEY000001\"") && text.contains("expires_at"));
    assert_eq!((ask(&body("x", 900)).0, ask(&body(TOKEN, 899)).0, ask("{").0), (401, 400, 400));
    cloud.expire_credentials();
    assert_eq!(ask(&body(TOKEN, 900)).0, 401);
    cloud.renew_credentials();
    cloud.fail_access(AccessCalls::Exchange, Times::once(), ApiFault::Answer(Canned::empty(503)));
    assert_eq!((ask(&body(TOKEN, 900)).0, ask(&body(TOKEN, 900)).0), (503, 201));
}

#[test]
fn the_metadata_service_gives_keys_to_a_session_or_knows_no_sessions_at_all() {
    let cloud = Sandbox::start();
    let session = || ask_metadata(&cloud, "PUT /meta-data/latest/api/token", "X-Metadata-Token-Ttl-Seconds: 60\r\n");
    let keys = |header: &str| ask_metadata(&cloud, "GET /openstack/latest/securitykey", header).0;
    assert_eq!(ask_metadata(&cloud, "PUT /meta-data/latest/api/token", "").0, 400);
    let (status, token) = session();
    assert_eq!((status, keys(""), keys("X-Metadata-Token: x\r\n")), (200, 401, 401));
    assert_eq!(keys(&format!("X-Metadata-Token: {token}\r\n")), 200);
    cloud.metadata_without_sessions(405);
    assert_eq!((session().0, keys("")), (405, 200));
}
