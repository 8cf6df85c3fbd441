//! Several records in one run: none stops another, the gravest object speaks, everything adds up.

use recverify_sandbox::{Recording, Sandbox, StoreCalls, StoreFault, Times};
use serde_json::{Value, json};

use crate::check::{check, checked, checked_while, text};
use crate::harness::{bare, recverify, verify};

/// One record of each outcome, each in a bucket of its own.
fn one_of_each() -> Sandbox {
    let cloud = Sandbox::start();
    let upload = |id: &str, change: &dyn Fn(&mut Value)| {
        let recording = Recording { bucket: format!("bucket-{id}"), ..Recording::new(id) };
        let mut record = cloud.upload(&recording);
        change(&mut record);
        cloud.add_record(id, record);
        recording
    };
    upload("intact", &|_| {});
    let altered = upload("altered", &|_| {});
    cloud.put_object(&altered.bucket, &altered.video_key(), "not what was declared");
    let missing = upload("missing", &|_| {});
    cloud.remove_object(&missing.bucket, &missing.event_key());
    upload("inconsistent", &|record| record["size"] = json!(1));
    upload("undeclared", &|record| record["event_file_sha256"] = Value::Null);
    upload("unverified", &|record| record["status"] = json!("UPLOADING"));
    cloud
}

const ALL: &str = "altered inconsistent intact missing undeclared unverified";

#[test]
fn a_run_of_every_outcome_adds_up_and_none_stops_another() {
    let cloud = one_of_each();
    for concurrency in ["1", "6"] {
        let run = check(&cloud, &format!("{ALL} nobody --concurrency {concurrency}"));
        for id in ALL.split(' ') {
            assert_eq!(run.record(id)["outcome"], id);
        }
        let summary = &run.report["summary"];
        let count = |word: &str| summary[word].as_u64().expect("a count");
        assert_eq!((count("records"), count("unverified")), (7, 2));
        assert_eq!(ALL.split(' ').map(count).sum::<u64>(), 7);
        let moved: u64 = run.records().iter().map(transferred).sum();
        assert_eq!(count("bytes"), moved);
        assert_eq!(run.code, 1);
    }
}

fn transferred(record: &Value) -> u64 {
    let objects = record["objects"].as_array().expect("objects").iter();
    let attempts = objects.flat_map(|object| object["attempts"].as_array().expect("attempts"));
    attempts.map(|attempt| attempt["bytes"].as_u64().expect("a number")).sum()
}

#[test]
fn each_outcome_alone_has_its_exit_code() {
    let cloud = one_of_each();
    let codes =
        [("intact", 0), ("altered", 1), ("missing", 1), ("inconsistent", 1), ("undeclared", 3), ("unverified", 3)];
    for (id, code) in codes {
        assert_eq!(check(&cloud, id).code, code, "{id}");
    }
}

#[test]
fn the_gravest_object_speaks_and_both_are_reported() {
    let cloud = Sandbox::start();
    let both = Recording { bucket: "both".to_owned(), ..Recording::new("both") };
    cloud.upload(&both);
    cloud.remove_object(&both.bucket, &both.video_key());
    cloud.put_object(&both.bucket, &both.event_key(), "not what was declared");
    let denied = Recording::new("denied");
    let mut record = cloud.upload(&denied);
    record["event_file_sha256"] = Value::Null;
    cloud.add_record("denied", record);
    cloud.deny_read(&denied.bucket, &denied.video_key());

    let run = check(&cloud, "both denied");
    let outcomes = |id| ["video", "event"].map(|role| text(&run.object(id, role)["outcome"]));
    assert_eq!(outcomes("both"), ["missing", "altered"]);
    assert_eq!(run.record("both")["outcome"], "altered");
    assert_eq!(run.record("both")["reason"], run.object("both", "event")["reason"]);
    assert_eq!(outcomes("denied"), ["unverified", "undeclared"]);
    assert_eq!(run.record("denied")["reason"]["code"], "access_denied");
}

#[test]
fn an_interrupted_run_reports_what_it_knows_and_names_what_it_did_not_reach() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let cloud = one_of_each();
        cloud.upload(&Recording::new("held"));
        let held = Recording::new("held");
        cloud.fail_store(StoreCalls::get(&held.bucket, &held.video_key()), Times::always(), StoreFault::HoldAfter(70));
        let run = checked_while(verify(&cloud, "intact held altered missing --concurrency 1"), |process| {
            cloud.wait_for(|seen| seen.iter().any(|s| s.path.ends_with("/held.mp4") && s.status.is_some()));
            crate::harness::send(signal, process);
        });
        run.is_intact("intact");
        assert_eq!(run.record("held")["reason"]["code"], "interrupted");
        assert_eq!(run.attempts("held", "video").last().map(|last| last.2), Some("interrupted"));
        for id in ["altered", "missing"] {
            let message = "the run was interrupted before this record was verified";
            run.says(id, "unverified", "interrupted", message);
        }
        assert_eq!(run.code, code);
    }
}

#[test]
fn a_service_that_fails_twenty_times_in_a_row_is_not_asked_again() {
    let cloud = Sandbox::start();
    let ids: Vec<_> = (0..30).map(|n| format!("r{n}")).collect();
    for id in &ids {
        cloud.upload(&Recording::new(id));
    }
    let down = recverify_sandbox::Canned::error(503, "WKS.9", "Down.");
    cloud.fail_api(recverify_sandbox::ApiCalls::Any, Times::always(), recverify_sandbox::ApiFault::Answer(down));
    let run = check(&cloud, &format!("{} --api-tries 1 --concurrency 1", ids.join(" ")));
    assert_eq!(cloud.requests().len(), 20);
    run.says("r19", "unverified", "service_error", "the API failed (503 WKS.9: Down.)");
    let message = "not asked: the Workspace API failed 20 times in a row, \
                   the last time so: the API failed (503 WKS.9: Down.)";
    run.says("r20", "unverified", "service_error", message);
    assert_eq!(run.code, 3);
}

#[test]
fn a_record_named_twice_is_verified_once_and_none_at_all_is_no_pass() {
    let cloud = one_of_each();
    let run = checked(verify(&cloud, "intact intact --ids-from -").input("# twice\nintact\n"));
    assert_eq!((run.code, run.records().len()), (0, 1));
    let selection = &run.report["run"]["selection"];
    assert_eq!((&selection["ids"], &selection["ids_from"]), (&json!(1), &json!("-")));
    assert_eq!(recverify(&cloud).args("verify --ids-from -").input("# none\n").run().code, 4);
    assert_eq!(bare().args("verify intact").run().code, 2);
}
