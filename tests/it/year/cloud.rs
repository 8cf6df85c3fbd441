//! Lets happen in the sandbox what the calendar says.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use recverify_sandbox::{ApiCalls, ApiFault, Canned, Recording, Sandbox, StoreCalls, StoreFault, Times};
use serde_json::{Value, json};

use super::calendar::{BUCKETS, Calendar, Fate, start};

/// What a recording is in the bucket of that number.
fn recording(fate: &Fate, bucket: usize) -> Recording {
    Recording { bucket: BUCKETS[bucket].to_owned(), start_time: Some(fate.began), ..Recording::new(&fate.id) }
}

fn size(recording: &Recording) -> usize {
    recording.video.len() + recording.event.len()
}

/// The bytes of so many whole recordings: all ids are of one length, and so are all recordings.
pub fn bytes(recordings: i64, fates: &BTreeMap<String, Fate>) -> usize {
    let fate = fates.values().next().expect("recordings");
    usize::try_from(recordings).expect("few") * size(&recording(fate, 0))
}

/// The video as it is before that night.
fn video(fate: &Fate, night: i64) -> Bytes {
    match fate.versions(night) {
        0 => recording(fate, 0).video,
        version => format!("tampered with for the {version}. time").into(),
    }
}

/// Record and objects as they are before that night.
fn put(cloud: &Sandbox, fate: &Fate, night: i64, bucket: usize) {
    let recording = recording(fate, bucket);
    let mut record = cloud.upload(&recording);
    record["size"] = json!(size(&recording));
    if fate.uploaded > night {
        record["status"] = json!("UPLOADING");
        for late in ["size", "video_file_sha256", "event_file_sha256"] {
            record[late] = Value::Null;
        }
        remove_files(cloud, fate, bucket);
    } else {
        cloud.put_object(&recording.bucket, &recording.video_key(), video(fate, night));
    }
    cloud.add_record(&fate.id, record);
}

fn remove_files(cloud: &Sandbox, fate: &Fate, bucket: usize) {
    let recording = recording(fate, bucket);
    cloud.remove_object(&recording.bucket, &recording.video_key());
    cloud.remove_object(&recording.bucket, &recording.event_key());
}

/// The day before a night.
pub fn befall(cloud: &Sandbox, calendar: &Calendar, fates: &BTreeMap<String, Fate>, night: i64) {
    cloud.set_clock_offset(start(night).duration_since(Timestamp::now()).as_secs());
    let bucket = calendar.bucket(night);
    // On the first night all that is kept is there already.
    let appears = |fate: &Fate| fate.night.max(1);
    for fate in fates.values().filter(|fate| appears(fate) < night) {
        if fate.files_gone == night && fate.uploaded < night {
            remove_files(cloud, fate, calendar.bucket(night - 1));
        }
        if fate.gone == night {
            cloud.remove_record(&fate.id);
        }
        let files = fate.uploaded < night && night < fate.files_gone;
        if night == calendar.moved() && files {
            let recording = recording(fate, bucket);
            cloud.put_object(&recording.bucket, &recording.video_key(), video(fate, night));
            cloud.put_object(&recording.bucket, &recording.event_key(), recording.event.clone());
        }
        if night == calendar.moved_again() && files && night < fate.gone {
            put(cloud, fate, night, bucket);
        }
        if fate.uploaded == night && night < fate.gone {
            put(cloud, fate, night, bucket);
        }
        if fate.altered.contains(&night) {
            let recording = recording(fate, bucket);
            cloud.put_object(&recording.bucket, &recording.video_key(), video(fate, night));
        }
    }
    if night == calendar.moved() || night == calendar.moved_again() {
        cloud.remove_bucket(BUCKETS[bucket - 1]);
    }
    for fate in fates.values().filter(|fate| appears(fate) == night && night < fate.gone) {
        put(cloud, fate, night, bucket);
    }
    if calendar.api_is_down(night) {
        let down = ApiFault::Answer(Canned::error(503, "WKS.503", "out of order"));
        cloud.fail_api(ApiCalls::Any, Times::always(), down);
    }
    if calendar.store_is_down(night) {
        cloud.fail_store(StoreCalls::any(), Times::always(), StoreFault::error(500, "InternalError"));
    }
}
