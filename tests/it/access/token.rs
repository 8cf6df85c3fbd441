//! A token alone: exchanged at IAM for keys of the store.

use std::fs;

use recverify_sandbox::{REGION, Recording, Service, TOKEN};
use tempfile::TempDir;

use super::{EXCHANGE, asked, is_unverified, keyless, one_good, paths, places, with_project};
use crate::check::checked;

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
