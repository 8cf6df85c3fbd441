//! Key, bucket, addressing and leave to read: what the store stands in the way with.

use recverify_sandbox::{Recording, Sandbox, Service, StoreCalls, StoreFault, TOKEN, Times};
use serde_json::json;

use super::{BUCKET, KEY, NO_FILES, cloud, doctor, line, not_well, signed, skipped};

#[test]
fn a_wrong_store_key_beside_a_good_token_is_shown_to_the_store_once() {
    let cloud = cloud();
    let call = doctor(&cloud, "").env("RECVERIFY_AUTH_TOKEN", TOKEN).env("HUAWEICLOUD_SDK_SK", "wrong");
    let message = format!("the store rejected {KEY} (403 SignatureDoesNotMatch)");
    let next = "check that key and secret belong together and that the key was neither deleted nor disabled";
    let mut lines = vec![line("fail", "store_credentials", &message, next)];
    lines.extend(skipped(&NO_FILES[1..], "store_credentials"));
    assert_eq!(not_well(call), lines);
    assert_eq!(signed(&cloud, Service::Store), 1);
}

#[test]
fn leave_to_read_is_told_for_each_object_by_itself() {
    let cloud = cloud();
    cloud.deny_read(BUCKET, "recordings/rec/rec.mp4");
    let message = "the store denied wks-recordings/recordings/rec/rec.mp4 (403 AccessDenied: Access Denied)";
    let next = "grant obs:object:GetObject on the objects of bucket wks-recordings";
    assert_eq!(not_well(doctor(&cloud, "")), [line("fail", "read_video", message, next)]);
}

#[test]
fn without_leave_to_list_the_bucket_missing_cannot_be_told_from_denied() {
    let cloud = cloud();
    cloud.deny_list(BUCKET);
    let message = "cannot tell missing from denied: a random key is denied (403 AccessDenied: Access Denied)";
    let next = "grant list permission, obs:bucket:ListBucket, on bucket wks-recordings";
    assert_eq!(not_well(doctor(&cloud, "")), [line("fail", "absent_key", message, next)]);
}

#[test]
fn path_style_addresses_refused_are_an_addressing_that_is_wrong() {
    let cloud = cloud();
    cloud.virtual_hosts_only();
    let named = |words: &str| doctor(&cloud, words).env("RECVERIFY_OBS_ENDPOINT", &cloud.obs_named_endpoint());
    let message = "the store refuses path-style addresses (403 VirtualHostDomainRequired: Virtual host domain is \
                   required when accessing a specific bucket.)";
    let mut lines = skipped(&NO_FILES[..2], "addressing");
    lines.push(line("fail", "addressing", message, "use --addressing virtual"));
    lines.extend(skipped(&NO_FILES[3..], "addressing"));
    assert_eq!(not_well(named("")), lines);
    assert_eq!(not_well(named("--addressing virtual")), Vec::<String>::new());
}

#[test]
fn a_bucket_in_another_region_is_told_with_the_flags_that_help() {
    let cloud = cloud();
    cloud.set_store_region("cn-north-4");
    let message = "bucket wks-recordings is in another region (400 AuthorizationHeaderMalformed: The authorization \
                   header is malformed; the region 'eu-west-101' is wrong; expecting 'cn-north-4')";
    let next = "set --obs-region and --obs-endpoint to those of the bucket";
    let mut lines = skipped(&NO_FILES[..1], "bucket");
    lines.push(line("fail", "bucket", message, next));
    lines.extend(skipped(&NO_FILES[2..], "bucket"));
    assert_eq!(not_well(doctor(&cloud, "")), lines);
    assert_eq!(not_well(doctor(&cloud, "--obs-region cn-north-4")), Vec::<String>::new());
}

#[test]
fn a_bucket_nobody_knows_is_told_and_the_key_is_not_blamed() {
    let cloud = cloud();
    cloud.remove_bucket(BUCKET);
    let message = "the store knows no bucket wks-recordings (404 NoSuchBucket: The specified bucket does not exist.)";
    let next = "check --region and --obs-endpoint, and whether the bucket was deleted";
    let mut lines = vec![line("fail", "bucket", message, next)];
    lines.extend(skipped(&NO_FILES[2..], "bucket"));
    assert_eq!(not_well(doctor(&cloud, "")), lines);
}

#[test]
fn a_store_that_is_down_is_told_and_the_api_is_well() {
    let cloud = cloud();
    cloud.fail_store(StoreCalls::any(), Times::always(), StoreFault::error(503, "InternalError"));
    let message = "the store failed (503 InternalError: The sandbox was told to say so.)";
    let next = "try again later; if it lasts, tell the service's support";
    let lines: Vec<_> =
        std::iter::once(line("fail", "store", message, next)).chain(skipped(&NO_FILES, "store")).collect();
    assert_eq!(not_well(doctor(&cloud, "")), lines);
}

#[test]
fn objects_that_are_gone_or_archived_accuse_no_permission() {
    let cloud = cloud();
    cloud.remove_object(BUCKET, "recordings/rec/rec.mp4");
    cloud.archive(BUCKET, "recordings/rec/rec.jsonl");
    let gone = "wks-recordings/recordings/rec/rec.mp4 is not there (404 NoSuchKey: The specified key does not exist.); \
                a listing of the bucket does not show it";
    let archived = "wks-recordings/recordings/rec/rec.jsonl is archived, so it cannot be read now (403 \
                    InvalidObjectState: The operation is not valid for the object's storage class.)";
    let lines = [
        line("fail", "read_video", gone, "name another record, and verify this one"),
        line("warn", "read_event", archived, "name another record; a restore costs money and is yours to order"),
    ];
    assert_eq!(not_well(doctor(&cloud, "")), lines);
}

#[test]
fn a_record_without_a_usable_place_is_told_and_the_store_is_not_asked() {
    let cloud = cloud();
    let mut record = cloud.upload(&Recording::new("evil"));
    record["obs_bucket"] = json!("evil.example/x");
    cloud.add_record("evil", record);
    let message =
        "\"evil.example/x\" is no bucket name: only lower-case letters, digits, hyphens and dots may stand in it";
    let mut lines = skipped(&NO_FILES[..1], "bucket");
    lines.push(line("fail", "bucket", message, "show the record with recverify show, or name another"));
    lines.extend(skipped(&NO_FILES[2..], "bucket"));
    assert_eq!(not_well(doctor(&cloud, "evil")), lines);
    assert_eq!(signed(&cloud, Service::Store), 0);
}

#[test]
fn an_object_without_content_may_be_read_too() {
    let cloud = Sandbox::start();
    cloud.upload(&Recording { event: Vec::new().into(), ..Recording::new("rec") });
    assert_eq!(not_well(doctor(&cloud, "")), Vec::<String>::new());
}

#[test]
fn an_address_that_may_be_wrong_proves_neither_bucket_nor_absence() {
    let cloud = cloud();
    // As endpoints answer that take the bucket for a part of the key: nothing is there, whatever is asked for.
    cloud.fail_store(StoreCalls::gets(), Times::always(), StoreFault::error(404, "NoSuchKey"));
    let said = "(404 NoSuchKey: The sandbox was told to say so.)";
    let absent = |check, key: &str| {
        let message = format!(
            "wks-recordings/recordings/rec/{key} is not there, or the address is wrong {said}: the store says there is \
             no such object, yet lists it"
        );
        line("fail", check, &message, "check --addressing, or name another record")
    };
    let mut lines = skipped(&NO_FILES[1..3], "read_video");
    lines.extend([absent("read_video", "rec.mp4"), absent("read_event", "rec.jsonl")]);
    lines.extend(skipped(&NO_FILES[5..], "read_video"));
    assert_eq!(not_well(doctor(&cloud, "")), lines);
}
