//! The Workspace API refuses: each status and each shape of error body becomes its reason, nothing of it lost.

use recverify_sandbox::{ApiCalls, ApiFault, Canned, Recording, SECRET_KEY, Sandbox, Service, Times};
use serde_json::json;

use crate::check::{check, checked};
use crate::harness::{recverify, verify};

fn asked(cloud: &Sandbox, id: &str) -> usize {
    let path = format!("/screen-records/{id}");
    cloud.requests().iter().filter(|seen| seen.service == Service::Workspace && seen.path.ends_with(&path)).count()
}

fn answer(cloud: &Sandbox, id: &str, times: Times, canned: Canned) {
    cloud.upload(&Recording::new(id));
    cloud.fail_api(ApiCalls::details(id), times, ApiFault::Answer(canned));
}

#[test]
fn each_refusal_has_its_code_and_its_words_and_is_asked_once() {
    let cloud = Sandbox::start();
    let cases = [
        (
            "gone",
            Canned::error(404, "WKS.00010404", "No such record."),
            "record_not_found",
            "the API knows no such record (404 WKS.00010404: No such record.)",
        ),
        (
            "no-api",
            Canned::error(404, "APIGW.0101", "The API does not exist."),
            "service_error",
            "there is no such API at this address; check endpoint and region (404 APIGW.0101: The API does not exist.)",
        ),
        (
            "page-404",
            Canned::html(404),
            "unreadable_answer",
            "there is no such API at this address; check endpoint and region (404)",
        ),
        (
            "forbidden",
            Canned::forbidden("WKS.00010403", "Policy says no.", "c2VjcmV0"),
            "access_denied",
            "the API denied access; grant workspace:screenRecord:get (403 WKS.00010403: Policy says no.)",
        ),
        (
            "bad",
            Canned::error(400, "WKS.00010400", "Invalid parameter."),
            "service_error",
            "the API refused the request (400 WKS.00010400: Invalid parameter.)",
        ),
        ("method", Canned::empty(405), "service_error", "the API refused the request (405)"),
        ("teapot", Canned::empty(204), "service_error", "the API refused the request (204)"),
        ("not-implemented", Canned::empty(501), "service_error", "the API failed (501)"),
    ];
    for (id, canned, ..) in &cases {
        answer(&cloud, id, Times::always(), canned.clone());
    }
    let run = check(&cloud, &cases.each_ref().map(|(id, ..)| *id).join(" "));
    for (id, _, code, message) in &cases {
        run.says(id, "unverified", code, message);
        assert_eq!(asked(&cloud, id), 1, "{id}");
        assert_eq!(run.record(id)["objects"], json!([]));
    }
    let refused = &run.record("forbidden")["reason"]["api"];
    assert_eq!(refused["encoded_authorization_message"], "c2VjcmV0");
    assert!(run.text.contains("    encoded   c2VjcmV0\n"));
    assert_eq!(run.code, 3);
}

#[test]
fn a_record_that_does_not_exist_is_not_found() {
    let cloud = Sandbox::start();
    let run = check(&cloud, "nobody");
    let message = "the API knows no such record (404 WKS.00010404: The screen record nobody does not exist.)";
    run.says("nobody", "unverified", "record_not_found", message);
    let reason = &run.record("nobody")["reason"];
    let api = json!({
        "status": 404,
        "error_code": "WKS.00010404",
        "error_msg": "The screen record nobody does not exist.",
        "encoded_authorization_message": null,
        "request_id": "00000000000000000000000000000001",
    });
    assert_eq!(reason["api"], api);
    assert_eq!(run.code, 3);
}

#[test]
fn every_shape_of_error_body_is_read() {
    let cloud = Sandbox::start();
    let in_body = json!({"error_code": "APIGW.0201", "error_msg": "Bad.", "request_id": "from-the-body"});
    let cases = [
        ("documented", Canned::error(400, "WKS.1", "Bad."), json!("WKS.1"), json!("Bad.")),
        ("camel", Canned::camel_case_error(400, "WKS.2", "Bad."), json!("WKS.2"), json!("Bad.")),
        ("plain", Canned::plain_error(400, "WKS.3", "Bad."), json!("WKS.3"), json!("Bad.")),
        ("nested", Canned::nested_error(400, "Bad.", "Bad Request"), json!("400"), json!("Bad.")),
        ("body-id", Canned::json(400, &in_body).header("x-request-id", ""), json!("APIGW.0201"), json!("Bad.")),
        ("page", Canned::html(400), json!(null), json!(null)),
        ("iam", Canned::empty(400).header("x-request-id", "from-the-header"), json!(null), json!(null)),
    ];
    for (id, canned, ..) in &cases {
        answer(&cloud, id, Times::always(), canned.clone());
    }
    let run = check(&cloud, &cases.each_ref().map(|(id, ..)| *id).join(" "));
    for (id, _, code, message) in &cases {
        let api = &run.record(id)["reason"]["api"];
        assert_eq!((&api["error_code"], &api["error_msg"], &api["status"]), (code, message, &json!(400)), "{id}");
        assert!(!api["request_id"].as_str().expect("a request id").is_empty(), "{id}");
    }
    assert_eq!(run.record("body-id")["reason"]["api"]["request_id"], "from-the-body");
    assert_eq!(run.record("iam")["reason"]["api"]["request_id"], "from-the-header");
}

#[test]
fn what_passes_is_asked_again_until_it_is_answered() {
    let cloud = Sandbox::start();
    let statuses = [429, 500, 502, 503, 504];
    for status in statuses {
        answer(&cloud, &format!("r{status}"), Times::first(2), Canned::error(status, "WKS.9", "Later."));
    }
    let run = check(&cloud, &statuses.map(|status| format!("r{status}")).join(" "));
    for status in statuses {
        let id = format!("r{status}");
        run.is_intact(&id);
        assert_eq!(asked(&cloud, &id), 3);
    }
    assert_eq!(run.code, 0);
}

#[test]
fn what_does_not_pass_is_asked_as_often_as_allowed() {
    let cloud = Sandbox::start();
    answer(&cloud, "down", Times::always(), Canned::error(503, "WKS.9", "Down."));
    answer(&cloud, "busy", Times::always(), Canned::error(429, "APIGW.0308", "Too many requests."));
    let run = check(&cloud, "down busy --api-tries 3");
    run.says("down", "unverified", "service_error", "the API failed (503 WKS.9: Down.)");
    run.says("busy", "unverified", "throttled", "the API is throttling (429 APIGW.0308: Too many requests.)");
    assert_eq!((asked(&cloud, "down"), asked(&cloud, "busy")), (3, 3));
    assert_eq!(check(&cloud, "down --api-tries 1").code, 3);
    assert_eq!(asked(&cloud, "down"), 4);
}

#[test]
fn retry_after_is_waited_for() {
    let cloud = Sandbox::start();
    answer(&cloud, "busy", Times::once(), Canned::error(429, "APIGW.0308", "Busy.").retry_after(1));
    check(&cloud, "busy").is_intact("busy");
    let arrivals: Vec<_> = cloud.requests().iter().map(|seen| seen.arrived).collect();
    assert!(arrivals[1] - arrivals[0] >= std::time::Duration::from_secs(1));
}

#[test]
fn a_rejected_credential_is_used_no_more() {
    let rejection = "the API rejected the credential (401 APIGW.0301: \
                     Incorrect IAM authentication information: verify aksk signature fail)";
    let not_asked = format!("not asked, so as not to lock the key: {rejection}");
    let cloud = Sandbox::start();
    let ids: Vec<_> = (0..9).map(|n| format!("r{n}")).collect();
    for id in &ids {
        cloud.upload(&Recording::new(id));
    }
    let run = checked(verify(&cloud, &ids.join(" ")).env("HUAWEICLOUD_SDK_SK", "wrong"));
    let messages: Vec<_> = run.records().iter().map(|record| record["reason"]["message"].clone()).collect();
    assert_eq!(messages.iter().filter(|message| **message == rejection).count(), 1);
    assert_eq!(messages.iter().filter(|message| **message == not_asked).count(), 8);
    assert!(run.records().iter().all(|record| record["reason"]["code"] == "unauthorized"));
    assert_eq!((run.code, cloud.requests().len()), (3, 1));
}

#[test]
fn every_way_a_credential_is_rejected_is_unauthorized() {
    let cases = [
        (Canned::error(401, "WKS.00010401", "Unauthorized."), "(401 WKS.00010401: Unauthorized.)"),
        (Canned::error(403, "APIG.0301", "Incorrect IAM."), "(403 APIG.0301: Incorrect IAM.)"),
        (Canned::nested_error(401, "Token expired.", "Unauthorized"), "(401 401: Token expired.)"),
        (Canned::html(401), "(401)"),
    ];
    for (canned, said) in cases {
        let cloud = Sandbox::start();
        answer(&cloud, "a", Times::always(), canned);
        let run = check(&cloud, "a");
        run.says("a", "unverified", "unauthorized", &format!("the API rejected the credential {said}"));
        assert_eq!((run.code, cloud.requests().len()), (3, 1));
    }
}

#[test]
fn a_token_that_is_not_accepted_is_unauthorized_too() {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("a"));
    let run = checked(verify(&cloud, "a").env("RECVERIFY_AUTH_TOKEN", "worn-out-token-MUST-NOT-APPEAR"));
    let message = "the API rejected the credential (401 APIGW.0301: \
                   Incorrect IAM authentication information: decrypt token fail)";
    run.says("a", "unverified", "unauthorized", message);
    let ended = recverify(&cloud).args("verify a").env("RECVERIFY_AUTH_TOKEN", recverify_sandbox::TOKEN).run();
    assert_eq!(ended.code, 0);
    assert!(!ended.out.contains(SECRET_KEY));
}
