//! The project, found by IAM under the region's name.

use std::fs;

use recverify_sandbox::{
    ACCESS_KEY, AccessCalls, ApiFault, Canned, PROJECT_ID, REGION, SECRET_KEY, Sandbox, Service, TOKEN, Times,
};
use tempfile::TempDir;

use super::{
    AGENCY, PROJECTS, SESSION, asked, is_unverified, keyless, nowhere, one_good, paths, places, verifies, verifying,
};
use crate::harness::{Call, bare, end, send, verdict};

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
fn plain_http_to_iam_stays_on_this_machine_unless_allowed() {
    let cloud = one_good();
    let call =
        keyless(&cloud).env("RECVERIFY_AUTH_TOKEN", TOKEN).env("HUAWEICLOUD_SDK_IAM_ENDPOINT", "http://10.0.0.1");
    let ended = call.run();
    let error = "error: http://10.0.0.1 is plain http: keys and records would go unprotected; use https, or --allow-http \
                 if you must\n";
    assert_eq!((ended.code, ended.err.as_str()), (2, error));
}
