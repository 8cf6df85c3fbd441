//! The shortest true path: one intact record, one altered.

use recverify_sandbox::{Recording, Sandbox};

use crate::harness::{verdict, verify};

#[test]
fn an_untouched_recording_is_intact_and_a_changed_one_altered() {
    let cloud = Sandbox::start();
    cloud.upload(&Recording::new("good"));
    let bad = Recording::new("bad");
    cloud.upload(&bad);
    cloud.put_object(&bad.bucket, &bad.video_key(), "something else");

    let ended = verify(&cloud, "good").run();
    assert_eq!(ended.verdict("good"), verdict(0, "intact", ""));
    let ended = verify(&cloud, "bad").run();
    assert_eq!(ended.verdict("bad"), verdict(1, "altered", "digest_differs"));
}
