//! The Workspace API as a client meets it.

use super::client::{End, api_get_signed_with, details, exchange};
use recverify_sandbox::{ApiCalls, ApiFault, Canned, PROJECT_ID, Recording, SECRET_KEY, Sandbox, TOKEN, Times};

#[test]
fn a_signed_call_and_one_with_a_token_both_get_the_record() {
    let cloud = Sandbox::start();
    let record = cloud.upload(&Recording::new("r-1"));
    let signed = details(&cloud, "r-1");
    assert_eq!((signed.status, signed.text()), (200, record.to_string()));

    let path = format!("/v2/{PROJECT_ID}/screen-records");
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {TOKEN}\r\nConnection: close\r\n\r\n");
    let list = exchange(&cloud.workspace_endpoint(), &head);
    assert_eq!((list.status, list.text()), (200, format!("{{\"screen_records\":[{record}],\"total_count\":1}}")));
}

#[test]
fn another_secret_is_refused_in_the_gateways_words() {
    let cloud = Sandbox::start();
    let path = format!("/v2/{PROJECT_ID}/screen-records/r-1");
    let refused = api_get_signed_with(&cloud, &SECRET_KEY.replace('6', "7"), &path);
    assert_eq!(refused.status, 401);
    assert!(refused.text().contains("verify aksk signature fail"), "{}", refused.text());
    assert!(refused.header("x-request-id").is_some());
}

#[test]
fn each_refusal_has_its_status_and_code() {
    let cloud = Sandbox::start();
    let call = |path: &str| api_get_signed_with(&cloud, SECRET_KEY, path);
    let foreign = call("/v2/ffffffffffffffffffffffffffffffff/screen-records/r-1");
    assert_eq!(foreign.status, 403);
    assert!(foreign.text().contains("encoded_authorization_message"));
    assert_eq!(call("/v2/x/desktops").status, 404);
    assert_eq!(details(&cloud, "unknown").status, 404);
    cloud.set_clock_offset(16 * 60);
    assert_eq!(details(&cloud, "unknown").status, 401);
}

#[test]
fn faults_do_what_they_say() {
    let cloud = Sandbox::start();
    let length = cloud.upload(&Recording::new("r-1")).to_string().len();
    let strike = |fault| {
        cloud.fail_api(ApiCalls::details("r-1"), Times::once(), fault);
        details(&cloud, "r-1")
    };
    let throttled = strike(ApiFault::Answer(Canned::error(429, "APIGW.0308", "throttled").retry_after(3)));
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, Some("3")));
    assert_eq!(strike(ApiFault::Close).end, End::Closed);
    assert_eq!(strike(ApiFault::Reset).end, End::Reset);
    assert_eq!((strike(ApiFault::Stall).status, strike(ApiFault::Stall).end), (0, End::Open));
    let cut = strike(ApiFault::Cut(7));
    assert_eq!((cut.body.len(), cut.end), (7, End::Closed));
    assert_eq!(cut.header("content-length"), Some(&*length.to_string()));
    assert_eq!(strike(ApiFault::Flood(3_000_000)).body.len() / 3_000_000, 1);
    assert_eq!(strike(ApiFault::Gzip).body[..2], [0x1f, 0x8b]);
    assert_eq!(details(&cloud, "r-1").body.len(), length);
}

#[test]
fn a_held_answer_waits_for_its_release() {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("r-1"));
    cloud.fail_api(ApiCalls::Any, Times::always(), ApiFault::Hold);
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| details(&cloud, "r-1"));
        cloud.wait_for(|seen| seen.len() == 1);
        assert_eq!(cloud.requests()[0].status, None);
        cloud.release();
        assert_eq!(caller.join().unwrap().status, 200);
    });
    assert_eq!(cloud.requests()[0].status, Some(200));
}
