//! A rejected key is not tried again, and a service that fails for everybody is left alone.

use recverify_sandbox::{
    ApiCalls, ApiFault, Canned, Recording, Sandbox, Seen, Service, StoreCalls, StoreFault, TOKEN, Times,
};

use crate::harness::{Call, Ended, verdict, verify};

const MANY: usize = 200;

fn ids(count: usize) -> String {
    (0..count).flat_map(|n| ["r-".to_owned(), n.to_string(), "\n".to_owned()]).collect()
}

fn cloud_of(count: usize) -> Sandbox {
    let cloud = Sandbox::start();
    for n in 0..count {
        cloud.upload(&Recording::new(&format!("r-{n}")));
    }
    cloud
}

fn many(cloud: &Sandbox, words: &str, count: usize) -> Call {
    verify(cloud, words).args("--ids-from -").input(&ids(count))
}

fn asked(cloud: &Sandbox, service: Service) -> Vec<Seen> {
    cloud.requests().into_iter().filter(|seen| seen.service == service).collect()
}

/// Every record is unverified for this reason; returns their messages, each once, sorted.
fn all_unverified(ended: &Ended, code: &str, count: usize) -> Vec<String> {
    let report = ended.report();
    let records = report["records"].as_array().expect("a list");
    assert_eq!((ended.code, records.len()), (3, count), "{}", ended.err);
    assert_eq!(report["summary"]["unverified"], count);
    let mut messages: Vec<_> = records
        .iter()
        .map(|record| {
            assert_eq!(
                (&record["outcome"], &record["reason"]["code"]),
                (&"unverified".into(), &code.into()),
                "{record}"
            );
            record["reason"]["message"].as_str().expect("words").to_owned()
        })
        .collect();
    messages.sort();
    messages.dedup();
    messages
}

#[test]
fn a_wrong_secret_reaches_the_api_once_and_the_store_never() {
    for concurrency in [4, 32] {
        let cloud = Sandbox::start();
        let ended =
            many(&cloud, &format!("--concurrency {concurrency}"), MANY).env("HUAWEICLOUD_SDK_SK", "wrong").run();
        let messages = all_unverified(&ended, "unauthorized", MANY);
        assert_eq!((asked(&cloud, Service::Workspace).len(), asked(&cloud, Service::Store).len()), (1, 0));
        assert_eq!(messages.len(), 2, "{messages:?}");
        let (not_asked, asked) = (&messages[0], &messages[1]);
        assert!(asked.starts_with("the API rejected the credential (401 "), "{asked}");
        assert_eq!(not_asked, &format!("not asked, so as not to lock the key: {asked}"));
        let grouped = format!("{MANY} unverified: unauthorized, first: r-0");
        assert_eq!(ended.err.lines().next(), Some(grouped.as_str()), "{}", ended.err);
        assert_eq!(ended.err.lines().count(), 2, "{}", ended.err);
    }
}

#[test]
fn a_wrong_token_reaches_the_api_once() {
    let cloud = Sandbox::start();
    let ended = many(&cloud, "--concurrency 32", MANY).env("RECVERIFY_AUTH_TOKEN", "wrong").run();
    all_unverified(&ended, "unauthorized", MANY);
    assert_eq!(cloud.requests().len(), 1);
}

#[test]
fn a_wrong_store_key_beside_a_good_token_reaches_the_store_once() {
    let cloud = cloud_of(MANY);
    for (concurrency, name) in [(4, "HUAWEICLOUD_SDK_SK"), (32, "HUAWEICLOUD_SDK_SK"), (32, "HUAWEICLOUD_SDK_AK")] {
        let before = asked(&cloud, Service::Store).len();
        let call = many(&cloud, &format!("--concurrency {concurrency}"), MANY);
        let ended = call.env("RECVERIFY_AUTH_TOKEN", TOKEN).env(name, "WRONG").run();
        let messages = all_unverified(&ended, "unauthorized", MANY);
        assert_eq!(asked(&cloud, Service::Store).len() - before, 1);
        let not_asked = "not asked, so as not to lock the key: the store rejected the credential (403 ";
        assert!(messages.iter().any(|message| message.starts_with(not_asked)), "{messages:?}");
    }
}

#[test]
fn credentials_that_expire_on_the_way_end_the_asking() {
    let cloud = cloud_of(50);
    let second = Recording::new("r-1");
    let video = StoreCalls::get(&second.bucket, &second.video_key());
    cloud.fail_store(video, Times::once(), StoreFault::HoldAfter(9));
    let child = many(&cloud, "--concurrency 1", 50).spawn();
    let is_held = |seen: &Seen| seen.path.ends_with("/r-1.mp4") && seen.status == Some(200);
    cloud.wait_for(|seen| seen.iter().any(is_held) && seen.iter().any(|seen| seen.path.ends_with("/r-1.jsonl")));
    cloud.expire_credentials();
    cloud.release();
    let ended = crate::harness::end(child);
    assert_eq!(ended.verdict("r-0").1, "intact");
    for n in 2..50 {
        assert_eq!(ended.verdict(&format!("r-{n}")), verdict(3, "unverified", "unauthorized"));
    }
    // Whichever service is asked first after the expiry refuses the key, and neither is shown it again but for what is
    // under way: one question to the API beside two objects.
    assert!(asked(&cloud, Service::Workspace).len() <= 4 && asked(&cloud, Service::Store).len() <= 6);
}

#[test]
fn a_key_that_expires_for_the_store_is_not_shown_to_it_again() {
    for concurrency in [1, 8] {
        let cloud = cloud_of(50);
        cloud.fail_store(StoreCalls::any(), Times::always().after(4), StoreFault::error(403, "ExpiredToken"));
        let ended = many(&cloud, &format!("--concurrency {concurrency}"), 50).run();
        assert_eq!(ended.code, 3);
        let summary = &ended.report()["summary"];
        assert_eq!(summary["intact"].as_u64().zip(summary["unverified"].as_u64()).map(|(i, u)| i + u), Some(50));
        // Each record asks for its two objects at the same time; what is under way is not called back.
        assert!(asked(&cloud, Service::Store).len() <= 4 + 2 * concurrency, "{}", asked(&cloud, Service::Store).len());
    }
}

#[test]
fn an_api_that_failed_twenty_times_in_a_row_is_left_alone() {
    let cloud = Sandbox::start();
    cloud.fail_api(ApiCalls::Any, Times::always(), ApiFault::Answer(Canned::error(503, "WKS.0503", "overloaded")));
    let ended = many(&cloud, "--concurrency 1 --api-tries 2", 50).run();
    let messages = all_unverified(&ended, "service_error", 50);
    assert_eq!(cloud.requests().len(), 20 * 2);
    let failed = "the API failed (503 WKS.0503: overloaded)";
    let left = format!("not asked: the Workspace API failed 20 times in a row, the last time so: {failed}");
    assert_eq!(messages, [left, failed.to_owned()]);
}

#[test]
fn a_store_that_failed_twenty_times_in_a_row_is_left_alone() {
    let cloud = cloud_of(50);
    cloud.fail_store(StoreCalls::any(), Times::always(), StoreFault::error(503, "InternalError"));
    let ended = many(&cloud, "--concurrency 1 --read-retries 1", 50).run();
    let messages = all_unverified(&ended, "service_error", 50);
    assert_eq!(asked(&cloud, Service::Store).len(), 20 * 2);
    assert!(messages.iter().any(|m| m.starts_with("not asked: the store failed 20 times in a row, ")), "{messages:?}");
}

#[test]
fn refusals_of_single_records_do_not_close_the_service() {
    let cloud = Sandbox::start();
    let ended = many(&cloud, "--concurrency 8", 60).run();
    all_unverified(&ended, "record_not_found", 60);
    assert_eq!(cloud.requests().len(), 60);
}

/// A name no resolver has to ask anybody about: its first label is longer than labels are.
fn unresolvable() -> String {
    format!("{}.invalid", "x".repeat(64))
}

#[test]
fn an_api_name_that_does_not_resolve_is_looked_up_once() {
    let cloud = Sandbox::start();
    let host = unresolvable();
    let words = format!("-v --concurrency 32 --allow-http --workspace-endpoint http://{host}");
    let ended = many(&cloud, &words, MANY).run();
    let messages = all_unverified(&ended, "connection", MANY);
    assert_eq!(ended.err.matches("asking again").count(), 0, "{}", ended.err);
    let [not_asked, asked] = &messages[..] else { panic!("{messages:?}") };
    assert!(asked.starts_with(&format!("the name {host} does not resolve: ")), "{asked}");
    assert_eq!(not_asked, &format!("not asked: {asked}"));
    assert!(cloud.requests().is_empty());
}

#[test]
fn a_store_name_that_does_not_resolve_is_looked_up_once() {
    let cloud = cloud_of(40);
    let words = format!("--concurrency 32 --addressing path --allow-http --obs-endpoint http://{}", unresolvable());
    let ended = many(&cloud, &words, 40).run();
    all_unverified(&ended, "connection", 40);
    let report = ended.report();
    let objects =
        report["records"].as_array().expect("a list").iter().flat_map(|r| r["objects"].as_array().expect("two"));
    let attempts: usize = objects.map(|object| object["attempts"].as_array().expect("a list").len()).sum();
    assert_eq!(attempts, 1);
}
