//! The meter: bytes in, in order, and out comes what was observed.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Sha256Digest;

/// How many of the first bytes are kept to recognise a web page or an error document by.
const OPENING: usize = 64;

/// Counts and hashes the bytes of one object as they come.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    hash: Sha256,
    bytes: u64,
    opening: Vec<u8>,
}

/// What was read: digest and length of all bytes, and whether they open like markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// SHA-256 over every byte, in order.
    pub sha256: Sha256Digest,
    /// How many bytes there were.
    pub bytes: u64,
    /// Set when the first bytes are those of a document rather than of a video.
    pub markup: Option<Markup>,
}

/// A document where media was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Markup {
    /// A web page, such as a proxy's log-in form.
    Html,
    /// An XML document, such as a store's error answer.
    Xml,
}

impl Meter {
    /// A meter that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let missing = OPENING - self.opening.len();
        if missing > 0 {
            self.opening.extend_from_slice(&bytes[..bytes.len().min(missing)]);
        }
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// How many bytes it has taken so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What was observed, once there is nothing more to come.
    #[must_use]
    pub fn finish(self) -> Observed {
        Observed {
            sha256: Sha256Digest::from_bytes(self.hash.finalize().into()),
            bytes: self.bytes,
            markup: Markup::of(&self.opening),
        }
    }
}

impl Observed {
    /// What there is to observe of bytes that are all at hand.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut meter = Meter::new();
        meter.update(bytes);
        meter.finish()
    }
}

impl Markup {
    /// Recognises a document by its first bytes; a byte order mark and leading blanks are passed over.
    fn of(opening: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(opening);
        let text = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
        if text.starts_with("<!doctype html") || text.starts_with("<html") {
            Some(Self::Html)
        } else if text.starts_with("<?xml") || text.starts_with("<error>") {
            Some(Self::Xml)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn metered(parts: &[&[u8]]) -> Observed {
        let mut meter = Meter::new();
        for part in parts {
            meter.update(part);
        }
        meter.finish()
    }

    #[test]
    fn nothing_read_is_the_empty_file() {
        let observed = metered(&[]);
        assert_eq!(observed, Observed { sha256: Sha256Digest::OF_NOTHING, bytes: 0, markup: None });
    }

    #[test]
    fn documents_are_recognised_by_their_first_bytes_alone() {
        let cases: [(&[u8], Option<Markup>); 8] = [
            (b"<!DOCTYPE html><html>", Some(Markup::Html)),
            (b"\n  <HTML><body>", Some(Markup::Html)),
            ("\u{feff}<?xml version=\"1.0\"?>".as_bytes(), Some(Markup::Xml)),
            (b"<Error><Code>", Some(Markup::Xml)),
            (b"\x00\x00\x00\x20ftypisom", None),
            (b"{\"html\":\"<html>\"}", None),
            (b"<htm", None),
            (b"", None),
        ];
        for (bytes, markup) in cases {
            assert_eq!(metered(&[bytes]).markup, markup, "{bytes:?}");
        }
    }

    #[test]
    fn an_opening_split_over_many_pieces_is_still_recognised() {
        let pieces: Vec<&[u8]> = b"  <!doctype html>".chunks(1).collect();
        assert_eq!(metered(&pieces).markup, Some(Markup::Html));
    }

    #[test]
    fn a_document_that_begins_behind_the_opening_is_not_recognised() {
        let late = format!("{}<html>", " ".repeat(OPENING));
        let (half, rest) = late.as_bytes().split_at(OPENING / 2);
        assert_eq!(metered(&[late.as_bytes()]).markup, None);
        assert_eq!(metered(&[half, rest]).markup, None);
    }

    #[test]
    fn a_meter_says_how_far_it_is() {
        let mut meter = Meter::new();
        meter.update(b"video");
        meter.update(b"!!");
        assert_eq!(meter.bytes(), 7);
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_changes_nothing(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0usize..300) {
            let cut = cut.min(bytes.len());
            let (head, tail) = bytes.split_at(cut);
            let observed = metered(&[head, tail]);
            prop_assert_eq!(observed, metered(&[&bytes]));
            prop_assert_eq!(observed.bytes, bytes.len() as u64);
            prop_assert_eq!(observed.sha256, Sha256Digest::of(&bytes));
        }
    }
}
