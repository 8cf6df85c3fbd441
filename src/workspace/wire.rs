//! The API's JSON as sent, decoded leniently: unknown fields pass, absent ones are `None`, nothing is made up.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::evidence::ServiceAnswer;
use crate::record::Record;

/// A JSON object in which no name stands twice: of two values for one name either could be meant.
#[derive(Debug, Default)]
struct Fields(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if fields.contains_key(&name) {
                        return Err(A::Error::custom(format_args!("the field \"{name}\" stands twice")));
                    }
                    fields.insert(name, value);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

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

impl Fields {
    /// A field that is neither absent nor null.
    fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    fn into_record(mut self) -> Record {
        Record {
            id: self.text("id"),
            desktop_id: self.text("desktop_id"),
            desktop_name: self.text("desktop_name"),
            desktop_pool_id: self.text("desktop_pool_id"),
            username: self.text("username"),
            size: self.value("size"),
            kind: self.text("type"),
            status: self.text("status"),
            policy_id: self.text("policy_id"),
            obs_bucket: self.text("obs_bucket"),
            file_directory: self.text("file_directory"),
            video_filename: self.text("video_filename"),
            video_file_sha256: self.text("video_file_sha256"),
            event_filename: self.text("event_filename"),
            event_file_sha256: self.text("event_file_sha256"),
            start_time: self.text("start_time"),
            end_time: self.text("end_time"),
            update_time: self.text("update_time"),
            duration: self.value("duration"),
        }
    }

    /// The same as text; another JSON type keeps its JSON form, so that it cannot pass for something well formed.
    fn text(&mut self, name: &str) -> Option<String> {
        self.value(name).map(into_text)
    }
}

fn into_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Decodes the answer to a details request. The error says what is wrong with it.
pub fn record(body: &[u8]) -> Result<Record, String> {
    let fields: Fields = serde_json::from_slice(body).map_err(|error| what_it_is_instead(body, &error))?;
    let record = fields.into_record();
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
        records: records.into_iter().map(Fields::into_record).collect(),
        total: wire.total_count.as_ref().and_then(Value::as_u64),
    })
}

fn what_it_is_instead(body: &[u8], error: &serde_json::Error) -> String {
    let opening = String::from_utf8_lossy(&body[..body.len().min(64)]).trim_start().to_ascii_lowercase();
    if body.is_empty() {
        "it is empty".to_owned()
    } else if opening.starts_with("<!doctype html") || opening.starts_with("<html") {
        "it is an HTML page".to_owned()
    } else {
        format!("it is not the JSON expected: {error}")
    }
}

/// Reads what an error body says, in any of the shapes service and gateway are known to use; an unknown shape says
/// nothing.
pub fn error_body(body: &[u8]) -> ServiceAnswer {
    let Ok(mut fields) = serde_json::from_slice::<Fields>(body) else { return ServiceAnswer::default() };
    if let Some(Value::Object(inner)) = fields.0.get("error").cloned() {
        fields.0.extend(inner);
    }
    let mut first = |names: &[&str]| names.iter().find_map(|name| fields.text(name)).filter(|text| !text.is_empty());
    ServiceAnswer {
        status: None,
        error_code: first(&["error_code", "errorCode", "code"]),
        error_msg: first(&["error_msg", "errorMsg", "message", "error_detail", "title"]),
        encoded_authorization_message: first(&["encoded_authorization_message"]),
        request_id: first(&["request_id", "requestId"]),
    }
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

    #[test]
    fn every_known_shape_of_an_error_is_read() {
        let shapes = [
            (json!({"error_code": "WKS.1", "error_msg": "no"}), Some("WKS.1"), Some("no")),
            (json!({"errorCode": "E", "errorMsg": "no"}), Some("E"), Some("no")),
            (json!({"code": "C", "message": "no"}), Some("C"), Some("no")),
            (json!({"error": {"code": 401, "message": "no", "title": "Unauthorized"}}), Some("401"), Some("no")),
            (json!({"error": "text"}), None, None),
            (json!([]), None, None),
        ];
        for (body, code, message) in shapes {
            let answer = error_body(body.to_string().as_bytes());
            assert_eq!((answer.error_code.as_deref(), answer.error_msg.as_deref()), (code, message), "{body}");
        }
    }

    #[test]
    fn the_reason_of_a_refusal_and_the_request_id_are_kept() {
        let body = br#"{"error_code":"P","error_msg":"m","encoded_authorization_message":"xyz","request_id":"r1"}"#;
        let answer = error_body(body);
        assert_eq!(answer.encoded_authorization_message.as_deref(), Some("xyz"));
        assert_eq!(answer.request_id.as_deref(), Some("r1"));
    }
}
