//! JSON as the cloud's services send it: objects without a name twice, and errors in every shape they have.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use crate::evidence::ServiceAnswer;

/// A JSON object in which no name stands twice: of two values for one name either could be meant.
#[derive(Debug, Default)]
pub(crate) struct Fields(BTreeMap<String, Value>);

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

impl Fields {
    /// A field that is neither absent nor null.
    pub(crate) fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// The same as text; another JSON type keeps its JSON form, so that it cannot pass for something well formed.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.value(name).map(into_text)
    }
}

pub(crate) fn into_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// What a body is that is not the JSON expected.
pub(crate) fn what_it_is_instead(body: &[u8], error: &serde_json::Error) -> String {
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
#[must_use]
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
    use serde_json::json;

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
