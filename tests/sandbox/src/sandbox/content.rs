//! What is in the cloud: records and objects.

use bytes::Bytes;
use serde_json::Value;

use super::Sandbox;
use crate::recording::Recording;

/// Records and objects.
impl Sandbox {
    /// Stores both files of a recording and adds the complete record that declares them truly, which it returns.
    pub fn upload(&self, recording: &Recording) -> Value {
        self.put_object(&recording.bucket, &recording.video_key(), recording.video.clone());
        self.put_object(&recording.bucket, &recording.event_key(), recording.event.clone());
        let record = recording.record(self.cloud.clock.now());
        self.add_record(&recording.id, record.clone());
        record
    }

    /// Sets what the details call answers for an id; a record of that id is replaced.
    pub fn add_record(&self, id: &str, record: Value) {
        self.cloud.records.add(id, record);
    }

    /// Sets the very body the details call answers for an id, with status 200. The list call does not show it.
    pub fn set_record_body(&self, id: &str, content_type: &str, body: impl Into<Bytes>) {
        self.cloud.records.add_raw(id, content_type, body.into());
    }

    /// Lets a record expire.
    pub fn remove_record(&self, id: &str) {
        self.cloud.records.remove(id);
    }

    /// Makes a bucket, if there is none of that name.
    pub fn create_bucket(&self, bucket: &str) {
        self.cloud.buckets.create(bucket);
    }

    /// Removes a bucket and all that is in it.
    pub fn remove_bucket(&self, bucket: &str) {
        self.cloud.buckets.delete(bucket);
    }

    /// From now on every object put into the bucket is a new version, and every removal a delete marker.
    pub fn enable_versioning(&self, bucket: &str) {
        self.cloud.buckets.set_versioned(bucket);
    }

    /// Stores an object, over what is there; makes the bucket if need be. Gives the version id, in a versioned bucket.
    pub fn put_object(&self, bucket: &str, key: &str, content: impl Into<Bytes>) -> Option<String> {
        self.cloud.buckets.put(bucket, key, content.into(), self.cloud.clock.now())
    }

    /// Removes an object. Gives the delete marker's version id, in a versioned bucket.
    pub fn remove_object(&self, bucket: &str, key: &str) -> Option<String> {
        self.cloud.buckets.remove(bucket, key, self.cloud.clock.now())
    }

    /// Puts an object into the archive class, not restored: GET answers 403 `InvalidObjectState`.
    pub fn archive(&self, bucket: &str, key: &str) {
        self.cloud.buckets.archive(bucket, key);
    }
}
