//! `recverify doctor`: whatever stands in the way is named with its remedy, and nothing else is blamed.

use std::net::TcpListener;

use recverify_sandbox::{
    ApiCalls, ApiFault, Canned, PROJECT_ID, Recording, Sandbox, Seen, Service, StoreCalls, StoreFault, TOKEN, Times,
};
use serde_json::{Value, json};

use crate::harness::{Call, Ended, recverify};

const BUCKET: &str = "wks-recordings";
const KEY: &str = "the access key SANDBOXACCESSKEY0001";
const NO_FILES: [&str; 6] = ["store_credentials", "bucket", "addressing", "read_video", "read_event", "absent_key"];

fn cloud() -> Sandbox {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("rec"));
    cloud
}

fn doctor(cloud: &Sandbox, words: &str) -> Call {
    recverify(cloud).args("doctor --retry-wait 1ms").args(words)
}

/// Runs it; no secret is told, and the exit code follows from the lines.
fn run(call: Call) -> Ended {
    let ended = call.run();
    for shown in [&ended.out, &ended.err] {
        assert!(!shown.contains("MUST-NOT-APPEAR") && !shown.contains("MUST/NOT/APPEAR"), "a secret in {shown}");
    }
    let undecided = ended.out.lines().any(|line| line.starts_with("fail") || line.starts_with("skip"));
    let in_json = ended.out.contains("\"status\":\"fail\"") || ended.out.contains("\"status\":\"skip\"");
    assert_eq!(ended.code, if undecided || in_json { 3 } else { 0 }, "{ended:?}");
    ended
}

/// Every line that is not well, as it stands.
fn not_well(call: Call) -> Vec<String> {
    run(call.args("-q")).out.lines().map(str::to_owned).collect()
}

fn line(status: &str, check: &str, message: &str, next: &str) -> String {
    let next = if next.is_empty() { String::new() } else { format!("; next: {next}") };
    format!("{status:<4}  {check:<17}  {message}{next}")
}

fn skipped(checks: &[&str], because_of: &str) -> Vec<String> {
    checks.iter().map(|check| line("skip", check, &format!("not checked, because of {because_of}"), "")).collect()
}

fn asked(cloud: &Sandbox, service: Service) -> Vec<Seen> {
    cloud.requests().into_iter().filter(|seen| seen.service == service).collect()
}

/// Requests a credential was shown in.
fn signed(cloud: &Sandbox, service: Service) -> usize {
    let shown = |seen: &&Seen| seen.header("authorization").or(seen.header("x-auth-token")).is_some();
    asked(cloud, service).iter().filter(shown).count()
}

#[test]
fn where_all_is_well_each_check_says_what_it_found() {
    let cloud = cloud();
    let (api, store) = (cloud.workspace_endpoint(), cloud.obs_endpoint());
    let plain = "answers, in plain http that stays on this machine";
    let settings = format!(
        "Workspace API: {api}, project {PROJECT_ID}; OBS: {store}, region eu-west-101; keys from the environment \
         (HUAWEICLOUD_SDK_AK)"
    );
    let found = [
        ("settings", settings),
        ("clock", "within a minute of the servers'".to_owned()),
        ("api", format!("{api} {plain}")),
        ("store", format!("{store} {plain}")),
        ("credentials", format!("the API accepts {KEY}")),
        ("project", format!("the API answers for project {PROJECT_ID}")),
        ("list", "records may be listed".to_owned()),
        ("record", "the API describes rec".to_owned()),
        ("store_credentials", format!("the store accepts {KEY}")),
        ("bucket", format!("the store knows bucket {BUCKET}")),
        ("addressing", format!("path-style: {store}/{BUCKET}")),
        ("read_video", format!("{BUCKET}/recordings/rec/rec.mp4 may be read")),
        ("read_event", format!("{BUCKET}/recordings/rec/rec.jsonl may be read")),
        ("absent_key", "a missing object can be told from a denied one".to_owned()),
    ];
    let ended = run(doctor(&cloud, ""));
    let lines: Vec<_> = found.iter().map(|(check, message)| line("ok", check, message, "")).collect();
    assert_eq!(
        (ended.code, ended.out.lines().collect::<Vec<_>>(), ended.err.as_str()),
        (0, lines.iter().map(String::as_str).collect(), "")
    );

    let ended = run(doctor(&cloud, "rec --format json"));
    let checks: Vec<_> = found
        .iter()
        .map(|(check, message)| json!({"check": check, "status": "ok", "message": message, "remedy": null}))
        .collect();
    let tool = json!({"name": "recverify", "version": env!("CARGO_PKG_VERSION")});
    let summary = json!({"ok": 14, "warn": 0, "fail": 0, "skip": 0});
    let document = json!({"schema": "recverify/doctor/v1", "tool": tool, "checks": checks, "summary": summary});
    assert_eq!((ended.code, ended.report()), (0, document));
}

#[test]
fn nothing_is_changed_and_no_more_than_a_byte_of_an_object_is_asked_for() {
    let cloud = cloud();
    // Even a store that sends all of an object instead is not listened to.
    cloud.fail_store(StoreCalls::get(BUCKET, "recordings/rec/rec.mp4"), Times::always(), StoreFault::IgnoreRange);
    assert_eq!(not_well(doctor(&cloud, "")), Vec::<String>::new());
    let requests = cloud.requests();
    assert!(requests.iter().all(|seen| seen.method == "GET" || seen.method == "HEAD"), "{requests:#?}");
    assert_eq!((asked(&cloud, Service::Workspace).len(), asked(&cloud, Service::Store).len()), (3, 4));
    let gets: Vec<_> = asked(&cloud, Service::Store).into_iter().filter(|seen| seen.method == "GET").collect();
    assert!(gets.len() == 3 && gets.iter().all(|seen| seen.header("range") == Some("bytes=0-0")), "{gets:#?}");
    assert!(gets[2].path.starts_with("/wks-recordings/recordings/rec/recverify-doctor-"), "{}", gets[2].path);
}

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
fn a_wrong_store_key_beside_a_good_token_is_shown_to_the_store_once() {
    let cloud = cloud();
    let call = doctor(&cloud, "").env("RECVERIFY_AUTH_TOKEN", TOKEN).env("HUAWEICLOUD_SDK_SK", "wrong");
    let message = format!("the store rejected {KEY} (403 SignatureDoesNotMatch)");
    let next = "check that key and secret belong together and that the key was neither deleted nor disabled";
    let mut lines = vec![line("fail", "store_credentials", &message, next)];
    lines.extend(skipped(&NO_FILES[1..], "store_credentials"));
    assert_eq!(not_well(call), lines);
    assert_eq!(signed(&cloud, Service::Store), 1);
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
    let lines: Vec<_> = [project.clone(), list.clone(), record].into_iter().chain(skipped(&NO_FILES, "list")).collect();
    let told = not_well(doctor(&cloud, "rec"));
    assert_eq!(told[..3], lines[..3]);
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
fn leave_to_read_is_told_for_each_object_by_itself() {
    let cloud = cloud();
    cloud.deny_read(BUCKET, "recordings/rec/rec.mp4");
    let message = "the store denied wks-recordings/recordings/rec/rec.mp4 (403 AccessDenied: Access Denied)";
    let next = "grant obs:object:GetObject on the objects of bucket wks-recordings";
    assert_eq!(not_well(doctor(&cloud, "")), [line("fail", "read_video", message, next)]);
}

#[test]
fn without_leave_to_list_the_bucket_missing_cannot_be_told_from_denied() {
    let cloud = cloud();
    cloud.deny_list(BUCKET);
    let message = "cannot tell missing from denied: a random key is denied (403 AccessDenied: Access Denied)";
    let next = "grant list permission, obs:bucket:ListBucket, on bucket wks-recordings";
    assert_eq!(not_well(doctor(&cloud, "")), [line("fail", "absent_key", message, next)]);
}

#[test]
fn path_style_addresses_refused_are_an_addressing_that_is_wrong() {
    let cloud = cloud();
    cloud.virtual_hosts_only();
    let named = |words: &str| doctor(&cloud, words).env("RECVERIFY_OBS_ENDPOINT", &cloud.obs_named_endpoint());
    let message = "the store refuses path-style addresses (403 VirtualHostDomainRequired: Virtual host domain is \
                   required when accessing a specific bucket.)";
    let mut lines = skipped(&NO_FILES[..2], "addressing");
    lines.push(line("fail", "addressing", message, "use --addressing virtual"));
    lines.extend(skipped(&NO_FILES[3..], "addressing"));
    assert_eq!(not_well(named("")), lines);
    assert_eq!(not_well(named("--addressing virtual")), Vec::<String>::new());
}

#[test]
fn a_bucket_in_another_region_is_told_with_the_flags_that_help() {
    let cloud = cloud();
    cloud.set_store_region("cn-north-4");
    let message = "bucket wks-recordings is in another region (400 AuthorizationHeaderMalformed: The authorization \
                   header is malformed; the region 'eu-west-101' is wrong; expecting 'cn-north-4')";
    let next = "set --obs-region and --obs-endpoint to those of the bucket";
    let mut lines = skipped(&NO_FILES[..1], "bucket");
    lines.push(line("fail", "bucket", message, next));
    lines.extend(skipped(&NO_FILES[2..], "bucket"));
    assert_eq!(not_well(doctor(&cloud, "")), lines);
    assert_eq!(not_well(doctor(&cloud, "--obs-region cn-north-4")), Vec::<String>::new());
}

#[test]
fn a_bucket_nobody_knows_is_told_and_the_key_is_not_blamed() {
    let cloud = cloud();
    cloud.remove_bucket(BUCKET);
    let message = "the store knows no bucket wks-recordings (404 NoSuchBucket: The specified bucket does not exist.)";
    let next = "check --region and --obs-endpoint, and whether the bucket was deleted";
    let mut lines = vec![line("fail", "bucket", message, next)];
    lines.extend(skipped(&NO_FILES[2..], "bucket"));
    assert_eq!(not_well(doctor(&cloud, "")), lines);
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
fn a_store_that_is_down_is_told_and_the_api_is_well() {
    let cloud = cloud();
    cloud.fail_store(StoreCalls::any(), Times::always(), StoreFault::error(503, "InternalError"));
    let message = "the store failed (503 InternalError: The sandbox was told to say so.)";
    let next = "try again later; if it lasts, tell the service's support";
    let lines: Vec<_> =
        std::iter::once(line("fail", "store", message, next)).chain(skipped(&NO_FILES, "store")).collect();
    assert_eq!(not_well(doctor(&cloud, "")), lines);
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
fn objects_that_are_gone_or_archived_accuse_no_permission() {
    let cloud = cloud();
    cloud.remove_object(BUCKET, "recordings/rec/rec.mp4");
    cloud.archive(BUCKET, "recordings/rec/rec.jsonl");
    let gone = "wks-recordings/recordings/rec/rec.mp4 is not there (404 NoSuchKey: The specified key does not exist.); \
                a listing of the bucket does not show it";
    let archived = "wks-recordings/recordings/rec/rec.jsonl is archived, so it cannot be read now (403 \
                    InvalidObjectState: The operation is not valid for the object's storage class.)";
    let lines = [
        line("fail", "read_video", gone, "name another record, and verify this one"),
        line("warn", "read_event", archived, "name another record; a restore costs money and is yours to order"),
    ];
    assert_eq!(not_well(doctor(&cloud, "")), lines);
}

#[test]
fn a_record_without_a_usable_place_is_told_and_the_store_is_not_asked() {
    let cloud = cloud();
    let mut record = cloud.upload(&Recording::new("evil"));
    record["obs_bucket"] = json!("evil.example/x");
    cloud.add_record("evil", record);
    let message =
        "\"evil.example/x\" is no bucket name: only lower-case letters, digits, hyphens and dots may stand in it";
    let mut lines = skipped(&NO_FILES[..1], "bucket");
    lines.push(line("fail", "bucket", message, "show the record with recverify show, or name another"));
    lines.extend(skipped(&NO_FILES[2..], "bucket"));
    assert_eq!(not_well(doctor(&cloud, "evil")), lines);
    assert_eq!(signed(&cloud, Service::Store), 0);
}

#[test]
fn an_object_without_content_may_be_read_too() {
    let cloud = Sandbox::start();
    cloud.upload(&Recording { event: Vec::new().into(), ..Recording::new("rec") });
    assert_eq!(not_well(doctor(&cloud, "")), Vec::<String>::new());
}

#[test]
fn what_a_service_says_reaches_no_terminal_unescaped() {
    let cloud = cloud();
    let mut record = cloud.upload(&Recording::new("sly"));
    record["status"] = json!("UPLOADING\u{1b}[2J\u{202e}\u{9b}");
    record["id"] = Value::Null;
    record["obs_bucket"] = json!("\u{1b}]0;x\u{7}");
    cloud.add_record("sly", record);
    for words in ["sly", "sly --format json"] {
        let ended = run(doctor(&cloud, words));
        let treacherous = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(ended.code == 3 && !ended.out.contains(treacherous), "{:?}", ended.out);
    }
}

#[test]
fn settings_that_do_not_do_are_told_before_any_network() {
    let cloud = cloud();
    let cases = [
        (
            doctor(&cloud, "a/b"),
            "error: \"a/b\" is no record id: a record id cannot hold a slash or a control character\n",
        ),
        (
            doctor(&cloud, "--since yesterday"),
            "error: \"yesterday\" of --since is no time; give 24h, 7d, a date such as 2026-11-01, or 2026-11-01T20:00:00Z\n",
        ),
        (
            doctor(&cloud, "").unset("HUAWEICLOUD_SDK_SK"),
            "error: HUAWEICLOUD_SDK_AK is set without HUAWEICLOUD_SDK_SK; keys of different families are never mixed\n",
        ),
    ];
    for (call, error) in cases {
        let ended = call.run();
        assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (2, "", error));
    }
    assert!(cloud.requests().is_empty());
}
