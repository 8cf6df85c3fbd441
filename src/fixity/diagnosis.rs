//! What a digest that differs looks like, in words a tired operator understands.

use super::{Markup, Observed, Sha256Digest, SizeRule};

/// What is known beside the two digests; each clue may be absent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clues {
    /// The digest the record declares for its other file.
    pub other_declared: Option<Sha256Digest>,
    /// The digest observed of the other file.
    pub other_observed: Option<Sha256Digest>,
    /// The length this object should have, where the declared size and its rule say so.
    pub expected_bytes: Option<u64>,
}

impl Clues {
    /// The length the video should have, if the rule and what is known of the event file leave one reading.
    #[must_use]
    pub fn expected_video_bytes(rule: SizeRule, declared: Option<u64>, event: Option<u64>) -> Option<u64> {
        match (rule, declared, event) {
            (SizeRule::Video, Some(size), _) | (SizeRule::Auto, Some(size), Some(0)) => Some(size),
            (SizeRule::Total, Some(size), Some(event)) => size.checked_sub(event),
            _ => None,
        }
    }
}

/// Says what the difference looks like; `None` where nothing is recognised.
#[must_use]
pub fn diagnose(declared: &Sha256Digest, observed: &Observed, clues: &Clues) -> Option<String> {
    if clues.other_declared == Some(observed.sha256) {
        let both = clues.other_observed == Some(*declared);
        let also = if both { ", and the other way round" } else { "" };
        return Some(format!("video and event hash are swapped: it has the digest declared for the other file{also}"));
    }
    if *declared == Sha256Digest::OF_NOTHING {
        return Some("the declared digest is that of an empty file".to_owned());
    }
    if observed.bytes == 0 {
        return Some("the object is empty".to_owned());
    }
    match observed.markup {
        Some(Markup::Html) => return Some("what came is an HTML page".to_owned()),
        Some(Markup::Xml) => return Some("what came is an XML document".to_owned()),
        None => {}
    }
    let expected = clues.expected_bytes?;
    let bytes = |n: u64| if n == 1 { "1 byte".to_owned() } else { format!("{n} bytes") };
    Some(match observed.bytes {
        n if n < expected => format!("the object ends {} early", bytes(expected - n)),
        n if n > expected => format!("the object is {} too long", bytes(n - expected)),
        _ => "the object has the declared size, so bytes were changed in place".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixity::Meter;

    fn observed(bytes: &[u8]) -> Observed {
        let mut meter = Meter::new();
        meter.update(bytes);
        meter.finish()
    }

    fn said(declared: &[u8], read: &[u8], clues: Clues) -> Option<String> {
        diagnose(&Sha256Digest::of(declared), &observed(read), &clues)
    }

    #[test]
    fn swapped_hashes_are_named_and_told_from_one_sided_ones() {
        let mut clues = Clues { other_declared: Some(Sha256Digest::of(b"video")), ..Clues::default() };
        assert_eq!(
            said(b"event", b"video", clues).as_deref(),
            Some("video and event hash are swapped: it has the digest declared for the other file")
        );
        clues.other_observed = Some(Sha256Digest::of(b"event"));
        assert_eq!(
            said(b"event", b"video", clues).as_deref(),
            Some(
                "video and event hash are swapped: it has the digest declared for the other file, and the other way round"
            )
        );
    }

    #[test]
    fn empty_declarations_and_empty_objects_are_named() {
        let clues = Clues::default();
        assert_eq!(said(b"", b"video", clues).as_deref(), Some("the declared digest is that of an empty file"));
        assert_eq!(said(b"video", b"", clues).as_deref(), Some("the object is empty"));
    }

    #[test]
    fn documents_are_named() {
        let clues = Clues::default();
        assert_eq!(said(b"video", b"<html>", clues).as_deref(), Some("what came is an HTML page"));
        assert_eq!(said(b"video", b"<?xml ?>", clues).as_deref(), Some("what came is an XML document"));
    }

    #[test]
    fn a_known_length_tells_short_long_and_changed_in_place() {
        let clues = Clues { expected_bytes: Some(5), ..Clues::default() };
        assert_eq!(said(b"video", b"vide", clues).as_deref(), Some("the object ends 1 byte early"));
        assert_eq!(said(b"video", b"video!!", clues).as_deref(), Some("the object is 2 bytes too long"));
        assert_eq!(
            said(b"video", b"vidEo", clues).as_deref(),
            Some("the object has the declared size, so bytes were changed in place")
        );
    }

    #[test]
    fn without_a_clue_nothing_is_claimed() {
        assert_eq!(said(b"video", b"vidEo", Clues::default()), None);
    }

    #[test]
    fn the_expected_length_is_known_only_where_one_reading_is_left() {
        let expected = Clues::expected_video_bytes;
        assert_eq!(expected(SizeRule::Video, Some(9), None), Some(9));
        assert_eq!(expected(SizeRule::Total, Some(9), Some(2)), Some(7));
        assert_eq!(expected(SizeRule::Total, Some(9), Some(10)), None);
        assert_eq!(expected(SizeRule::Total, Some(9), None), None);
        assert_eq!(expected(SizeRule::Auto, Some(9), Some(0)), Some(9));
        assert_eq!(expected(SizeRule::Auto, Some(9), Some(2)), None);
        assert_eq!(expected(SizeRule::Off, Some(9), Some(2)), None);
        assert_eq!(expected(SizeRule::Video, None, None), None);
    }
}
