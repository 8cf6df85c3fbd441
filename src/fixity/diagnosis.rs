//! What a digest that differs looks like, in words a tired operator understands.

use super::{Markup, Observed, Sha256Digest, SizeRule};

/// What is known beside the two digests; each clue may be absent.
#[derive(Debug, Clone, Default)]
pub struct Clues {
    /// The digest the record declares for its other file.
    pub other_declared: Option<Sha256Digest>,
    /// The digest observed of the other file.
    pub other_observed: Option<Sha256Digest>,
    /// How long the object should be.
    pub expected: Expected,
}

/// The lengths an object may have for the declared size to be right: none where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    lengths: Vec<u64>,
    /// Whether there can be no other length: only then does another one say how much is missing.
    complete: bool,
}

impl Expected {
    /// The lengths of the video; `event` is the length of an intact event file.
    #[must_use]
    pub fn of_video(rule: SizeRule, declared: Option<u64>, event: Option<u64>) -> Self {
        let Some(size) = declared else { return Self::default() };
        let without_event = event.and_then(|event| size.checked_sub(event));
        let (alone, total) = match rule {
            SizeRule::Off => (None, None),
            SizeRule::Video => (Some(size), None),
            SizeRule::Total => (None, without_event),
            SizeRule::Auto => (Some(size), without_event),
        };
        let mut lengths: Vec<_> = total.into_iter().chain(alone).collect();
        lengths.dedup();
        let complete = rule != SizeRule::Auto || event.is_some();
        Self { lengths, complete }
    }

    /// The length of the event file; `video` is the length of an intact video.
    #[must_use]
    pub fn of_event(rule: SizeRule, declared: Option<u64>, video: Option<u64>) -> Self {
        let rest = match rule {
            SizeRule::Total | SizeRule::Auto => declared.zip(video).and_then(|(size, video)| size.checked_sub(video)),
            SizeRule::Off | SizeRule::Video => None,
        };
        // A declared size that is the video's own says nothing of the event file.
        let lengths: Vec<_> = rest.filter(|rest| rule == SizeRule::Total || *rest > 0).into_iter().collect();
        Self { complete: !lengths.is_empty(), lengths }
    }

    /// Whether a length may be the right one, as far as is known.
    #[must_use]
    pub fn may_be(&self, length: u64) -> bool {
        !self.complete || self.lengths.contains(&length)
    }

    fn diagnose(&self, observed: u64) -> Option<String> {
        if self.lengths.contains(&observed) {
            return Some("the object has the declared size, so bytes were changed in place".to_owned());
        }
        let (least, most) = (*self.lengths.first()?, *self.lengths.last()?);
        let or_more = if least == most { "" } else { "at least " };
        let bytes = |n: u64| if n == 1 { "1 byte".to_owned() } else { format!("{n} bytes") };
        if !self.complete {
            None
        } else if observed < least {
            Some(format!("the object ends {or_more}{} early", bytes(least - observed)))
        } else if observed > most {
            Some(format!("the object is {or_more}{} too long", bytes(observed - most)))
        } else {
            None
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
    clues.expected.diagnose(observed.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(declared: &[u8], read: &[u8], clues: &Clues) -> Option<String> {
        diagnose(&Sha256Digest::of(declared), &Observed::of(read), clues)
    }

    #[test]
    fn swapped_hashes_are_named_and_told_from_one_sided_ones() {
        let mut clues = Clues { other_declared: Some(Sha256Digest::of(b"video")), ..Clues::default() };
        assert_eq!(
            said(b"event", b"video", &clues).as_deref(),
            Some("video and event hash are swapped: it has the digest declared for the other file")
        );
        clues.other_observed = Some(Sha256Digest::of(b"event"));
        assert_eq!(
            said(b"event", b"video", &clues).as_deref(),
            Some(
                "video and event hash are swapped: it has the digest declared for the other file, and the other way round"
            )
        );
    }

    #[test]
    fn empty_declarations_and_empty_objects_are_named() {
        let clues = Clues::default();
        assert_eq!(said(b"", b"video", &clues).as_deref(), Some("the declared digest is that of an empty file"));
        assert_eq!(said(b"video", b"", &clues).as_deref(), Some("the object is empty"));
    }

    #[test]
    fn documents_are_named() {
        let clues = Clues::default();
        assert_eq!(said(b"video", b"<html>", &clues).as_deref(), Some("what came is an HTML page"));
        assert_eq!(said(b"video", b"<?xml ?>", &clues).as_deref(), Some("what came is an XML document"));
    }

    #[test]
    fn a_known_length_tells_short_long_and_changed_in_place() {
        let clues = || Clues { expected: Expected::of_video(SizeRule::Video, Some(5), None), ..Clues::default() };
        assert_eq!(said(b"video", b"vide", &clues()).as_deref(), Some("the object ends 1 byte early"));
        assert_eq!(said(b"video", b"video!!", &clues()).as_deref(), Some("the object is 2 bytes too long"));
        assert_eq!(
            said(b"video", b"vidEo", &clues()).as_deref(),
            Some("the object has the declared size, so bytes were changed in place")
        );
    }

    #[test]
    fn where_the_size_has_two_readings_the_smaller_difference_is_told() {
        let expected = Expected::of_video(SizeRule::Auto, Some(100), Some(10));
        assert_eq!(expected.diagnose(80).as_deref(), Some("the object ends at least 10 bytes early"));
        assert_eq!(expected.diagnose(101).as_deref(), Some("the object is at least 1 byte too long"));
        assert_eq!(expected.diagnose(95), None);
        for length in [90, 100] {
            assert!(expected.diagnose(length).is_some_and(|text| text.contains("in place")), "{length}");
        }
        let unsure = Expected::of_video(SizeRule::Auto, Some(100), None);
        assert_eq!(unsure.diagnose(80), None);
        assert!(unsure.diagnose(100).is_some());
    }

    #[test]
    fn without_a_clue_nothing_is_claimed() {
        assert_eq!(said(b"video", b"vidEo", &Clues::default()), None);
    }

    #[test]
    fn each_rule_expects_its_own_lengths() {
        let none = Vec::<u64>::new();
        let video = |rule, size, event| Expected::of_video(rule, size, event).lengths;
        assert_eq!(video(SizeRule::Video, Some(9), Some(2)), [9]);
        assert_eq!(video(SizeRule::Total, Some(9), Some(2)), [7]);
        assert_eq!(video(SizeRule::Total, Some(9), Some(10)), none);
        assert_eq!(video(SizeRule::Total, Some(9), None), none);
        assert_eq!(video(SizeRule::Auto, Some(9), Some(0)), [9]);
        assert_eq!(video(SizeRule::Auto, Some(9), Some(2)), [7, 9]);
        assert_eq!(video(SizeRule::Off, Some(9), Some(2)), none);
        assert_eq!(video(SizeRule::Video, None, None), none);
        let event = |rule, size, video| Expected::of_event(rule, size, video);
        assert_eq!(event(SizeRule::Total, Some(9), Some(7)), Expected { lengths: vec![2], complete: true });
        assert_eq!(event(SizeRule::Auto, Some(9), Some(7)), Expected { lengths: vec![2], complete: true });
        assert_eq!(event(SizeRule::Total, Some(9), Some(9)), Expected { lengths: vec![0], complete: true });
        for (rule, size, video) in [
            (SizeRule::Auto, Some(9), Some(9)),
            (SizeRule::Auto, Some(9), Some(10)),
            (SizeRule::Auto, Some(9), None),
            (SizeRule::Video, Some(9), Some(7)),
            (SizeRule::Off, Some(9), Some(7)),
        ] {
            assert_eq!(event(rule, size, video), Expected::default(), "{rule} {video:?}");
        }
    }
}
