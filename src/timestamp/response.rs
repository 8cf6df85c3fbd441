//! The answer of an authority (RFC 3161, 2.4.2), as far as it can be read without trusting anybody.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode as _, Reader as _, SliceReader, Tag, Tagged as _};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::request::Nonce;
use crate::fixity::Sha256Digest;

/// `id-ct-TSTInfo`, what the token signs (RFC 3161, 2.4.2).
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// What a token says. Nothing of its signature was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The digest it stamps.
    pub imprint: Sha256Digest,
    /// The authority's time.
    pub at: Timestamp,
    nonce: Option<Vec<u8>>,
}

/// Why an answer holds no time-stamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// It is none.
    #[error("it is no answer of a time-stamp authority ({0})")]
    Malformed(&'static str),
    /// The authority says no.
    #[error("the authority refused (status {status}{})", words.as_ref().map_or_else(String::new, |words| format!(": {words}")))]
    Refused {
        /// `PKIStatus`: 2 is a rejection.
        status: u8,
        /// Its words.
        words: Option<String>,
    },
    /// It stamps something else.
    #[error("it stamps other bytes: {0}")]
    Imprint(Sha256Digest),
    /// It answers another question.
    #[error("it answers another question: its nonce differs")]
    Nonce,
}

impl Response {
    /// Reads an answer; one that is no grant is an error.
    pub fn read(body: &[u8]) -> Result<Self, ResponseError> {
        let whole = AnyRef::from_der(body).map_err(|_| ResponseError::Malformed("no DER"))?;
        let fields = children(whole.value())?;
        let status = children(nth(&fields, 0)?.value())?;
        match nth(&status, 0)?.value() {
            [0 | 1] => {}
            [refused] => {
                let words = status.get(1).and_then(|words| children(words.value()).ok());
                let words = words.and_then(|words| Some(String::from_utf8_lossy(words.first()?.value()).into_owned()));
                return Err(ResponseError::Refused { status: *refused, words });
            }
            _ => return Err(ResponseError::Malformed("no status")),
        }
        // ContentInfo, SignedData, EncapsulatedContentInfo (RFC 5652), each with its content behind an explicit tag.
        let signed = children(nth(&fields, 1)?.value())?;
        let signed = children(content(&signed)?.value())?;
        let signed = children(nth(&signed, 0)?.value())?;
        let encapsulated = children(nth(&signed, 2)?.value())?;
        if oid(nth(&encapsulated, 0)?)? != TST_INFO {
            return Err(ResponseError::Malformed("another content"));
        }
        let octets = children(content(&encapsulated)?.value())?;
        let info = AnyRef::from_der(nth(&octets, 0)?.value()).map_err(|_| NO_TOKEN)?;
        Self::of_info(&children(info.value())?)
    }

    /// Reads a `TSTInfo`: version, policy, imprint, serial number, time, and what may follow.
    fn of_info(info: &[AnyRef<'_>]) -> Result<Self, ResponseError> {
        let imprint = children(nth(info, 2)?.value())?;
        if oid(nth(&children(nth(&imprint, 0)?.value())?, 0)?)? != SHA256 {
            return Err(ResponseError::Malformed("the imprint is no SHA-256"));
        }
        let digest = nth(&imprint, 1)?.value().try_into();
        let imprint = Sha256Digest::from_bytes(digest.map_err(|_| ResponseError::Malformed("no digest"))?);
        let at = generalized_time(nth(info, 4)?.value()).ok_or(ResponseError::Malformed("no time"))?;
        let nonce = info.iter().skip(5).find(|field| field.tag() == Tag::Integer);
        Ok(Self { imprint, at, nonce: nonce.map(|nonce| nonce.value().to_vec()) })
    }

    /// Whether it stamps this digest.
    pub fn is_of(&self, digest: &Sha256Digest) -> Result<(), ResponseError> {
        if self.imprint == *digest { Ok(()) } else { Err(ResponseError::Imprint(self.imprint)) }
    }

    pub(super) fn answers(&self, nonce: Nonce) -> Result<(), ResponseError> {
        if self.nonce.as_deref() == Some(&nonce.0[..]) { Ok(()) } else { Err(ResponseError::Nonce) }
    }
}

const NO_TOKEN: ResponseError = ResponseError::Malformed("no token");

fn children(content: &[u8]) -> Result<Vec<AnyRef<'_>>, ResponseError> {
    let malformed = |_| ResponseError::Malformed("no DER");
    let mut reader = SliceReader::new(content).map_err(malformed)?;
    let mut children = Vec::new();
    while !reader.is_finished() {
        children.push(reader.decode().map_err(malformed)?);
    }
    Ok(children)
}

fn nth<'a, 'b>(fields: &'b [AnyRef<'a>], n: usize) -> Result<&'b AnyRef<'a>, ResponseError> {
    fields.get(n).ok_or(NO_TOKEN)
}

/// What stands behind an object identifier, in an explicit tag 0.
fn content<'a, 'b>(fields: &'b [AnyRef<'a>]) -> Result<&'b AnyRef<'a>, ResponseError> {
    fields.get(1).filter(|field| matches!(field.tag(), Tag::ContextSpecific { .. })).ok_or(NO_TOKEN)
}

fn oid(field: &AnyRef<'_>) -> Result<ObjectIdentifier, ResponseError> {
    field.decode_as().map_err(|_| ResponseError::Malformed("no object identifier"))
}

/// `YYYYMMDDhhmmss[.fff]Z` (RFC 3161, 2.4.2).
fn generalized_time(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let time = DateTime::strptime("%Y%m%d%H%M%S%.f", text).ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_may_have_a_fraction() {
        let read = |text: &str| generalized_time(text.as_bytes()).map(|at| at.to_string());
        assert_eq!(read("20260115080000Z").as_deref(), Some("2026-01-15T08:00:00Z"));
        assert_eq!(read("20260115080000.25Z").as_deref(), Some("2026-01-15T08:00:00.25Z"));
        assert_eq!(read("20260115080000"), None);
        assert_eq!(read("soon"), None);
    }

    #[test]
    fn a_refusal_is_told_in_the_authoritys_words() {
        // { { status 2, { "no" } } }
        let refused = Response::read(&[0x30, 0x0b, 0x30, 0x09, 0x02, 0x01, 0x02, 0x30, 0x04, 0x0c, 0x02, b'n', b'o']);
        let error = refused.expect_err("refused");
        assert_eq!(error.to_string(), "the authority refused (status 2: no)");
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Response::read(&bytes).is_err());
        }
    }
}
