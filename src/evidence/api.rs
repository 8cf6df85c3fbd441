//! What the Workspace API was asked, and what it answered, byte for byte.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::AttemptError;
use crate::fixity::Sha256Digest;
use crate::time::millis;

/// One request to the Workspace API, and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct ApiCall {
    /// What was asked for, with its query.
    pub uri: String,
    /// HTTP status; `None` when no whole answer came.
    pub status: Option<u16>,
    /// The API's own id of the request.
    pub request_id: Option<String>,
    /// When it was sent.
    #[serde(serialize_with = "millis")]
    pub started_at: Timestamp,
    /// When all of the answer was there, or the failure was known.
    #[serde(serialize_with = "millis")]
    pub finished_at: Timestamp,
    /// Why it brought nothing that could be used; `None` when it did.
    pub error: Option<AttemptError>,
    /// Of the body as sent; `None` when none came, or one that holds a secret of the run.
    pub answer_sha256: Option<Sha256Digest>,
    /// The body, where it does not stand beside the calls already.
    pub answer: Option<Answer>,
}

/// The body of an answer, byte for byte, with the SHA-256 of those bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    bytes: Vec<u8>,
}

impl Answer {
    /// Keeps the bytes of an answer.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// The SHA-256 of the bytes.
    #[must_use]
    pub fn sha256(&self) -> Sha256Digest {
        Sha256Digest::of(&self.bytes)
    }

    /// The bytes as they came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Serialize for Answer {
    /// As `body` where the bytes are UTF-8, else as `body_base64`; `sha256` is always that of the bytes as sent.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use base64::Engine as _;
        use serde::ser::SerializeStruct as _;
        let mut answer = serializer.serialize_struct("Answer", 2)?;
        if let Ok(text) = std::str::from_utf8(&self.bytes) {
            answer.serialize_field("body", text)?;
        } else {
            let text = base64::engine::general_purpose::STANDARD.encode(&self.bytes);
            answer.serialize_field("body_base64", &text)?;
        }
        answer.serialize_field("sha256", &self.sha256())?;
        answer.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_keeps_its_bytes_and_their_digest() {
        let answer = serde_json::to_value(Answer::new(b"{}".to_vec())).expect("plain data serialises");
        assert_eq!(
            answer,
            json!({"body": "{}", "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"})
        );
    }

    #[test]
    fn an_answer_that_is_not_utf8_is_kept_as_base64() {
        let answer = serde_json::to_value(Answer::new(vec![0xff, 0x00])).expect("plain data serialises");
        assert_eq!(answer["body_base64"], json!("/wA="));
        assert_eq!(answer.get("body"), None);
    }
}
