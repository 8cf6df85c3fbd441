//! Versions of an object that is altered or missing, in the sandbox: what is asked, what is told, and what stays as it is.

use recverify_sandbox::{Recording, Sandbox, StoreCalls, StoreFault, Times};
use serde_json::Value;

use crate::check::{Checked, check, text};

const WINDOW: &str = "--since 2d";

fn overwritten() -> (Sandbox, Recording, String) {
    let cloud = Sandbox::start();
    let recording = Recording::new("r");
    cloud.enable_versioning(&recording.bucket);
    cloud.upload(&recording);
    let key = recording.video_key();
    let good = first_version(&cloud, &recording);
    cloud.put_object(&recording.bucket, &key, "short");
    cloud.put_object(&recording.bucket, &key, vec![b'x'; recording.video.len()]);
    (cloud, recording, good)
}

/// The id of the version the upload made: the store gives it to whoever reads.
fn first_version(cloud: &Sandbox, recording: &Recording) -> String {
    text(&check(cloud, &recording.id).object(&recording.id, "video")["version_id"]).to_owned()
}

fn versions(checked: &Checked) -> &Value {
    &checked.object("r", "video")["versions"]
}

#[test]
fn the_declared_bytes_are_found_in_an_older_version_and_the_outcome_stays() {
    let (cloud, _, good) = overwritten();
    let checked = check(&cloud, "r");
    assert_eq!((checked.code, text(&checked.record("r")["outcome"])), (1, "altered"));
    assert_eq!(versions(&checked)["declared_bytes_in"], good.as_str());
    assert_eq!(versions(&checked)["total"], 3);
    let message = text(&versions(&checked)["message"]);
    assert!(message.starts_with(&format!("the declared bytes survive as version {good} of 2")), "{message}");
    assert!(message.contains("Z; the current version was written at 2"), "{message}");
    assert!(checked.text.contains(&format!("    versions  {message}\n")), "{}", checked.text);
    assert!(
        checked.text.contains("    next      keep a copy of the version that has the declared bytes"),
        "{}",
        checked.text
    );
    let listed = versions(&checked)["listed"].as_array().unwrap();
    let read: Vec<_> = listed.iter().filter(|version| version["observed_sha256"].is_string()).collect();
    assert_eq!(read.len(), 1, "one of another length cannot be it, and the current one was read: {listed:#?}");
}

#[test]
fn a_batch_lists_versions_and_reads_none() {
    let (cloud, recording, _) = overwritten();
    let checked = check(&cloud, WINDOW);
    let message = text(&versions(&checked)["message"]);
    let told = "the bucket has 2 other versions of it, 1 of a length that fits; --versions hash reads them; ";
    assert!(message.starts_with(told), "{message}");
    assert_eq!(versions(&checked)["bytes_read"], 0);
    let by_id = cloud.requests().iter().filter(|seen| seen.query.contains("versionId")).count();
    assert_eq!(by_id, 0);
    let deep = check(&cloud, &format!("{WINDOW} --versions hash"));
    assert_eq!(versions(&deep)["bytes_read"], recording.video.len());
}

#[test]
fn versions_off_asks_for_none_and_an_intact_record_never_does() {
    let (cloud, ..) = overwritten();
    cloud.upload(&Recording::new("good"));
    assert!(versions(&check(&cloud, "r --versions off")).is_null());
    assert!(check(&cloud, "good").object("good", "video")["versions"].is_null());
    assert!(cloud.requests().iter().all(|seen| !seen.query.contains("versions")));
}

#[test]
fn a_listing_of_versions_that_is_denied_or_fails_is_told_and_changes_nothing() {
    let (cloud, recording, _) = overwritten();
    cloud.deny_list(&recording.bucket);
    let checked = check(&cloud, "r");
    assert_eq!((checked.code, text(&checked.record("r")["outcome"])), (1, "altered"));
    let told = "its versions could not be listed: there is no leave to; grant obs:bucket:ListBucketVersions";
    assert_eq!(text(&versions(&checked)["message"]), told);
    assert_eq!(versions(&checked)["total"], Value::Null);
}

#[test]
fn a_version_that_cannot_be_read_by_its_id_is_told_as_not_read() {
    let (cloud, recording, good) = overwritten();
    let calls = StoreCalls::get(&recording.bucket, &recording.video_key());
    cloud.fail_store(calls, Times::always(), StoreFault::RefuseVersion);
    let checked = check(&cloud, "r");
    let message = text(&versions(&checked)["message"]);
    assert!(
        message.contains(
            "0 of 1 of a length that fits were read, none with the declared bytes, and the rest could not be read"
        ),
        "{message}"
    );
    let listed = versions(&checked)["listed"].as_array().unwrap();
    let refused = listed.iter().find(|version| version["version_id"] == good.as_str()).unwrap();
    assert_eq!(refused["error"]["code"], "access_denied");
}

#[test]
fn the_budget_bounds_what_is_read_of_versions() {
    let (cloud, ..) = overwritten();
    let checked = check(&cloud, "r --max-bytes 1kB");
    let message = text(&versions(&checked)["message"]);
    assert!(message.contains("none with the declared bytes, and the budget allows no more; "), "{message}");
    assert_eq!(versions(&checked)["bytes_read"], 0);
}

#[test]
fn a_deleted_object_has_its_bytes_behind_the_marker() {
    let cloud = Sandbox::start();
    let recording = Recording::new("r");
    cloud.enable_versioning(&recording.bucket);
    cloud.upload(&recording);
    cloud.remove_object(&recording.bucket, &recording.video_key());
    let checked = check(&cloud, "r");
    assert_eq!(text(&checked.record("r")["outcome"]), "missing");
    let message = text(&versions(&checked)["message"]);
    assert!(
        message.starts_with("the declared bytes survive as version ") && message.contains("; it was deleted at "),
        "{message}"
    );
    assert_eq!(versions(&checked)["total"], 2);
}
