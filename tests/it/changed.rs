//! Objects that change, or seem to, while they are read: never spliced, never accused.

use recverify_sandbox::{Recording, Sandbox, StoreCalls, StoreFault, Times};

use crate::check::{check, checked_while, text};
use crate::harness::verify;

fn upload(cloud: &Sandbox, id: &str) -> StoreCalls {
    let recording = Recording { video: vec![b'v'; 300].into(), ..Recording::new(id) };
    cloud.upload(&recording);
    StoreCalls::get(&recording.bucket, &recording.video_key())
}

#[test]
fn an_object_overwritten_between_two_parts_has_changed() {
    let cloud = Sandbox::start();
    let calls = upload(&cloud, "overwritten");
    cloud.fail_store(calls, Times::once(), StoreFault::Overwrite(100, vec![b'w'; 300].into()));
    let run = check(&cloud, "overwritten");
    let message = "the object is not the one whose reading began \
                   (412 PreconditionFailed: At least one of the preconditions you specified did not hold.)";
    run.says("overwritten", "unverified", "changed_during_read", message);
    assert_eq!(run.attempts("overwritten", "video"), [(0, 100, "truncated"), (100, 0, "changed_during_read")]);
    assert_eq!(run.code, 3);
}

#[test]
fn an_etag_that_changes_between_attempts_is_a_change() {
    let cloud = Sandbox::start();
    let calls = upload(&cloud, "etag");
    cloud.fail_store(calls.clone(), Times::once(), StoreFault::Cut(100));
    cloud.fail_store(calls, Times::always(), StoreFault::ETag("\"another\""));
    let run = check(&cloud, "etag");
    let etag = text(&run.object("etag", "video")["etag"]).to_owned();
    let message = format!("the object was replaced while it was read: its ETag was {etag} and is now \"another\"");
    run.says("etag", "unverified", "changed_during_read", &message);
    assert_eq!(run.code, 3);
}

#[test]
fn an_object_replaced_between_the_two_reads_is_not_called_altered() {
    let cloud = Sandbox::start();
    let recording = Recording::new("replaced");
    cloud.upload(&recording);
    cloud.put_object(&recording.bucket, &recording.video_key(), "not what was declared");
    let key = recording.video_key();
    cloud.fail_store(StoreCalls::get(&recording.bucket, &key), Times::once(), StoreFault::HoldAfter(5));
    let run = checked_while(verify(&cloud, "replaced"), |_| {
        cloud.wait_for(|seen| seen.iter().any(|seen| seen.path.ends_with("/replaced.mp4") && seen.status == Some(200)));
        cloud.put_object(&recording.bucket, &key, "nor is this");
        cloud.release();
    });
    let message = "one read gave another digest than the declared one, and the second read, which would confirm it, \
                   failed: the object is not the one whose reading began \
                   (412 PreconditionFailed: At least one of the preconditions you specified did not hold.)";
    run.says("replaced", "unverified", "changed_during_read", message);
}

#[test]
fn an_object_removed_while_it_is_read_is_proven_missing() {
    let cloud = Sandbox::start();
    let calls = upload(&cloud, "removed");
    cloud.fail_store(calls, Times::once(), StoreFault::Remove(100));
    let run = check(&cloud, "removed");
    let record = run.record("removed");
    assert_eq!((text(&record["outcome"]), text(&record["reason"]["code"])), ("missing", "object_not_found"));
    assert_eq!(run.attempts("removed", "video"), [(0, 100, "truncated"), (100, 0, "object_not_found")]);
    assert_eq!(run.code, 1);
}

#[test]
fn parts_from_the_wrong_place_are_never_taken() {
    let cloud = Sandbox::start();
    let cases = [
        ("shifted", StoreFault::ShiftedRange(7)),
        ("shifted-back", StoreFault::ShiftedRange(-7)),
        ("wrong-total", StoreFault::WrongTotal(5)),
    ];
    for (id, fault) in &cases {
        let calls = upload(&cloud, id);
        cloud.fail_store(calls.clone(), Times::once(), StoreFault::Cut(100));
        cloud.fail_store(calls, Times::always(), fault.clone());
    }
    let run = check(&cloud, "shifted shifted-back wrong-total");
    for (id, _) in &cases {
        run.is_intact(id);
        assert_eq!(run.attempts(id, "video"), [(0, 100, "truncated"), (100, 0, "unreadable_answer"), (0, 300, "")]);
    }
    assert_eq!(run.code, 0);
}

#[test]
fn a_store_that_only_ever_sends_wrong_parts_is_unreadable() {
    let cloud = Sandbox::start();
    let place = "a part came without its place: \"bytes 107-306/300\" is no content range";
    let length = "the object had 300 bytes and is now said to have 305 under the same ETag";
    let cases = [("shifted", StoreFault::ShiftedRange(7), place), ("wrong-total", StoreFault::WrongTotal(5), length)];
    for (id, fault, _) in &cases {
        let calls = upload(&cloud, id);
        cloud.fail_store(calls.clone().unranged(), Times::always(), StoreFault::Cut(100));
        cloud.fail_store(calls, Times::always(), fault.clone());
    }
    let run = check(&cloud, "shifted wrong-total --read-retries 3");
    for (id, _, why) in &cases {
        run.says(id, "unverified", "unreadable_answer", &format!("the store does not answer as asked: {why}"));
    }
    assert_eq!(run.code, 3);
}
