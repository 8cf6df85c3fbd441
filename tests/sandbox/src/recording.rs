//! One screen recording to be uploaded: its two files, and the record that declares them.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::clock::format_record_time;

/// A recording as a desktop would upload it.
///
/// ```
/// use recverify_sandbox::Recording;
/// let recording = Recording { video: b"not really a video".as_slice().into(), ..Recording::new("r-1") };
/// # assert_eq!(recording.bucket, "wks-recordings");
/// ```
#[derive(Debug, Clone)]
pub struct Recording {
    /// The record's id.
    pub id: String,
    /// Bucket of both objects.
    pub bucket: String,
    /// `file_directory` of the record; joined to the file names with one slash.
    pub directory: String,
    /// `video_filename` of the record.
    pub video_name: String,
    /// The video.
    pub video: Bytes,
    /// `event_filename` of the record.
    pub event_name: String,
    /// The event file.
    pub event: Bytes,
    /// When recording began; an hour before now by the sandbox's clock if not given.
    pub start_time: Option<Timestamp>,
}

impl Recording {
    /// A small recording, its content and its keys made from the id.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            bucket: "wks-recordings".to_owned(),
            directory: format!("recordings/{id}"),
            video_name: format!("{id}.mp4"),
            video: format!("video of {id}: ").repeat(64).into(),
            event_name: format!("{id}.jsonl"),
            event: format!("{{\"event_of\":\"{id}\"}}\n").into(),
            start_time: None,
        }
    }

    /// Key of the video.
    pub fn video_key(&self) -> String {
        self.key(&self.video_name)
    }

    /// Key of the event file.
    pub fn event_key(&self) -> String {
        self.key(&self.event_name)
    }

    fn key(&self, name: &str) -> String {
        let directory = self.directory.trim_matches('/');
        if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
    }

    /// The record that declares both files truly.
    pub fn record(&self, now: Timestamp) -> Value {
        let start = self.start_time.unwrap_or(now - SignedDuration::from_hours(1));
        let end = start + SignedDuration::from_mins(10);
        json!({
            "id": self.id,
            "desktop_id": "5d0c5b3e-7c0a-4f0e-9a41-2f6f7b1c0d11",
            "desktop_name": "sandbox-desktop-01",
            "desktop_pool_id": null,
            "username": "sandbox-user",
            "size": self.video.len(),
            "type": "FULL",
            "status": "UPLOAD_COMPLETED",
            "policy_id": "8a1f0c1e-2b3d-4c5e-8f90-a1b2c3d4e5f6",
            "obs_bucket": self.bucket,
            "file_directory": self.directory,
            "video_filename": self.video_name,
            "video_file_sha256": hex::encode(Sha256::digest(&self.video)),
            "event_filename": self.event_name,
            "event_file_sha256": hex::encode(Sha256::digest(&self.event)),
            "start_time": format_record_time(start),
            "end_time": format_record_time(end),
            "update_time": format_record_time(end + SignedDuration::from_mins(1)),
            "duration": 600,
        })
    }
}
