//! The screen records a test added, by id.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;
use serde_json::Value;

use crate::canned::Canned;

#[derive(Clone)]
enum Stored {
    Record(Value),
    Raw(Canned),
}

#[derive(Default)]
pub(crate) struct Records(Mutex<BTreeMap<String, Stored>>);

impl Records {
    pub(crate) fn add(&self, id: &str, record: Value) {
        self.put(id, Stored::Record(record));
    }

    /// An answer for one id that need not be a record at all; it is not listed.
    pub(crate) fn add_raw(&self, id: &str, content_type: &str, body: Bytes) {
        self.put(id, Stored::Raw(Canned::new(200, content_type, body)));
    }

    fn put(&self, id: &str, stored: Stored) {
        self.0.lock().expect("no panic while holding the records").insert(id.to_owned(), stored);
    }

    pub(crate) fn remove(&self, id: &str) {
        self.0.lock().expect("no panic while holding the records").remove(id);
    }

    pub(crate) fn details(&self, id: &str) -> Option<Canned> {
        match self.0.lock().expect("no panic while holding the records").get(id)? {
            Stored::Record(record) => Some(Canned::json(200, record)),
            Stored::Raw(answer) => Some(answer.clone()),
        }
    }

    pub(crate) fn listed(&self) -> Vec<Value> {
        let records = self.0.lock().expect("no panic while holding the records");
        records
            .values()
            .filter_map(|stored| match stored {
                Stored::Record(record) => Some(record.clone()),
                Stored::Raw(_) => None,
            })
            .collect()
    }
}
