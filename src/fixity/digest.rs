//! A SHA-256 digest, parsed once at the edge and compared as bytes ever after.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The 32 bytes of a SHA-256 digest. Shown as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// The digest of no bytes at all (FIPS 180-4): what an interrupted upload is often declared with.
    pub const OF_NOTHING: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
        0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);

    /// Wraps the 32 bytes of a digest that was computed elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of all that a reader gives.
    pub fn read(mut content: impl Read) -> io::Result<Self> {
        let (mut hash, mut buffer) = (Sha256::new(), vec![0; 256 << 10]);
        loop {
            match content.read(&mut buffer)? {
                0 => return Ok(Self(hash.finalize().into())),
                read => hash.update(&buffer[..read]),
            }
        }
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Why a text is no SHA-256 digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Another length than 64 characters.
    #[error("it has {0} characters, a SHA-256 digest has 64")]
    Length(usize),
    /// A length of 44 that decodes as base64 to 32 bytes: the right digest in the wrong spelling, perhaps.
    #[error("it looks like base64; a SHA-256 digest is expected as 64 hex digits")]
    Base64,
    /// 64 characters, one of them no hex digit.
    #[error("character {0} is not a hex digit")]
    NotHex(usize),
}

impl FromStr for Sha256Digest {
    type Err = DigestError;

    /// Takes exactly 64 hex digits of either case; no blanks, no prefix.
    fn from_str(text: &str) -> Result<Self, DigestError> {
        if let Some(at) = text.chars().position(|c| !c.is_ascii_hexdigit())
            && text.chars().count() == 64
        {
            return Err(DigestError::NotHex(at + 1));
        }
        if text.len() == 44 && text.ends_with('=') && text[..43].chars().all(is_base64) {
            return Err(DigestError::Base64);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| DigestError::Length(text.chars().count()))?;
        Ok(Self(bytes))
    }
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_')
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256Digest({self})")
    }
}

impl Serialize for Sha256Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_digest_of_abc_is_the_published_one() {
        assert_eq!(Sha256Digest::of(b"abc").to_string(), ABC);
    }

    #[test]
    fn the_digest_of_nothing_is_the_published_one() {
        assert_eq!(Sha256Digest::of(b""), Sha256Digest::OF_NOTHING);
    }

    #[test]
    fn either_case_and_a_mix_are_the_same_digest() {
        let mixed = ABC.replace('b', "B");
        assert_eq!(ABC.parse::<Sha256Digest>(), ABC.to_uppercase().parse());
        assert_eq!(ABC.parse::<Sha256Digest>(), mixed.parse());
    }

    #[test]
    fn anything_but_64_hex_digits_is_refused_with_the_reason() {
        let cases = [
            (ABC[..63].to_owned(), DigestError::Length(63)),
            (format!("{ABC}0"), DigestError::Length(65)),
            (format!(" {}", &ABC[1..]), DigestError::NotHex(1)),
            (format!("{}g", &ABC[..63]), DigestError::NotHex(64)),
            (format!("é{}", &ABC[..63]), DigestError::NotHex(1)),
            ("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=".to_owned(), DigestError::Base64),
            (String::new(), DigestError::Length(0)),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Sha256Digest>(), Err(error), "{text}");
        }
    }

    #[test]
    fn only_32_bytes_in_base64_are_called_base64() {
        let base64 = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        let cases =
            [base64.replace('=', "a"), base64.replacen('u', " ", 1), format!("a{base64}"), base64[1..].to_owned()];
        for text in cases {
            assert_eq!(text.parse::<Sha256Digest>(), Err(DigestError::Length(text.len())), "{text}");
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_digits_and_debug_shows_the_digits() {
        let digest = Sha256Digest::of(b"abc");
        assert_eq!(hex::encode(digest.as_bytes()), ABC);
        assert_eq!(format!("{digest:?}"), format!("Sha256Digest({ABC})"));
    }

    #[test]
    fn what_a_reader_gives_has_the_digest_of_all_its_bytes() {
        let long = vec![7; (256 << 10) + 1];
        for content in [&b"abc"[..], b"", &long] {
            assert_eq!(Sha256Digest::read(content).ok(), Some(Sha256Digest::of(content)));
        }
    }
}
