//! Keys that have to be asked for: the agency of a server, a token exchanged at IAM, the project by its region's name,
//! a key of its own for the store; and what is told where none can be had.

use std::fs;
use std::net::TcpListener;

use recverify_sandbox::{
    ACCESS_KEY, AccessCalls, ApiFault, Canned, OBS_ACCESS_KEY, OBS_SECRET_KEY, OBS_SECURITY_TOKEN, PROJECT_ID, Proxy,
    REGION, Recording, SECRET_KEY, Sandbox, Seen, Service, TOKEN, Times,
};
use tempfile::TempDir;

use crate::check::{Checked, checked};
use crate::harness::{Call, bare, end, recverify, send, verdict, verify};

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
fn a_token_alone_is_exchanged_once_for_keys_of_the_store() {
    let cloud = one_good();
    for n in 0..20 {
        cloud.upload(&Recording::new(&format!("more-{n}")));
    }
    let dir = TempDir::new().expect("a directory");
    fs::write(dir.path().join("token"), TOKEN).expect("written");
    let call = with_project(keyless(&cloud)).in_dir(dir.path()).args("--auth-token-file token");
    let call = call.args("--concurrency 8 --ids-from -");
    let run = checked(call.input(&(0..20).map(|n| format!("more-{n}\n")).collect::<String>()));
    assert_eq!((run.code, run.records().len()), (0, 21));
    assert_eq!(paths(&cloud, Service::Iam), [EXCHANGE]);
    let of_store = asked(&cloud, Service::Store);
    assert!(of_store.iter().all(|seen| seen.header("x-amz-security-token").is_some()) && of_store.len() == 42);
    assert!(asked(&cloud, Service::Workspace).iter().all(|seen| seen.header("x-auth-token") == Some(TOKEN)));
}

#[test]
fn a_token_is_not_exchanged_where_no_object_is_read() {
    let cloud = one_good();
    let ended = with_project(places(&cloud)).env("RECVERIFY_AUTH_TOKEN", TOKEN).args("show good").run();
    assert_eq!((ended.code, asked(&cloud, Service::Iam).len()), (0, 0));
}

#[test]
fn the_project_is_found_by_the_regions_name_once_signed_or_by_token() {
    let cloud = one_good();
    let keys = |call: Call| call.env("HW_ACCESS_KEY", ACCESS_KEY).env("HW_SECRET_KEY", SECRET_KEY);
    verifies(keys(keyless(&cloud)));
    verifies(keys(keyless(&cloud)).env("RECVERIFY_AUTH_TOKEN", TOKEN));
    let of_iam = asked(&cloud, Service::Iam);
    assert_eq!(paths(&cloud, Service::Iam), [PROJECTS; 2]);
    assert!(of_iam.iter().all(|seen| seen.query == format!("name={REGION}") && seen.status == Some(200)));
    assert!(of_iam.iter().all(|seen| seen.header("x-project-id").is_none()));
    assert!(of_iam[0].header("authorization").is_some() && of_iam[1].header("x-auth-token") == Some(TOKEN));
    verifies(keyless(&cloud).args("--ecs-agency"));
    assert_eq!(
        (paths(&cloud, Service::Iam).len(), paths(&cloud, Service::Metadata)),
        (3, vec![SESSION.into(), AGENCY.into()])
    );
}

#[test]
fn the_address_of_iam_comes_from_flag_variable_or_the_file_with_the_keys() {
    let cloud = one_good();
    let dir = TempDir::new().expect("a directory");
    let text = format!("[basic]\nak = {ACCESS_KEY}\nsk = {SECRET_KEY}\niam_endpoint = {}\n", cloud.iam_endpoint());
    fs::write(dir.path().join("keys"), text).expect("written");
    let of_file = |call: Call| call.in_dir(dir.path()).env("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "keys");
    verifies(of_file(keyless(&cloud)).unset("HUAWEICLOUD_SDK_IAM_ENDPOINT"));
    let nowhere = nowhere();
    verifies(
        of_file(keyless(&cloud))
            .env("HUAWEICLOUD_SDK_IAM_ENDPOINT", &nowhere)
            .args("--iam-endpoint")
            .arg(cloud.iam_endpoint()),
    );
    assert_eq!(paths(&cloud, Service::Iam).len(), 2);
    let ended = verifying(of_file(keyless(&cloud)).env("HUAWEICLOUD_SDK_IAM_ENDPOINT", &nowhere));
    assert_eq!((ended.code, paths(&cloud, Service::Iam).len()), (3, 2));
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

#[test]
fn a_token_iam_rejects_is_shown_once_and_to_no_other_service_again() {
    let cloud = one_good();
    for n in 0..20 {
        cloud.upload(&Recording::new(&format!("more-{n}")));
    }
    let call = keyless(&cloud).env("RECVERIFY_AUTH_TOKEN", "made-up-token-MUST-NOT-APPEAR");
    let run = checked(call.args("--ids-from -").input(&(0..20).map(|n| format!("more-{n}\n")).collect::<String>()));
    let message = format!(
        "the project of region {REGION} could not be found: IAM rejected the token (401 The request you have made \
         requires authentication.)"
    );
    is_unverified(&run, "unauthorized", &message);
    assert_eq!(run.record("good")["reason"]["api"]["request_id"], "iam-0000000000000001");
    assert_eq!((cloud.requests().len(), run.records().len()), (1, 21));
}

#[test]
fn a_key_iam_rejects_is_shown_to_nobody_again() {
    let cloud = one_good();
    let call = keyless(&cloud).env("HW_ACCESS_KEY", ACCESS_KEY).env("HW_SECRET_KEY", "wrong");
    let run = verifying(call);
    let message = format!(
        "the project of region {REGION} could not be found: IAM rejected the access key {ACCESS_KEY} (401 The request \
         you have made requires authentication.)"
    );
    is_unverified(&run, "unauthorized", &message);
    assert_eq!(cloud.requests().len(), 1);
}

#[test]
fn no_project_or_several_are_told_with_what_to_do() {
    let keys = |cloud: &Sandbox| keyless(cloud).env("HW_ACCESS_KEY", ACCESS_KEY).env("HW_SECRET_KEY", SECRET_KEY);
    let begins = format!("the project of region {REGION} could not be found: ");
    let cloud = one_good();
    cloud.set_projects(&[("p1", "cn-north-4")]);
    let none = "IAM knows no project of that name; check --region, or give --project-id";
    is_unverified(&verifying(keys(&cloud)), "project_unknown", &format!("{begins}{none}"));
    cloud.set_projects(&[("p1", REGION), ("p2", REGION)]);
    let several = "IAM knows 2 projects of that name (p1, p2); give one by --project-id";
    is_unverified(&verifying(keys(&cloud)), "project_unknown", &format!("{begins}{several}"));
    cloud.set_projects(&[("../x", REGION)]);
    let unfit = "IAM's answer cannot be read: its project has an id that is none";
    is_unverified(&verifying(keys(&cloud)), "unreadable_answer", &format!("{begins}{unfit}"));
    verifies(keys(&cloud).args("--project-id").arg(PROJECT_ID));
}

#[test]
fn iam_that_fails_is_asked_again_and_then_told_of() {
    let keys = |cloud: &Sandbox| keyless(cloud).env("HW_ACCESS_KEY", ACCESS_KEY).env("HW_SECRET_KEY", SECRET_KEY);
    let cloud = one_good();
    cloud.fail_access(AccessCalls::Projects, Times::first(2), ApiFault::Reset);
    cloud.fail_access(AccessCalls::Projects, Times::first(2), ApiFault::Answer(Canned::error(503, "IAM.1", "busy")));
    verifies(keys(&cloud));
    assert_eq!(asked(&cloud, Service::Iam).len(), 5);

    let begins = format!("the project of region {REGION} could not be found: ");
    let page = "what answered is not IAM; check --iam-endpoint and proxy (403)";
    let cases = [
        (Canned::error(503, "IAM.1", "busy"), "service_error", "IAM failed (503 IAM.1: busy)"),
        (Canned::html(403), "unreadable_answer", page),
        (Canned::html(200), "unreadable_answer", "IAM's answer cannot be read: it is no list of projects"),
        (
            Canned::error(403, "IAM.2", "no"),
            "access_denied",
            "IAM denied access; grant iam:projects:list, or give --project-id (403 IAM.2: no)",
        ),
        (
            Canned::redirect(302, "https://login.example/"),
            "unreadable_answer",
            "IAM answered with a redirect to https://login.example/, which is not followed (302)",
        ),
    ];
    for (answer, code, message) in cases {
        cloud.heal();
        cloud.fail_access(AccessCalls::Projects, Times::always(), ApiFault::Answer(answer));
        is_unverified(&verifying(keys(&cloud).args("--api-tries 2")), code, &format!("{begins}{message}"));
    }
    let run = verifying(keys(&cloud).env("HUAWEICLOUD_SDK_IAM_ENDPOINT", &nowhere()).args("--api-tries 2"));
    let refused = "IAM could not be asked: no connection to 127.0.0.1: Connection refused (os error 111)";
    is_unverified(&run, "connection", &format!("{begins}{refused}"));
}

#[test]
fn without_a_project_a_listing_falls_short_and_the_ledger_is_left_as_it_is() {
    let cloud = one_good();
    cloud.set_projects(&[]);
    let dir = TempDir::new().expect("a directory");
    let call = places(&cloud).env("HW_ACCESS_KEY", ACCESS_KEY).env("HW_SECRET_KEY", SECRET_KEY).in_dir(dir.path());
    let ended = call.args("verify --since 24h --format json --ledger l.db -o r.json").run();
    let message = format!(
        "the listing could not be read to its end: the project of region {REGION} could not be found: IAM knows no project \
         of that name; check --region, or give --project-id"
    );
    assert_eq!((ended.code, ended.err.contains(&format!("error: {message}\n"))), (3, true), "{}", ended.err);
    let shortfall = &ended.report()["run"]["selection"]["shortfall"];
    assert_eq!((&shortfall["code"], &shortfall["message"]), (&"project_unknown".into(), &message.into()));
    let left: Vec<_> =
        fs::read_dir(dir.path()).expect("a directory").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(left, ["r.json"]);
    for words in ["show good", "list --since 24h"] {
        let call = places(&cloud).env("HW_ACCESS_KEY", ACCESS_KEY).env("HW_SECRET_KEY", SECRET_KEY);
        let ended = call.args(words).run();
        assert_eq!((ended.code, ended.out.as_str()), (3, ""), "{}", ended.err);
    }
}

#[test]
fn a_signal_while_the_project_is_looked_for_ends_the_run_as_any_other() {
    let cloud = one_good();
    cloud.fail_access(AccessCalls::Projects, Times::always(), ApiFault::Stall);
    let dir = TempDir::new().expect("a directory");
    for ledger in ["", "--ledger l.db"] {
        let before = cloud.requests().len();
        let call = keyless(&cloud).env("HW_ACCESS_KEY", ACCESS_KEY).env("HW_SECRET_KEY", SECRET_KEY).in_dir(dir.path());
        let child = call.args(ledger).spawn();
        cloud.wait_for(|seen| seen.len() > before);
        send("INT", child.id());
        assert_eq!(end(child).verdict("good"), verdict(130, "unverified", "interrupted"));
    }
    assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 0);
}

#[test]
fn a_ledger_is_the_found_projects_and_its_metrics_too() {
    let cloud = one_good();
    let dir = TempDir::new().expect("a directory");
    let keys = |call: Call| call.env("HW_ACCESS_KEY", ACCESS_KEY).env("HW_SECRET_KEY", SECRET_KEY).in_dir(dir.path());
    let words = "--ledger l.db --metrics m.prom";
    let ended = keys(keyless(&cloud)).args(words).run();
    assert_eq!(ended.verdict("good"), verdict(0, "intact", ""));
    assert_eq!(paths(&cloud, Service::Iam), [PROJECTS]);
    let metrics = fs::read_to_string(dir.path().join("m.prom")).expect("the metrics");
    assert!(metrics.contains(&format!("project=\"{PROJECT_ID}\"")), "{metrics}");
    let status = bare().in_dir(dir.path()).args("ledger status --ledger l.db --project-id").arg(PROJECT_ID).run();
    assert!(status.code == 0 && status.out.contains('1'), "{status:?}");
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
fn plain_http_to_iam_stays_on_this_machine_unless_allowed() {
    let cloud = one_good();
    let call =
        keyless(&cloud).env("RECVERIFY_AUTH_TOKEN", TOKEN).env("HUAWEICLOUD_SDK_IAM_ENDPOINT", "http://10.0.0.1");
    let ended = call.run();
    let error = "error: http://10.0.0.1 is plain http: keys and records would go unprotected; use https, or --allow-http \
                 if you must\n";
    assert_eq!((ended.code, ended.err.as_str()), (2, error));
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
