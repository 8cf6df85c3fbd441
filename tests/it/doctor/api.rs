//! Network, clock, credentials, permissions and records: what the Workspace API stands in the way with.

use std::net::TcpListener;

use recverify_sandbox::{ApiCalls, ApiFault, Canned, PROJECT_ID, Recording, Sandbox, Service, TOKEN, Times};
use serde_json::json;

use super::{KEY, NO_FILES, cloud, doctor, line, not_well, run, signed, skipped};

#[test]
fn a_wrong_secret_is_shown_to_the_api_once_and_to_the_store_never() {
    let cloud = cloud();
    let said = "401 APIGW.0301: Incorrect IAM authentication information: verify aksk signature fail";
    let next = "check that key and secret belong together and that the key was neither deleted nor disabled";
    let mut lines = vec![line("fail", "credentials", &format!("the API rejected {KEY} ({said})"), next)];
    lines.extend(skipped(&["project", "list", "record"], "credentials"));
    lines.extend(skipped(&NO_FILES, "credentials"));
    assert_eq!(not_well(doctor(&cloud, "rec").env("HUAWEICLOUD_SDK_SK", "wrong")), lines);
    assert_eq!((signed(&cloud, Service::Workspace), signed(&cloud, Service::Store)), (1, 0));
}

#[test]
fn credentials_that_expired_are_to_be_renewed() {
    let cloud = cloud();
    cloud.require_temporary_keys();
    assert_eq!(not_well(doctor(&cloud, "")), Vec::<String>::new());
    cloud.expire_credentials();
    let said =
        "(401 APIGW.0301: Incorrect IAM authentication information: The token or the temporary access key has expired)";
    let of_key = (
        doctor(&cloud, ""),
        "the temporary access key SANDBOXACCESSKEY0001",
        "renew the temporary keys, and their security token with them",
    );
    let of_token = (
        doctor(&cloud, "").env("RECVERIFY_AUTH_TOKEN", TOKEN),
        "the token",
        "get a new token: one ends after 24 h, and earlier when password or permissions change",
    );
    for (call, who, next) in [of_key, of_token] {
        let mut lines = vec![line("fail", "credentials", &format!("the API rejected {who} {said}"), next)];
        lines.extend(skipped(&["project", "list", "record"], "credentials"));
        lines.extend(skipped(&NO_FILES, "credentials"));
        assert_eq!(not_well(call), lines);
    }
}

#[test]
fn a_permission_the_api_wants_is_named() {
    let cloud = cloud();
    let denied = ApiFault::Answer(Canned::forbidden("WKS.00010403", "Policy says no.", "c2VjcmV0"));
    cloud.fail_api(ApiCalls::AnyDetails, Times::always(), denied.clone());
    let said = "(403 WKS.00010403: Policy says no.)";
    let next = format!("grant workspace:screenRecord:get on project {PROJECT_ID}");
    let record = line("fail", "record", &format!("the API denied record rec {said}"), &next);
    let lines: Vec<_> = std::iter::once(record.clone()).chain(skipped(&NO_FILES, "record")).collect();
    assert_eq!(not_well(doctor(&cloud, "")), lines);

    cloud.fail_api(ApiCalls::List, Times::always(), denied);
    let next = format!("grant workspace:screenRecord:list on project {PROJECT_ID}");
    let list = line("fail", "list", &format!("the API denied the listing {said}"), &next);
    let message = format!("nothing was allowed in project {PROJECT_ID}, so it may be another one that is meant");
    let project = line("warn", "project", &message, "check --project-id, and that it goes with the region");
    let lines: Vec<_> =
        [project.clone(), list.clone(), record].into_iter().chain(skipped(&NO_FILES, "record")).collect();
    assert_eq!(not_well(doctor(&cloud, "rec")), lines);
    let record = line("skip", "record", "not checked, because of list", "name a record");
    let lines: Vec<_> = [project, list, record].into_iter().chain(skipped(&NO_FILES, "list")).collect();
    assert_eq!(not_well(doctor(&cloud, "")), lines);
}

#[test]
fn leave_to_list_is_not_needed_to_look_at_a_record_that_is_named() {
    let cloud = cloud();
    let denied = ApiFault::Answer(Canned::forbidden("WKS.00010403", "Policy says no.", "c2VjcmV0"));
    cloud.fail_api(ApiCalls::List, Times::always(), denied);
    let next = format!("grant workspace:screenRecord:list on project {PROJECT_ID}");
    let list = line("fail", "list", "the API denied the listing (403 WKS.00010403: Policy says no.)", &next);
    assert_eq!(not_well(doctor(&cloud, "rec")), [list]);
}

#[test]
fn a_clock_that_is_off_is_told_and_nothing_is_signed_by_it() {
    for (offset, apart) in [(3630, "60 min behind"), (-7230, "120 min ahead of")] {
        let cloud = cloud();
        cloud.set_clock_offset(offset);
        let told = not_well(doctor(&cloud, "rec"));
        let behind = |server| {
            let message = format!("this machine's clock is {apart} that of {server}");
            line("fail", "clock", &message, "set it right: beyond 15 min no signature is accepted")
        };
        assert!([behind("the Workspace API"), behind("the store")].contains(&told[0]), "{told:#?}");
        let mut lines = skipped(&["credentials", "project", "list", "record"], "clock");
        lines.extend(skipped(&NO_FILES, "clock"));
        assert_eq!(told[1..], lines);
        assert_eq!((signed(&cloud, Service::Workspace), signed(&cloud, Service::Store)), (0, 0));
    }
}

#[test]
fn a_clock_that_drifts_is_worth_a_look_and_no_failure() {
    let cloud = cloud();
    cloud.set_clock_offset(330);
    let told = not_well(doctor(&cloud, ""));
    assert!(
        told.len() == 1
            && told[0].starts_with("warn  clock              this machine's clock is 5 min behind that of "),
        "{told:#?}"
    );
}

#[test]
fn a_name_that_does_not_resolve_is_told_and_the_other_service_is_asked_all_the_same() {
    let cloud = cloud();
    let host = format!("{}.invalid", "x".repeat(64));
    let at = |flag: &str| doctor(&cloud, &format!("--allow-http --addressing path {flag} http://{host}"));
    for (check, flag) in [("api", "--workspace-endpoint"), ("store", "--obs-endpoint")] {
        let told = not_well(at(flag));
        let begins = format!("fail  {check:<17}  the name {host} does not resolve: ");
        let ends = format!("; next: check --region, {flag} and this machine's resolver");
        assert!(told[0].starts_with(&begins) && told[0].ends_with(&ends), "{told:#?}");
        let api_side = if check == "api" { &["credentials", "project", "list", "record"][..] } else { &[] };
        let lines: Vec<_> = skipped(api_side, check).into_iter().chain(skipped(&NO_FILES, check)).collect();
        assert_eq!(told[1..], lines);
    }
}

/// An address where nobody listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    format!("http://{address}")
}

#[test]
fn an_api_that_is_down_is_told_and_nobody_else_blamed() {
    let cloud = cloud();
    let down = nowhere();
    let message = "no connection to 127.0.0.1: Connection refused (os error 111)";
    let next = "check --workspace-endpoint, firewall and proxy (HTTPS_PROXY, NO_PROXY)";
    let rest = |because_of| -> Vec<String> {
        let api_side = skipped(&["credentials", "project", "list", "record"], because_of);
        api_side.into_iter().chain(skipped(&NO_FILES, because_of)).collect()
    };
    let lines: Vec<_> = std::iter::once(line("fail", "api", message, next)).chain(rest("api")).collect();
    assert_eq!(not_well(doctor(&cloud, &format!("--workspace-endpoint {down}"))), lines);

    let cases = [
        (
            Canned::error(503, "WKS.0503", "overloaded"),
            "the API failed (503 WKS.0503: overloaded)",
            "try again later; if it lasts, tell the service's support",
        ),
        (
            Canned::html(403),
            "a 403 came that is not the API's own; check endpoint and proxy (403)",
            "check --region, --workspace-endpoint and what stands in between, such as a proxy",
        ),
    ];
    for (answer, message, next) in cases {
        cloud.heal();
        cloud.fail_api(ApiCalls::Any, Times::always(), ApiFault::Answer(answer));
        let lines: Vec<_> = std::iter::once(line("fail", "api", message, next)).chain(rest("api")).collect();
        assert_eq!(not_well(doctor(&cloud, "rec")), lines);
    }
}

#[test]
fn where_nothing_is_listed_there_is_no_record_to_try_and_that_is_no_pass() {
    let cloud = Sandbox::start();
    let ended = run(doctor(&cloud, "--since 2026-01-01"));
    let list = line("ok", "list", "records may be listed; none began since 2026-01-01T00:00:00.000Z", "");
    let next = "name one, or look further back with --since";
    let record = line("skip", "record", "not checked, because there is no record to try", next);
    let lines: Vec<_> = [list, record].into_iter().chain(skipped(&NO_FILES, "record")).collect();
    assert_eq!((ended.code, ended.out.lines().skip(6).map(str::to_owned).collect::<Vec<_>>()), (3, lines));
}

#[test]
fn the_newest_record_that_is_uploaded_is_tried() {
    let cloud = cloud();
    for (id, status, minutes_ago) in [("older", "UPLOAD_COMPLETED", 90), ("newest", "UPLOADING", 5)] {
        let start_time = Some(jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes_ago));
        let mut record = cloud.upload(&Recording { start_time, ..Recording::new(id) });
        record["status"] = json!(status);
        cloud.add_record(id, record);
    }
    let ended = run(doctor(&cloud, ""));
    assert!(ended.out.contains(&line("ok", "record", "the API describes rec", "")), "{}", ended.out);

    let message = "the API describes newest; its status is UPLOADING, so its files are not in the bucket";
    let record = line("warn", "record", message, "name a record that is uploaded");
    let lines: Vec<_> = std::iter::once(record).chain(skipped(&NO_FILES, "record")).collect();
    assert_eq!(not_well(doctor(&cloud, "newest")), lines);
}

#[test]
fn a_record_nobody_knows_is_told() {
    let cloud = cloud();
    let message = "the API knows no record nobody (404 WKS.00010404: The screen record nobody does not exist.)";
    let record = line("fail", "record", message, "check the id, the project and the region");
    let lines: Vec<_> = std::iter::once(record).chain(skipped(&NO_FILES, "record")).collect();
    assert_eq!(not_well(doctor(&cloud, "nobody")), lines);
}

#[test]
fn a_token_needs_no_clock_and_what_is_signed_does() {
    let cloud = cloud();
    cloud.set_clock_offset(3630);
    let told = not_well(doctor(&cloud, "").env("RECVERIFY_AUTH_TOKEN", TOKEN));
    assert!(told[0].starts_with("fail  clock  "), "{told:#?}");
    assert_eq!(told[1..], skipped(&NO_FILES, "clock"));
    assert_eq!((signed(&cloud, Service::Workspace), signed(&cloud, Service::Store)), (2, 0));
}
