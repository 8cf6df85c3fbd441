//! Keys that have to be asked for: the agency of a server, a token exchanged at IAM, the project by its region's name,
//! a key of its own for the store; and what is told where none can be had.

mod agency;
mod project;
mod token;

use std::fs;
use std::net::TcpListener;

use recverify_sandbox::{
    ACCESS_KEY, AccessCalls, ApiFault, Canned, OBS_ACCESS_KEY, OBS_SECRET_KEY, OBS_SECURITY_TOKEN, PROJECT_ID, REGION,
    Recording, SECRET_KEY, Sandbox, Seen, Service, TOKEN, Times,
};
use tempfile::TempDir;

use crate::check::{Checked, checked};
use crate::harness::{Call, bare, recverify, verify};

fn one_good() -> Sandbox {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("good"));
    cloud
}

/// A call that verifies the good one, knows where everything is, and has neither keys nor project.
fn keyless(cloud: &Sandbox) -> Call {
    places(cloud).args("verify good --format json --retry-wait 1ms")
}

/// A call without a command yet.
fn places(cloud: &Sandbox) -> Call {
    let places = [
        ("HUAWEICLOUD_REGION", REGION.to_owned()),
        ("HUAWEICLOUD_SDK_IAM_ENDPOINT", cloud.iam_endpoint()),
        ("RECVERIFY_METADATA_ENDPOINT", cloud.metadata_endpoint()),
        ("RECVERIFY_OBS_ENDPOINT", cloud.obs_endpoint()),
        ("RECVERIFY_WORKSPACE_ENDPOINT", cloud.workspace_endpoint()),
    ];
    places.iter().fold(bare(), |call, (name, value)| call.env(name, value))
}

fn with_project(call: Call) -> Call {
    call.env("HUAWEICLOUD_SDK_PROJECT_ID", PROJECT_ID)
}

fn verifying(call: Call) -> Checked {
    checked(call)
}

#[track_caller]
fn verifies(call: Call) {
    let run = verifying(call);
    run.is_intact("good");
    assert_eq!(run.code, 0);
}

fn asked(cloud: &Sandbox, service: Service) -> Vec<Seen> {
    cloud.requests().into_iter().filter(|seen| seen.service == service).collect()
}

fn paths(cloud: &Sandbox, service: Service) -> Vec<String> {
    asked(cloud, service).iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect()
}

const SESSION: &str = "PUT /meta-data/latest/api/token";
const AGENCY: &str = "GET /openstack/latest/securitykey";
const EXCHANGE: &str = "POST /v3.0/OS-CREDENTIAL/securitytokens";
const PROJECTS: &str = "GET /v3/projects";

#[test]
fn keys_found_on_this_machine_come_before_the_agency_and_both_before_the_token() {
    let cloud = one_good();
    verifies(
        verify(&cloud, "good").env("RECVERIFY_METADATA_ENDPOINT", &cloud.metadata_endpoint()).args("--ecs-agency"),
    );
    assert!(asked(&cloud, Service::Metadata).is_empty());
    let dir = TempDir::new().expect("a directory");
    let file = dir.path().join("keys");
    fs::write(&file, format!("[basic]\nak = {ACCESS_KEY}\nsk = {SECRET_KEY}\n")).expect("written");
    let named = |call: Call| call.env("HUAWEICLOUD_SDK_CREDENTIALS_FILE", &file.display().to_string());
    verifies(with_project(named(keyless(&cloud))).args("--ecs-agency"));
    assert!(asked(&cloud, Service::Metadata).is_empty());
    verifies(with_project(keyless(&cloud)).args("--ecs-agency").env("RECVERIFY_AUTH_TOKEN", TOKEN));
    assert_eq!((asked(&cloud, Service::Metadata).len(), asked(&cloud, Service::Iam).len()), (2, 0));
    verifies(with_project(keyless(&cloud)).env("RECVERIFY_AUTH_TOKEN", TOKEN));
    assert_eq!((asked(&cloud, Service::Metadata).len(), paths(&cloud, Service::Iam)), (2, vec![EXCHANGE.to_owned()]));
}

#[test]
fn a_bucket_of_another_account_is_read_with_keys_of_its_own() {
    let cloud = one_good();
    cloud.bucket_of_another_account();
    let of_store = |call: Call| {
        let call = call.env("RECVERIFY_OBS_ACCESS_KEY", OBS_ACCESS_KEY).env("RECVERIFY_OBS_SECRET_KEY", OBS_SECRET_KEY);
        call.env("RECVERIFY_OBS_SECURITY_TOKEN", OBS_SECURITY_TOKEN)
    };
    verifies(of_store(verify(&cloud, "good")));
    verifies(of_store(with_project(keyless(&cloud)).env("RECVERIFY_AUTH_TOKEN", TOKEN)));
    assert!(asked(&cloud, Service::Iam).is_empty());
    let run = verifying(verify(&cloud, "good"));
    let record = run.record("good");
    assert_eq!((run.code, &record["reason"]["code"]), (3, &"unauthorized".into()));
    let half = of_store(recverify(&cloud)).unset("RECVERIFY_OBS_SECRET_KEY").args("verify good").run();
    let error = "error: RECVERIFY_OBS_ACCESS_KEY is set without RECVERIFY_OBS_SECRET_KEY; keys of different families are \
                 never mixed\n";
    assert_eq!((half.code, half.err.as_str()), (2, error));
}

#[test]
fn a_store_key_that_is_rejected_closes_the_store_and_not_the_api() {
    let cloud = Sandbox::start();
    let ids: Vec<_> = (0..30).map(|n| format!("r{n}")).collect();
    for id in &ids {
        cloud.upload(&Recording::new(id));
    }
    let call = verify(&cloud, &ids.join(" ")).env("RECVERIFY_OBS_ACCESS_KEY", "OTHER");
    let run = checked(call.env("RECVERIFY_OBS_SECRET_KEY", "wrong"));
    assert_eq!((run.code, asked(&cloud, Service::Workspace).len(), asked(&cloud, Service::Store).len()), (3, 30, 1));
}

/// An address where nobody listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

#[track_caller]
fn is_unverified(run: &Checked, code: &str, message: &str) {
    run.says("good", "unverified", code, message);
    assert_eq!(run.code, 3);
}

#[test]
fn each_place_that_was_not_used_says_why_to_those_who_ask() {
    let cloud = one_good();
    let ended = recverify(&cloud).args("verify good -v --ecs-agency").run();
    let because = "because keys come from the environment (HUAWEICLOUD_SDK_AK)";
    let unused: Vec<_> = ended.err.lines().filter(|line| line.starts_with("not used: ")).collect();
    let expected = [
        "the environment (HW_ACCESS_KEY)",
        "the credentials file /nonexistent/.huaweicloud/credentials",
        "the agency of this cloud server",
        "keys by a token",
    ];
    assert_eq!(unused, expected.map(|place| format!("not used: {place}, {because}")));
    let ended = keyless(&cloud).args("-v").run();
    assert_eq!((ended.code, ended.err.matches("not used: ").count()), (2, 5), "{}", ended.err);
    assert!(
        ended.err.contains("not used: the agency of this cloud server, because it is asked only with --ecs-agency\n")
    );
    assert_eq!(recverify(&cloud).args("verify good").run().err.matches("not used").count(), 0);
}

#[test]
fn everything_works_at_an_ipv6_address() {
    let cloud = Sandbox::start_on_ipv6();
    cloud.upload(&Recording::new("good"));
    assert!(cloud.obs_endpoint().starts_with("http://[::1]:"));
    verifies(verify(&cloud, "good"));
    verifies(keyless(&cloud).env("RECVERIFY_AUTH_TOKEN", TOKEN));
    verifies(keyless(&cloud).args("--ecs-agency"));
    let host = |service: Service| {
        let at = cloud.address(service).to_string();
        asked(&cloud, service).iter().all(|seen| seen.header("host") == Some(at.as_str()))
    };
    assert!([Service::Workspace, Service::Store, Service::Iam, Service::Metadata].into_iter().all(host));
    let listed = recverify(&cloud).args("list --since 24h").run();
    assert_eq!((listed.code, listed.out.lines().count()), (0, 1), "{}", listed.err);
}

#[test]
fn no_secret_that_was_given_out_is_told_by_anybody() {
    let cloud = one_good();
    let shown = "sandbox-temporary-token+MUST/NOT/APPEAR==1";
    cloud.add_record("echo", serde_json::json!({"id": "echo", "username": shown}));
    let echo = Canned::error(400, "IAM.3", TOKEN);
    let dir = TempDir::new().expect("a directory");
    let call = || keyless(&cloud).in_dir(dir.path()).args("-v --ledger l.db -o r.json -o r.txt -o r.csv");
    let mut said = Vec::new();
    for (call, code) in [(call().args("echo --ecs-agency"), 3), (call().env("RECVERIFY_AUTH_TOKEN", TOKEN), 0)] {
        let ended = call.run();
        assert_eq!(ended.code, code, "{ended:?}");
        said.extend([ended.out, ended.err]);
    }
    assert!(said[0].contains("it holds a secret of this run, so it is not kept"), "{}", said[0]);
    cloud.fail_access(AccessCalls::Projects, Times::always(), ApiFault::Answer(echo));
    let ended = call().env("RECVERIFY_AUTH_TOKEN", TOKEN).run();
    assert!(ended.out.contains("[secret]"), "{}", ended.out);
    said.extend([ended.out, ended.err]);
    for entry in fs::read_dir(dir.path()).expect("a directory") {
        said.push(String::from_utf8_lossy(&fs::read(entry.expect("an entry").path()).expect("a file")).into_owned());
    }
    for text in said {
        assert!(!text.contains("MUST-NOT-APPEAR") && !text.contains("MUST/NOT/APPEAR"), "{text}");
    }
}
