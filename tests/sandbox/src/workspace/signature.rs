//! The gateway's side of SDK-HMAC-SHA256: is this request signed with the keys it names?
//!
//! Written from the published algorithm alone and checked against the vendor's vectors,
//! so that a mistake in the client under test cannot be shared.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use http::request::Parts;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};

use crate::clock::{parse_stamp, within_tolerance};

const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// Everything but RFC 3986's unreserved characters is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The keys a request must be signed with.
pub(crate) struct Keys<'a> {
    pub(crate) access: &'a str,
    pub(crate) secret: &'a str,
    /// There if the keys are temporary.
    pub(crate) security_token: Option<&'a str>,
}

/// Why a request is refused, in the gateway's words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unsigned,
    Malformed,
    UnknownKey,
    NoDate,
    Expired,
    Unprotected(&'static str),
    SecurityToken,
    Mismatch,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => f.write_str("x-auth-token not found"),
            Self::Malformed => f.write_str("malformed authorization header"),
            Self::UnknownKey => f.write_str("Get secretKey failed,err:ak not exist"),
            Self::NoDate => f.write_str("x-sdk-date is missing or malformed"),
            Self::Expired => f.write_str("signature expired"),
            Self::Unprotected(header) => write!(f, "header {header} is not signed"),
            Self::SecurityToken => f.write_str("security token is invalid"),
            Self::Mismatch => f.write_str("verify aksk signature fail"),
        }
    }
}

/// The key a request says it is signed with.
pub(crate) fn access(parts: &Parts) -> Option<&str> {
    let authorization = parts.headers.get("authorization")?.to_str().ok()?;
    authorization.split_once("Access=")?.1.split(',').next()
}

pub(crate) fn verify(parts: &Parts, body: &[u8], keys: &Keys<'_>, now: Timestamp) -> Result<(), Refusal> {
    let authorization = header(parts, "authorization").ok_or(Refusal::Unsigned)?;
    let fields =
        authorization.strip_prefix(ALGORITHM).and_then(|rest| rest.strip_prefix(' ')).ok_or(Refusal::Malformed)?;
    let field = |name: &str| {
        fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('=')).ok_or(Refusal::Malformed)
    };
    let (access, signed, claimed) = (field("Access")?, field("SignedHeaders")?, field("Signature")?);

    if access != keys.access {
        return Err(Refusal::UnknownKey);
    }
    let stamp = header(parts, "x-sdk-date").ok_or(Refusal::NoDate)?;
    let date = parse_stamp(&stamp).ok_or(Refusal::NoDate)?;
    if !within_tolerance(date, now) {
        return Err(Refusal::Expired);
    }
    let names: Vec<&str> = signed.split(';').collect();
    for needed in ["host", "x-sdk-date"] {
        if !names.contains(&needed) {
            return Err(Refusal::Unprotected(needed));
        }
    }
    let token = header(parts, "x-security-token");
    if token.as_deref() != keys.security_token {
        return Err(Refusal::SecurityToken);
    }
    if token.is_some() && !names.contains(&"x-security-token") {
        return Err(Refusal::Unprotected("x-security-token"));
    }

    let request = canonical_request(parts, body, &names).ok_or(Refusal::Malformed)?;
    let to_sign = format!("{ALGORITHM}\n{stamp}\n{}", hex::encode(Sha256::digest(request)));
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(to_sign.as_bytes());
    if hex::encode(mac.finalize().into_bytes()) == claimed { Ok(()) } else { Err(Refusal::Mismatch) }
}

/// A header's value, trimmed at its ends; several lines of it joined.
fn header(parts: &Parts, name: &str) -> Option<String> {
    let lines: Option<Vec<&str>> = parts
        .headers
        .get_all(name)
        .iter()
        .map(|line| Some(std::str::from_utf8(line.as_bytes()).ok()?.trim()))
        .collect();
    lines.filter(|lines| !lines.is_empty()).map(|lines| lines.join(","))
}

/// `None` if a signed header is not there.
fn canonical_request(parts: &Parts, body: &[u8], names: &[&str]) -> Option<String> {
    let headers: Option<Vec<String>> =
        names.iter().map(|name| Some(format!("{name}:{}", header(parts, name)?))).collect();
    let payload = header(parts, "x-sdk-content-sha256").unwrap_or_else(|| hex::encode(Sha256::digest(body)));
    Some(format!(
        "{}\n{}\n{}\n{}\n\n{}\n{payload}",
        parts.method,
        canonical_path(parts.uri.path()),
        canonical_query(parts.uri.query().unwrap_or_default()),
        headers?.join("\n"),
        names.join(";"),
    ))
}

fn canonical_path(path: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let mut canonical = decoded.split(|&byte| byte == b'/').map(encode).collect::<Vec<_>>().join("/");
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

fn canonical_query(query: &str) -> String {
    let decode = |text: &str| -> Vec<u8> { percent_decode_str(&text.replace('+', " ")).collect() };
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use http::Request;
    use serde_json::Value;

    use super::*;

    /// A vector's request as the vendor's signer sent it, and the moment it was signed.
    fn sent(vector: &Value) -> (Parts, String, Timestamp) {
        let (input, expect) = (&vector["input"], &vector["expect"]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut request = Request::builder().method(text(&input["method"]).as_str()).uri(text(&expect["wire_uri"]));
        for (name, value) in expect["sent_headers_without_authorization"].as_object().unwrap() {
            request = request.header(name, text(value));
        }
        request = request.header("Authorization", text(&expect["authorization"]));
        let body = input["body"].as_str().unwrap_or_default().to_owned();
        let date = parse_stamp(&text(&input["x_sdk_date"])).unwrap();
        (request.body(()).unwrap().into_parts().0, body, date)
    }

    fn vectors() -> Vec<Value> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/vectors/sdk_hmac_sha256.json");
        let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        file["vectors"].as_array().unwrap().clone()
    }

    fn check(vector: &Value, parts: &Parts, body: &str, date: Timestamp) -> Result<(), Refusal> {
        let input = &vector["input"];
        let keys = Keys {
            access: input["ak"].as_str().unwrap(),
            secret: input["sk"].as_str().unwrap(),
            security_token: input["security_token"].as_str(),
        };
        verify(parts, body.as_bytes(), &keys, date)
    }

    #[test]
    fn every_request_of_the_vendors_signer_is_accepted() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 18);
        for vector in &vectors {
            let (parts, body, date) = sent(vector);
            assert_eq!(check(vector, &parts, &body, date), Ok(()), "{}", vector["name"]);
        }
    }

    #[test]
    fn one_byte_more_in_the_path_is_a_mismatch() {
        for vector in &vectors() {
            let (mut parts, body, date) = sent(vector);
            let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            parts.uri = format!("{}x{query}", parts.uri.path()).parse().unwrap();
            assert_eq!(check(vector, &parts, &body, date), Err(Refusal::Mismatch), "{}", vector["name"]);
        }
    }

    #[test]
    fn a_date_more_than_a_quarter_of_an_hour_off_is_refused() {
        let vector = &vectors()[0];
        let (parts, body, date) = sent(vector);
        for seconds in [-901, 901] {
            let now = date + jiff::SignedDuration::from_secs(seconds);
            assert_eq!(check(vector, &parts, &body, now), Err(Refusal::Expired));
        }
    }
}
