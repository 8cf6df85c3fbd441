//! Buckets, objects and their versions, in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;

use bytes::Bytes;
use jiff::Timestamp;
use md5::{Digest, Md5};

/// One version of an object; an unversioned object has exactly one, without an id.
#[derive(Clone)]
pub(crate) struct Version {
    pub(crate) id: Option<String>,
    /// `None` is a delete marker.
    pub(crate) content: Option<Content>,
    pub(crate) modified: Timestamp,
}

#[derive(Clone)]
pub(crate) struct Content {
    pub(crate) bytes: Bytes,
    /// Hex MD5, without quotes.
    pub(crate) etag: String,
    pub(crate) archived: bool,
}

/// What looking for an object comes to.
pub(crate) enum Found {
    NoBucket,
    NoKey,
    NoVersion,
    DeleteMarker { id: String, asked_for: bool },
    Object { id: Option<String>, content: Content, modified: Timestamp },
}

#[derive(Default)]
struct Bucket {
    versioned: bool,
    /// By key, newest last; never empty.
    objects: BTreeMap<String, Vec<Version>>,
}

#[derive(Default)]
struct Inside {
    buckets: HashMap<String, Bucket>,
    versions_made: u64,
    unlistable: HashSet<String>,
    unreadable: HashSet<(String, String)>,
}

#[derive(Default)]
pub(crate) struct Buckets(Mutex<Inside>);

impl Buckets {
    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().expect("no panic while holding the buckets")
    }

    pub(crate) fn create(&self, bucket: &str) {
        self.inside().buckets.entry(bucket.to_owned()).or_default();
    }

    pub(crate) fn delete(&self, bucket: &str) {
        self.inside().buckets.remove(bucket);
    }

    pub(crate) fn set_versioned(&self, bucket: &str) {
        self.inside().buckets.entry(bucket.to_owned()).or_default().versioned = true;
    }

    /// Stores an object, over what is there; gives the new version's id in a versioned bucket.
    pub(crate) fn put(&self, bucket: &str, key: &str, bytes: Bytes, now: Timestamp) -> Option<String> {
        let etag = hex::encode(Md5::digest(&bytes));
        self.push(bucket, key, Some(Content { bytes, etag, archived: false }), now)
    }

    /// Removes an object; in a versioned bucket by a delete marker, whose id it gives.
    pub(crate) fn remove(&self, bucket: &str, key: &str, now: Timestamp) -> Option<String> {
        self.push(bucket, key, None, now)
    }

    fn push(&self, bucket: &str, key: &str, content: Option<Content>, now: Timestamp) -> Option<String> {
        let mut inside = self.inside();
        inside.versions_made += 1;
        let number = inside.versions_made;
        let bucket = inside.buckets.entry(bucket.to_owned()).or_default();
        if !bucket.versioned && content.is_none() {
            bucket.objects.remove(key);
            return None;
        }
        let id = bucket.versioned.then(|| format!("G001{number:028X}"));
        let versions = bucket.objects.entry(key.to_owned()).or_default();
        if !bucket.versioned {
            versions.clear();
        }
        versions.push(Version { id: id.clone(), content, modified: now });
        id
    }

    pub(crate) fn find(&self, bucket: &str, key: &str, version: Option<&str>) -> Found {
        let inside = self.inside();
        let Some(bucket) = inside.buckets.get(bucket) else {
            return Found::NoBucket;
        };
        let versions = bucket.objects.get(key).map(Vec::as_slice).unwrap_or_default();
        let found = match version {
            None => versions.last(),
            // The name of the one version of an object that was stored without versioning.
            Some("null") => versions.iter().find(|v| v.id.is_none()),
            Some(wanted) => versions.iter().find(|v| v.id.as_deref() == Some(wanted)),
        };
        match found {
            None if version.is_some() => Found::NoVersion,
            None => Found::NoKey,
            Some(Version { id, content: None, .. }) => {
                Found::DeleteMarker { id: id.clone().unwrap_or_default(), asked_for: version.is_some() }
            }
            Some(Version { id, content: Some(content), modified }) => {
                Found::Object { id: id.clone(), content: content.clone(), modified: *modified }
            }
        }
    }

    pub(crate) fn exists(&self, bucket: &str) -> bool {
        self.inside().buckets.contains_key(bucket)
    }

    /// Every key under a prefix with its versions, newest last, in key order; `None` without the bucket.
    pub(crate) fn under(&self, bucket: &str, prefix: &str) -> Option<Vec<(String, Vec<Version>)>> {
        let inside = self.inside();
        let objects = &inside.buckets.get(bucket)?.objects;
        Some(
            objects
                .iter()
                .filter(|(key, _)| key.starts_with(prefix))
                .map(|(key, v)| (key.clone(), v.clone()))
                .collect(),
        )
    }

    /// Puts every version of an object into the archive class, not restored.
    pub(crate) fn archive(&self, bucket: &str, key: &str) {
        let mut inside = self.inside();
        let versions = inside.buckets.get_mut(bucket).and_then(|b| b.objects.get_mut(key));
        for version in versions.expect("only what was put can be archived") {
            if let Some(content) = &mut version.content {
                content.archived = true;
            }
        }
    }

    pub(crate) fn deny_list(&self, bucket: &str) {
        self.inside().unlistable.insert(bucket.to_owned());
    }

    pub(crate) fn list_denied(&self, bucket: &str) -> bool {
        self.inside().unlistable.contains(bucket)
    }

    pub(crate) fn deny_read(&self, bucket: &str, key: &str) {
        self.inside().unreadable.insert((bucket.to_owned(), key.to_owned()));
    }

    pub(crate) fn read_denied(&self, bucket: &str, key: &str) -> bool {
        self.inside().unreadable.contains(&(bucket.to_owned(), key.to_owned()))
    }
}
