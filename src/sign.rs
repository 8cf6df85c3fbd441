//! The request signature SDK-HMAC-SHA256, as the vendor's own signer makes it.
//!
//! Source: *API Signing Guide*; checked against known answers of the official SDK in `testdata/vectors`.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::fixity::Sha256Digest;

/// Everything but RFC 3986's unreserved characters is percent-encoded.
pub(crate) const UNRESERVED_STAY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The name of the algorithm, first word of the header.
const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// A request as it is going to be sent, all its headers but `Authorization` included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unsigned<'a> {
    /// In upper case.
    pub(crate) method: &'a str,
    /// Percent-encoded, as in the request line.
    pub(crate) path: &'a str,
    /// Names and values, not encoded.
    pub(crate) query: &'a [(String, String)],
    /// `host` and `x-sdk-date` must be among them. Names of either case; one with an underscore is not signed.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// The body, if there is one.
    pub(crate) body: &'a [u8],
}

/// The time as the header `X-Sdk-Date` has it.
pub(crate) fn sdk_date(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The query as it is signed, which is also how it is sent: sorted before it is encoded.
pub(crate) fn canonical_query(query: &[(String, String)]) -> String {
    let mut pairs: Vec<_> = query.iter().collect();
    pairs.sort();
    let encode = |text| utf8_percent_encode(text, UNRESERVED_STAY);
    let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

/// The value of the header `Authorization`.
pub(crate) fn authorization(request: &Unsigned<'_>, key_id: &str, secret: &SecretString) -> String {
    let (_, signed_headers) = canonical_headers(request.headers);
    let to_sign = string_to_sign(request);
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104)")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("any key length");
    mac.update(to_sign.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    format!("{ALGORITHM} Access={key_id}, SignedHeaders={signed_headers}, Signature={signature}")
}

fn string_to_sign(request: &Unsigned<'_>) -> String {
    let date = header(request.headers, "x-sdk-date").unwrap_or("");
    format!("{ALGORITHM}\n{date}\n{}", Sha256Digest::of(canonical_request(request).as_bytes()))
}

fn canonical_request(request: &Unsigned<'_>) -> String {
    let Unsigned { method, path, query, headers, body } = request;
    let (lines, names) = canonical_headers(headers);
    let declared_payload = header(headers, "x-sdk-content-sha256").map(str::to_owned);
    let payload = declared_payload.unwrap_or_else(|| Sha256Digest::of(body).to_string());
    format!("{method}\n{}\n{}\n{lines}\n{names}\n{payload}", canonical_uri(path), canonical_query(query))
}

/// Decoded, split at every slash (an encoded one too), encoded again, with a slash at the end.
fn canonical_uri(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let segments: Vec<_> =
        decoded.split('/').map(|segment| utf8_percent_encode(segment, UNRESERVED_STAY).to_string()).collect();
    let mut uri = segments.join("/");
    if !uri.ends_with('/') {
        uri.push('/');
    }
    uri
}

/// The lines `name:value`, and the names joined with `;`, both in the order of the lower-case names.
fn canonical_headers(headers: &[(&str, &str)]) -> (String, String) {
    let signed = headers.iter().filter(|(name, _)| !name.contains('_'));
    let mut signed: Vec<_> = signed.map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
    signed.sort();
    let mut lines = String::new();
    for (name, value) in &signed {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{name}:{value}");
    }
    let names: Vec<_> = signed.into_iter().map(|(name, _)| name).collect();
    (lines, names.join(";"))
}

fn header<'a>(headers: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn vectors() -> Vec<Value> {
        let text = include_str!("../testdata/vectors/sdk_hmac_sha256.json");
        let file: Value = serde_json::from_str(text).expect("the vectors are JSON");
        file["vectors"].as_array().expect("a list").clone()
    }

    /// A query value may be a number, a flag or a list, which stands for several pairs.
    fn pairs(vector: &Value) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut pairs = Vec::new();
        for pair in vector["input"]["query_params"].as_array().expect("a list") {
            let values = pair[1].as_array().cloned().unwrap_or_else(|| vec![pair[1].clone()]);
            pairs.extend(values.iter().map(|value| (text(&pair[0]), text(value))));
        }
        pairs
    }

    #[test]
    fn every_known_answer_of_the_vendors_signer_is_reproduced() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 18);
        for vector in &vectors {
            let name = vector["name"].as_str().expect("a name");
            let input = &vector["input"];
            let expect = &vector["expect"];
            let text = |value: &Value| value.as_str().expect("text").to_owned();
            let path = text(&input["resource_path_as_given"]);
            let query = pairs(vector);
            let sent = expect["sent_headers_without_authorization"].as_object().expect("headers");
            let headers: Vec<_> =
                sent.iter().map(|(name, value)| (name.as_str(), value.as_str().expect("text"))).collect();
            let body = input["body"].as_str().unwrap_or("").to_owned();
            let request = Unsigned {
                method: input["method"].as_str().expect("a method"),
                path: &path,
                query: &query,
                headers: &headers,
                body: body.as_bytes(),
            };
            assert_eq!(canonical_request(&request), text(&expect["canonical_request"]), "{name}");
            assert_eq!(string_to_sign(&request), text(&expect["string_to_sign"]), "{name}");
            let secret = SecretString::from(text(&input["sk"]));
            let id = text(&input["ak"]);
            assert_eq!(authorization(&request, &id, &secret), text(&expect["authorization"]), "{name}");
            let wire = if query.is_empty() { path } else { format!("{path}?{}", canonical_query(&query)) };
            assert_eq!(wire, text(&expect["wire_uri"]), "{name}");
        }
    }

    #[test]
    fn the_date_has_no_separators_and_no_fraction() {
        let at: Timestamp = "2026-01-15T08:30:00.987Z".parse().expect("a time");
        assert_eq!(sdk_date(at), "20260115T083000Z");
    }
}
