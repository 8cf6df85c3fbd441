//! Temporary keys as metadata service and IAM send them.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use secrecy::zeroize::Zeroize as _;
use serde::Deserialize;

use super::AccessKey;

/// A key and when it ends.
#[derive(Debug, Clone)]
pub(super) struct Temporary {
    pub(super) key: AccessKey,
    pub(super) until: Timestamp,
}

/// Reads `{"credential":{"access","secret","securitytoken","expires_at"}}` and wipes the body. `ahead` is by how much
/// our clock is ahead of the server's, by whose clock the keys end. The error says what is wrong, and quotes nothing.
pub(super) fn temporary(mut body: Vec<u8>, ahead: SignedDuration) -> Result<Temporary, String> {
    #[derive(Deserialize)]
    struct Wire {
        credential: Fields,
    }
    #[derive(Deserialize)]
    struct Fields {
        access: String,
        secret: SecretString,
        securitytoken: SecretString,
        expires_at: String,
    }
    let wire = serde_json::from_slice::<Wire>(&body);
    body.zeroize();
    // The parser's own words may quote what stands there.
    let Wire { credential } = wire.map_err(|_| "it holds no temporary keys in the documented shape")?;
    let Fields { access, secret, securitytoken, expires_at } = credential;
    let key = AccessKey { id: access, secret, security_token: Some(securitytoken) };
    if key.id.is_empty() || !key.fits_a_header() {
        return Err("its keys hold a character no header can carry".to_owned());
    }
    let ends: Timestamp = expires_at.parse().map_err(|_| "it does not say when its keys end")?;
    Ok(Temporary { key, until: ends.checked_add(ahead).unwrap_or(ends) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(expires_at: &str) -> Vec<u8> {
        format!(
            r#"{{"credential":{{"access":"A","secret":"hidden","securitytoken":"hidden","expires_at":"{expires_at}","x":1}}}}"#
        )
        .into_bytes()
    }

    #[test]
    fn the_end_is_that_of_our_clock_with_or_without_a_fraction() {
        for text in ["2026-11-24T19:00:00Z", "2026-11-24T19:00:00.000000Z"] {
            let read = temporary(body(text), SignedDuration::from_secs(-60)).expect("keys");
            assert_eq!(read.until.to_string(), "2026-11-24T18:59:00Z");
            assert!(!format!("{read:?}").contains("hidden"));
        }
    }

    #[test]
    fn what_holds_no_keys_is_said_and_nothing_of_it_quoted() {
        let cases = [
            (br#"{"credential":{"access":"hunter2"}}"#.to_vec(), "it holds no temporary keys in the documented shape"),
            (b"<html>".to_vec(), "it holds no temporary keys in the documented shape"),
            (body("soon"), "it does not say when its keys end"),
        ];
        for (body, said) in cases {
            assert_eq!(temporary(body, SignedDuration::ZERO).expect_err("no keys"), said);
        }
    }
}
