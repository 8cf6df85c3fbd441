//! Records selected by a window and filters, through the list call.

use recverify_sandbox::{Recording, Sandbox, Service};
use serde_json::{Value, json};

use crate::harness::{Ended, recverify, verify};

/// Uploads a recording that began so many seconds after the start of the window the tests ask for.
fn upload(cloud: &Sandbox, id: &str, second: i64) -> Value {
    let began = "2026-11-01T00:00:00Z".parse::<jiff::Timestamp>().expect("a time");
    let start_time = Some(began + jiff::SignedDuration::from_secs(second));
    cloud.upload(&Recording { start_time, ..Recording::new(id) })
}

const WINDOW: &str = "--since 2026-11-01 --until 2026-11-02";

fn ids(ended: &Ended) -> Vec<String> {
    let report = ended.report();
    let records = report["records"].as_array().expect("a list");
    let mut ids: Vec<_> = records.iter().filter_map(|record| record["record_id"].as_str()).map(str::to_owned).collect();
    ids.sort();
    ids
}

#[test]
fn a_window_selects_what_began_in_it_and_the_report_says_which() {
    let cloud = Sandbox::start();
    upload(&cloud, "before", -1);
    upload(&cloud, "first", 0);
    upload(&cloud, "last", 2 * 86_400 - 1);
    upload(&cloud, "after", 2 * 86_400 + 60);
    let ended = verify(&cloud, WINDOW).run();
    assert_eq!((ended.code, ids(&ended)), (0, vec!["first".to_owned(), "last".to_owned()]));
    let selection = &ended.report()["run"]["selection"];
    assert_eq!(selection["window"]["since"], "2026-11-01T00:00:00.000Z");
    assert_eq!(selection["window"]["until"], "2026-11-02T23:59:59.999Z");
    assert_eq!(selection["complete"], true);
    assert!(
        ended.err.starts_with("recordings that began from 2026-11-01T00:00:00Z to 2026-11-02T23:59:59.999999999Z\n")
    );
}

#[test]
fn the_services_own_bounds_are_never_relied_on() {
    let cloud = Sandbox::start();
    upload(&cloud, "a", 0);
    verify(&cloud, WINDOW).run();
    let listings: Vec<_> = cloud.requests().into_iter().filter(|seen| seen.path.ends_with("/screen-records")).collect();
    assert!(!listings.is_empty());
    for seen in listings {
        let query = seen.query;
        for part in ["limit=100", "offset=", "start_time=", "end_time=", "sort_field=start_time", "sort_type=asc"] {
            assert!(query.contains(part), "{part} in {query}");
        }
    }
}

#[test]
fn records_not_ready_are_counted_and_failed_ones_reported() {
    let cloud = Sandbox::start();
    for (id, status) in [("recording", "RECORDING"), ("uploading", "UPLOADING"), ("failed", "UPLOAD_FAILED")] {
        let mut record = upload(&cloud, id, 5);
        record["status"] = json!(status);
        cloud.add_record(id, record);
    }
    upload(&cloud, "ready", 5);
    let ended = verify(&cloud, WINDOW).run();
    assert_eq!((ended.code, ids(&ended)), (3, vec!["failed".to_owned(), "ready".to_owned()]));
    let summary = &ended.report()["summary"];
    assert_eq!((summary["selected"].as_u64(), summary["not_ready"].as_u64()), (Some(4), Some(2)));

    let ended = verify(&cloud, &format!("{WINDOW} --include-not-ready")).run();
    assert_eq!(ids(&ended).len(), 4);
    assert_eq!(ended.record("uploading")["reason"]["code"], "not_uploaded");
}

#[test]
fn an_empty_window_is_nothing_to_verify() {
    let cloud = Sandbox::start();
    assert_eq!(verify(&cloud, WINDOW).run().code, 4);
    assert_eq!(recverify(&cloud).args("list").args(WINDOW).run().code, 4);
}

#[test]
fn a_listing_that_breaks_off_is_never_a_pass() {
    use recverify_sandbox::{ApiCalls, ApiFault, Canned, Times};
    let cloud = Sandbox::start();
    for n in 0..150 {
        upload(&cloud, &format!("r{n:03}"), n);
    }
    let broken = Canned::error(503, "WKS.503", "out of order");
    cloud.fail_api(ApiCalls::List, Times::always().after(1), ApiFault::Answer(broken));
    let ended = verify(&cloud, WINDOW).args("--api-tries 2").run();
    assert_eq!((ended.code, ids(&ended).len()), (3, 100));
    let selection = &ended.report()["run"]["selection"];
    assert_eq!(
        (selection["complete"].as_bool(), &selection["shortfall"]["code"]),
        (Some(false), &json!("service_error"))
    );
}

#[test]
fn filters_reach_the_service() {
    let cloud = Sandbox::start();
    for (id, user) in [("hers", "ada"), ("his", "bob")] {
        let mut record = upload(&cloud, id, 1);
        record["username"] = json!(user);
        record["desktop_name"] = json!(format!("desk {user}"));
        cloud.add_record(id, record);
    }
    let ended = verify(&cloud, &format!("{WINDOW} --username ada")).run();
    assert_eq!(ids(&ended), ["hers"]);
    let ended = verify(&cloud, WINDOW).arg("--desktop-name").arg("desk bob").run();
    assert_eq!(ids(&ended), ["his"]);
}

#[test]
fn a_limit_takes_the_oldest() {
    let cloud = Sandbox::start();
    for n in 0..5 {
        upload(&cloud, &format!("r{n}"), n);
    }
    let ended = verify(&cloud, &format!("{WINDOW} --limit 2")).run();
    assert_eq!(ids(&ended), ["r0", "r1"]);
}

#[test]
fn a_budget_leaves_the_rest_and_says_how_old_it_is() {
    let cloud = Sandbox::start();
    for n in 0..5 {
        upload(&cloud, &format!("r{n}"), n);
    }
    let ended = verify(&cloud, &format!("{WINDOW} --max-bytes 1B")).run();
    assert_eq!((ended.code, ids(&ended)), (0, vec!["r0".to_owned()]));
    let summary = &ended.report()["summary"];
    assert_eq!((summary["selected"].as_u64(), summary["left"].as_u64()), (Some(5), Some(4)));
    assert_eq!(summary["oldest_left_at"], "2026-11-01T00:00:01.000Z");
    assert!(
        ended.err.ends_with("; 4 left for the next run, the oldest of 2026-11-01T00:00:01.000Z\n"),
        "{}",
        ended.err
    );
}

#[test]
fn a_list_is_lines_for_people_or_for_machines() {
    let cloud = Sandbox::start();
    upload(&cloud, "one", 0);
    let text = recverify(&cloud).args("list").args(WINDOW).run();
    assert_eq!(text.code, 0);
    assert!(text.out.contains("  one  UPLOAD_COMPLETED  "), "{}", text.out);
    let lines = recverify(&cloud).args("list --format jsonl").args(WINDOW).run();
    let record: Value = serde_json::from_str(lines.out.trim_end()).expect("one line of JSON");
    assert_eq!(record["id"], "one");
    assert!(cloud.requests().iter().all(|seen| seen.service == Service::Workspace));
}
