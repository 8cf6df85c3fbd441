//! Keys, clocks, regions and addresses that are wrong: told as what they are, and a rejected key is used no more.

use recverify_sandbox::{Recording, Sandbox, Seen, Service, StoreCalls, StoreFault, TOKEN, Times};

use crate::check::{check, checked};
use crate::harness::verify;

fn cloud_with(ids: &[&str]) -> Sandbox {
    let cloud = Sandbox::start();
    for id in ids {
        cloud.upload(&Recording::new(id));
    }
    cloud
}

fn asked(cloud: &Sandbox, service: Service) -> Vec<Seen> {
    cloud.requests().into_iter().filter(|seen| seen.service == service).collect()
}

#[test]
fn two_hundred_ids_with_a_wrong_secret_ask_the_api_once_and_the_store_never() {
    let ids: Vec<_> = (0..200).map(|n| format!("r{n}")).collect();
    let cloud = Sandbox::start();
    let run = checked(verify(&cloud, &ids.join(" ")).env("HUAWEICLOUD_SDK_SK", "wrong"));
    assert_eq!((asked(&cloud, Service::Workspace).len(), asked(&cloud, Service::Store).len()), (1, 0));
    assert!(run.records().iter().all(|record| record["reason"]["code"] == "unauthorized"));
    assert_eq!((run.code, run.records().len()), (3, 200));
}

#[test]
fn two_hundred_ids_with_a_wrong_store_key_ask_the_store_once() {
    let ids: Vec<_> = (0..200).map(|n| format!("r{n}")).collect();
    let cloud = cloud_with(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    // A token is the right key for the API; the pair signs for the store alone.
    let call = verify(&cloud, &ids.join(" ")).env("RECVERIFY_AUTH_TOKEN", TOKEN);
    let run = checked(call.env("HUAWEICLOUD_SDK_SK", "wrong"));
    assert_eq!((asked(&cloud, Service::Workspace).len(), asked(&cloud, Service::Store).len()), (200, 1));
    assert!(run.records().iter().all(|record| record["reason"]["code"] == "unauthorized"));
    let refused = "the store rejected the credential (403 SignatureDoesNotMatch)";
    let not_asked = format!("not asked, so as not to lock the key: {refused}");
    let objects = || run.records().iter().flat_map(|record| record["objects"].as_array().expect("objects"));
    let said = |message: &str| objects().filter(|object| object["reason"]["message"] == message).count();
    assert_eq!((said(refused), said(&not_asked)), (1, 399));
    assert_eq!(run.code, 3);
}

#[test]
fn an_expired_token_of_temporary_keys_is_unauthorized_at_both_services() {
    let cloud = cloud_with(&["a"]);
    cloud.require_temporary_keys();
    check(&cloud, "a").is_intact("a");
    cloud.expire_credentials();
    let run = check(&cloud, "a");
    let message = "the API rejected the credential (401 APIGW.0301: Incorrect IAM authentication information: \
                   The token or the temporary access key has expired)";
    run.says("a", "unverified", "unauthorized", message);
    cloud.renew_credentials();
    assert_eq!(check(&cloud, "a").code, 0);
}

#[test]
fn a_key_that_expires_between_api_and_store_is_unauthorized() {
    let cloud = cloud_with(&["a", "b"]);
    cloud.fail_store(StoreCalls::any(), Times::always(), StoreFault::error(403, "ExpiredToken"));
    let run = check(&cloud, "a b");
    for id in ["a", "b"] {
        assert_eq!(run.record(id)["reason"]["code"], "unauthorized");
    }
    assert_eq!((run.code, asked(&cloud, Service::Store).len()), (3, 1));
}

#[test]
fn a_clock_that_is_off_is_told_as_such_and_costs_one_request() {
    for (offset, apart) in [(3630, "60 min behind"), (-7230, "120 min ahead")] {
        let cloud = cloud_with(&["a", "b"]);
        cloud.set_clock_offset(offset);
        let run = check(&cloud, "a b --concurrency 1");
        let words = format!("the clock of this machine is {apart}, so no signature is accepted; set it right");
        run.says("a", "unverified", "clock_skew", &words);
        assert_eq!((run.code, cloud.requests().len()), (3, 1));
    }
}

#[test]
fn a_signature_for_another_region_is_the_wrong_region() {
    let cloud = cloud_with(&["a"]);
    cloud.set_store_region("cn-north-4");
    let run = check(&cloud, "a");
    let message = "the bucket is in another region; set --obs-region and --obs-endpoint (400 \
                   AuthorizationHeaderMalformed: The authorization header is malformed; the region 'eu-west-101' \
                   is wrong; expecting 'cn-north-4')";
    run.says("a", "unverified", "wrong_region", message);
    assert_eq!(run.code, 3);
    assert_eq!(check(&cloud, "a --obs-region cn-north-4").code, 0);
}

#[test]
fn path_style_refused_is_told_and_virtual_works() {
    let cloud = cloud_with(&["a"]);
    cloud.virtual_hosts_only();
    let named = |words: &str| verify(&cloud, words).env("RECVERIFY_OBS_ENDPOINT", &cloud.obs_named_endpoint());
    let run = checked(named("a"));
    let message = "the store refuses path-style addresses; use --addressing virtual (403 VirtualHostDomainRequired: \
                   Virtual host domain is required when accessing a specific bucket.)";
    run.says("a", "unverified", "wrong_addressing", message);
    assert_eq!(run.code, 3);

    let run = checked(named("a --addressing virtual"));
    run.is_intact("a");
    let host = asked(&cloud, Service::Store).last().and_then(|seen| seen.header("host").map(str::to_owned));
    assert!(host.is_some_and(|host| host.starts_with("wks-recordings.localhost:")));
}
