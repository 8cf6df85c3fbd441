//! Keys and projects that have to be asked for: who they are, until when, and what stands in the way of getting them.

use recverify_sandbox::{
    ACCESS_KEY, AccessCalls, ApiFault, Canned, PROJECT_ID, REGION, SECRET_KEY, Sandbox, Service, TOKEN, Times,
};
use serde_json::json;

use super::{NO_FILES, cloud, line, not_well, run, signed, skipped};
use crate::harness::{Call, bare};

/// The doctor, told where everything is, and nothing else.
fn keyless(cloud: &Sandbox) -> Call {
    let call = bare().env("HUAWEICLOUD_REGION", REGION).env("HUAWEICLOUD_SDK_IAM_ENDPOINT", &cloud.iam_endpoint());
    let call = call.env("RECVERIFY_METADATA_ENDPOINT", &cloud.metadata_endpoint());
    let call = call.env("RECVERIFY_OBS_ENDPOINT", &cloud.obs_endpoint());
    call.env("RECVERIFY_WORKSPACE_ENDPOINT", &cloud.workspace_endpoint()).args("doctor --retry-wait 1ms")
}

fn keys(call: Call) -> Call {
    call.env("HW_ACCESS_KEY", ACCESS_KEY).env("HW_SECRET_KEY", SECRET_KEY)
}

const REST: [&str; 3] = ["project", "list", "record"];

#[test]
fn keys_of_an_agency_are_told_with_their_end_and_a_project_with_who_found_it() {
    let cloud = cloud();
    let ended = run(keyless(&cloud).args("--ecs-agency"));
    let who = "accepts the temporary access key SANDBOXTEMPKEY000001, good until 20";
    for begins in ["credentials        the API ", "store_credentials  the store "] {
        assert!(ended.out.contains(&format!("ok    {begins}{who}")), "{}", ended.out);
    }
    let project = format!("the API answers for project {PROJECT_ID}, which IAM found by the region's name");
    assert!(ended.out.contains(&line("ok", "project", &project, "")), "{}", ended.out);
    let from = format!(
        "the project IAM has for {REGION}; OBS: {}, region {REGION}; IAM: {}; keys from the agency of this cloud server\n",
        cloud.obs_endpoint(),
        cloud.iam_endpoint()
    );
    assert!(ended.code == 0 && ended.out.contains(&from), "{}", ended.out);
}

#[test]
fn a_token_alone_is_told_for_the_api_and_its_keys_for_the_store() {
    let cloud = cloud();
    let ended = run(keyless(&cloud).env("RECVERIFY_AUTH_TOKEN", TOKEN));
    assert!(ended.out.contains("ok    credentials        the API accepts the token\n"), "{}", ended.out);
    let of_store =
        "ok    store_credentials  the store accepts the temporary access key SANDBOXTEMPKEY000001, good until";
    assert!(ended.code == 0 && ended.out.contains(of_store), "{}", ended.out);
}

#[test]
fn an_agency_without_keys_is_told_and_nobody_else_blamed() {
    let cloud = cloud();
    cloud.fail_access(AccessCalls::Agency, Times::always(), ApiFault::Answer(Canned::empty(404)));
    let message = "the agency of this cloud server gave no keys: this server has no agency; assign one to it (404)";
    let next = "check this machine's clock, the agency or the token the keys come from, and what it may do";
    let mut lines = vec![line("fail", "credentials", message, next)];
    lines.extend(skipped(&REST, "credentials"));
    lines.extend(skipped(&NO_FILES, "credentials"));
    assert_eq!(not_well(keyless(&cloud).args("--ecs-agency rec")), lines);
    assert_eq!((signed(&cloud, Service::Workspace), signed(&cloud, Service::Store)), (0, 0));
}

#[test]
fn a_token_that_is_not_exchanged_is_the_stores_credential_that_fails() {
    let cloud = cloud();
    let denied = json!({"error": {"code": 403, "message": "No.", "title": "Forbidden"}});
    cloud.fail_access(AccessCalls::Exchange, Times::always(), ApiFault::Answer(Canned::json(403, &denied)));
    let told = not_well(keyless(&cloud).env("RECVERIFY_AUTH_TOKEN", TOKEN));
    let begins = "fail  store_credentials  the token could not be exchanged for keys of the store: IAM denied access; ";
    assert!(told[0].starts_with(begins), "{told:#?}");
    assert_eq!(told[1..], skipped(&NO_FILES[1..], "store_credentials"));
}

#[test]
fn a_project_nobody_knows_and_a_key_iam_rejects_are_told_apart() {
    let cloud = cloud();
    cloud.set_projects(&[]);
    let begins = format!("the project of region {REGION} could not be found: ");
    let message = format!("{begins}IAM knows no project of that name; check --region, or give --project-id");
    let mut lines = vec![line("fail", "project", &message, "give the project by --project-id, and check --region")];
    lines.splice(0..0, skipped(&["credentials"], "project"));
    lines.extend(skipped(&["list", "record"], "project"));
    lines.extend(skipped(&NO_FILES, "project"));
    assert_eq!(not_well(keys(keyless(&cloud)).args("rec")), lines);

    let said =
        format!("IAM rejected the access key {ACCESS_KEY} (401 The request you have made requires authentication.)");
    let next = "check that key and secret belong together and that the key was neither deleted nor disabled";
    let mut lines = vec![line("fail", "credentials", &format!("{begins}{said}"), next)];
    lines.extend(skipped(&REST, "credentials"));
    lines.extend(skipped(&NO_FILES, "credentials"));
    assert_eq!(not_well(keys(keyless(&cloud)).env("HW_SECRET_KEY", "wrong").args("rec")), lines);
}

#[test]
fn a_token_that_ended_is_told_with_what_to_do() {
    let cloud = cloud();
    cloud.expire_credentials();
    let message = format!(
        "the project of region {REGION} could not be found: IAM rejected the token (401 The request you have made requires \
         authentication.)"
    );
    let next = "get a new token: one ends after 24 h, and earlier when password or permissions change";
    let told = not_well(keyless(&cloud).env("RECVERIFY_AUTH_TOKEN", TOKEN));
    assert_eq!(told[0], line("fail", "credentials", &message, next));
}

#[test]
fn while_the_clock_is_off_iam_is_not_asked_either() {
    let cloud = cloud();
    cloud.set_clock_offset(3630);
    let told = not_well(keys(keyless(&cloud)).args("rec"));
    assert!(told[0].starts_with("fail  clock"), "{told:#?}");
    assert_eq!(cloud.requests().iter().filter(|seen| seen.service == Service::Iam).count(), 0);
}

#[test]
fn each_place_that_was_not_used_says_why_to_those_who_ask() {
    let ended = run(keys(keyless(&cloud())).args("-v"));
    assert_eq!(ended.err.matches("not used: ").count(), 4, "{}", ended.err);
}
