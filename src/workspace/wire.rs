//! The API's records as sent, decoded leniently: unknown fields pass, absent ones are `None`, nothing is made up.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::Value;

use crate::record::Record;
use crate::wire::{Fields, into_text, what_it_is_instead};

/// The records of one page. More than any edition of the service sends at once are not even read.
#[derive(Debug)]
struct AtMost(Vec<Fields>);

const MOST_RECORDS: usize = 1000;

impl<'de> Deserialize<'de> for AtMost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = AtMost;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of records")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<AtMost, A::Error> {
                let mut records = Vec::new();
                while let Some(record) = list.next_element()? {
                    if records.len() == MOST_RECORDS {
                        return Err(A::Error::custom(format_args!("more than {MOST_RECORDS} records came at once")));
                    }
                    records.push(record);
                }
                Ok(AtMost(records))
            }
        }
        deserializer.deserialize_seq(Collect)
    }
}

fn into_record(mut fields: Fields) -> Record {
    Record {
        id: fields.text("id"),
        desktop_id: fields.text("desktop_id"),
        desktop_name: fields.text("desktop_name"),
        desktop_pool_id: fields.text("desktop_pool_id"),
        username: fields.text("username"),
        size: fields.value("size"),
        kind: fields.text("type"),
        status: fields.text("status"),
        policy_id: fields.text("policy_id"),
        obs_bucket: fields.text("obs_bucket"),
        file_directory: fields.text("file_directory"),
        video_filename: fields.text("video_filename"),
        video_file_sha256: fields.text("video_file_sha256"),
        event_filename: fields.text("event_filename"),
        event_file_sha256: fields.text("event_file_sha256"),
        start_time: fields.text("start_time"),
        end_time: fields.text("end_time"),
        update_time: fields.text("update_time"),
        duration: fields.value("duration"),
    }
}

/// Decodes the answer to a details request. The error says what is wrong with it.
pub fn record(body: &[u8]) -> Result<Record, String> {
    let fields: Fields = serde_json::from_slice(body).map_err(|error| what_it_is_instead(body, &error))?;
    let record = into_record(fields);
    // The JSON of something in between may have a status or a type too.
    if record.id.is_none() && record.video_filename.is_none() && record.video_file_sha256.is_none() {
        return Err("it is JSON, but no record".to_owned());
    }
    Ok(record)
}

/// One page of a listing.
#[derive(Debug)]
pub struct Page {
    /// In the order they came.
    pub records: Vec<Record>,
    /// How many records the question has in all, this page's offset not counted off.
    pub total: Option<u64>,
}

/// Decodes the answer to a list request. The error says what is wrong with it.
pub fn page(body: &[u8]) -> Result<Page, String> {
    #[derive(serde::Deserialize)]
    struct Wire {
        screen_records: Option<AtMost>,
        total_count: Option<Value>,
        error_code: Option<Value>,
    }
    let wire: Wire = serde_json::from_slice(body).map_err(|error| what_it_is_instead(body, &error))?;
    if let Some(code) = wire.error_code {
        return Err(format!("it is an error in the shape of a listing ({})", into_text(code)));
    }
    let records = wire.screen_records.ok_or("it is JSON, but no listing")?.0;
    Ok(Page {
        records: records.into_iter().map(into_record).collect(),
        total: wire.total_count.as_ref().and_then(Value::as_u64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{DeclaredDigest, DeclaredSize, Role};
    use serde_json::json;

    fn decoded(value: &Value) -> Result<Record, String> {
        record(value.to_string().as_bytes())
    }

    #[test]
    fn the_published_example_decodes_although_it_declares_no_digest() {
        let record = record(include_bytes!("../../testdata/api/show-screen-record.json")).expect("a record");
        assert_eq!(record.status.as_deref(), Some("RECORDING"));
        assert_eq!(record.declared_size(), DeclaredSize::Bytes(4262));
        assert_eq!(record.digest(Role::Video), DeclaredDigest::Absent);
        assert_eq!(record.obs_bucket, None);
    }

    #[test]
    fn unknown_fields_pass_and_nulls_are_absent() {
        let record = decoded(&json!({"id": "a", "size": null, "obs_bucket": null, "site_type": {"x": [1]}}));
        assert_eq!(record, Ok(Record { id: Some("a".to_owned()), ..Record::default() }));
    }

    #[test]
    fn a_digest_of_another_json_type_is_malformed_not_absent() {
        let record = decoded(&json!({"id": "a", "video_file_sha256": 12, "event_file_sha256": {}})).expect("a record");
        assert!(matches!(record.digest(Role::Video), DeclaredDigest::Malformed(_)));
        assert!(matches!(record.digest(Role::Event), DeclaredDigest::Malformed(_)));
    }

    #[test]
    fn what_is_no_record_is_said_in_words() {
        let said = |body: &[u8]| record(body).expect_err("no record");
        assert_eq!(said(b""), "it is empty");
        assert_eq!(said(b"<!DOCTYPE html>"), "it is an HTML page");
        assert_eq!(said(b"{}"), "it is JSON, but no record");
        assert_eq!(said(b"{\"status\":\"ok\"}"), "it is JSON, but no record");
        assert_eq!(
            said(b"{\"id\":\"a\",\"id\":\"b\"}"),
            "it is not the JSON expected: the field \"id\" stands twice at line 1 column 19"
        );
        assert!(said(b"[]").starts_with("it is not the JSON expected: "));
        assert!(said(b"{\"id\":\"\xff\"}").starts_with("it is not the JSON expected: "));
        let deep = format!("{{\"id\":{}", "[".repeat(100_000));
        assert!(said(deep.as_bytes()).contains("recursion limit"));
    }
}
