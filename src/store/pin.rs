//! The pin: what ties all requests of one read to one version of the object, and the decision on each answer.
//!
//! An ETag is a change token, never a digest. Only a strong one may join bytes of two answers (RFC 9110, 13.1.1 and
//! 14.2); without one a read starts over.

use super::content_range::ContentRange;
use super::head::Head;
use crate::evidence::Keeping;

/// What the first answer of a read said about the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The change token, exactly as sent.
    pub etag: Option<String>,
    /// The version, in versioned buckets.
    pub version_id: Option<String>,
    /// The length of the whole object.
    pub bytes: Option<u64>,
    /// When it was last written, as sent.
    pub last_modified: Option<String>,
    /// How it is kept.
    pub keeping: Keeping,
    /// Whether the answer bore the marks of an object store: the id of the request and an ETag. Without them it accuses
    /// nobody.
    pub from_a_store: bool,
    /// How the body was packed, if it was.
    pub packed: Option<String>,
}

/// What a request asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The whole object.
    Whole,
    /// All from this offset on, under a pin.
    From(u64),
}

/// An answer whose body may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admitted {
    /// The body begins at the object's first byte; whatever was read before is forgotten.
    FromStart,
    /// The body goes on where the read stands, after this many bytes of it that are known already.
    GoesOn {
        /// To be skipped.
        skip: u64,
    },
}

/// An answer whose body must not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is of another version of the object.
    Changed(String),
    /// It is not the part that was asked for; the next request asks for the whole.
    Unusable(String),
}

impl Pin {
    /// The pin that an answer with this head sets.
    #[must_use]
    pub fn of(head: &Head) -> Self {
        Self {
            etag: head.etag.clone(),
            version_id: head.version_id.clone(),
            bytes: head.content_length,
            last_modified: head.last_modified.clone(),
            keeping: head.keeping.clone(),
            from_a_store: head.is_from_a_store() && head.etag.is_some(),
            packed: head.packed.clone(),
        }
    }

    /// The pin of an answer that begins the object anew. One that does not say how long the object is unsays nothing: the
    /// length an earlier one gave still holds under the same strong ETag, and a body that ends before it is cut short.
    pub(super) fn renewed(earlier: Option<&Self>, head: &Head) -> Self {
        let pin = Self::of(head);
        let same =
            earlier.filter(|earlier| earlier.strong_etag().is_some() && earlier.strong_etag() == pin.strong_etag());
        Self { bytes: pin.bytes.or(same.and_then(|earlier| earlier.bytes)), ..pin }
    }

    /// Whether another answer with this ETag is about the same version, for certain.
    pub(super) fn is_tied_to(&self, etag: Option<&str>) -> bool {
        self.strong_etag().is_some() && self.strong_etag() == strong(etag)
    }

    /// The ETag, if it is strong.
    pub(super) fn strong_etag(&self) -> Option<&str> {
        strong(self.etag.as_deref())
    }
}

fn strong(etag: Option<&str>) -> Option<&str> {
    etag.filter(|etag| !etag.starts_with("W/"))
}

/// Decides on a successful answer to a request that asked for `asked` under `pin`.
pub(super) fn admit(asked: Asked, pin: Option<&Pin>, head: &Head) -> Result<Admitted, Refused> {
    match (asked, head.status) {
        (Asked::Whole, 200) => {
            same_version(pin, head)?;
            Ok(Admitted::FromStart)
        }
        (Asked::From(offset), 206) => {
            let range = head.content_range.as_deref().unwrap_or("").parse::<ContentRange>();
            let range = range.map_err(|error| Refused::Unusable(format!("a part came without its place: {error}")))?;
            if range.first != offset {
                let first = range.first;
                return Err(Refused::Unusable(format!(
                    "bytes from {first} came where bytes from {offset} were asked for"
                )));
            }
            same_version(pin, head)?;
            same_length(pin, range.total)?;
            if strong(head.etag.as_deref()).is_none() {
                return Err(Refused::Unusable("a part came without the ETag that says of which version".to_owned()));
            }
            Ok(Admitted::GoesOn { skip: 0 })
        }
        (Asked::From(offset), 200) => {
            same_version(pin, head)?;
            if strong(head.etag.as_deref()).is_none() {
                return Ok(Admitted::FromStart);
            }
            same_length(pin, head.content_length)?;
            Ok(Admitted::GoesOn { skip: offset })
        }
        (_, status) => Err(Refused::Unusable(format!("status {status} is no answer to this request"))),
    }
}

/// Two strong ETags must be equal; one that was there and is gone says nothing, so it is not a change.
fn same_version(pin: Option<&Pin>, head: &Head) -> Result<(), Refused> {
    match (pin.and_then(Pin::strong_etag), strong(head.etag.as_deref())) {
        (Some(then), Some(now)) if then != now => {
            Err(Refused::Changed(format!("its ETag was {then} and is now {now}")))
        }
        _ => Ok(()),
    }
}

fn same_length(pin: Option<&Pin>, now: Option<u64>) -> Result<(), Refused> {
    match (pin.and_then(|pin| pin.bytes), now) {
        (Some(then), Some(now)) if then != now => Err(Refused::Unusable(format!(
            "the object had {then} bytes and is now said to have {now} under the same ETag"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, etag: Option<&str>) -> Head {
        Head { status, etag: etag.map(str::to_owned), content_length: Some(10), ..Head::default() }
    }

    fn part(etag: Option<&str>, range: &str) -> Head {
        Head { content_range: Some(range.to_owned()), content_length: None, ..head(206, etag) }
    }

    fn pin(etag: Option<&str>) -> Pin {
        Pin::of(&head(200, etag))
    }

    #[test]
    fn the_first_answer_is_taken_from_its_start_whatever_its_etag() {
        for etag in [Some("\"a\""), Some("W/\"a\""), None] {
            assert_eq!(admit(Asked::Whole, None, &head(200, etag)), Ok(Admitted::FromStart));
        }
    }

    #[test]
    fn a_part_that_begins_where_the_read_stands_goes_on() {
        let a = pin(Some("\"a\""));
        let goes_on = Ok(Admitted::GoesOn { skip: 0 });
        assert_eq!(admit(Asked::From(4), Some(&a), &part(Some("\"a\""), "bytes 4-9/10")), goes_on);
        assert_eq!(admit(Asked::From(4), Some(&a), &part(Some("\"a\""), "bytes 4-6/10")), goes_on);
        assert_eq!(admit(Asked::From(4), Some(&a), &part(Some("\"a\""), "bytes 4-9/*")), goes_on);
    }

    #[test]
    fn the_whole_object_in_place_of_a_part_is_skipped_up_to_where_the_read_stands() {
        let a = pin(Some("\"a\""));
        assert_eq!(admit(Asked::From(4), Some(&a), &head(200, Some("\"a\""))), Ok(Admitted::GoesOn { skip: 4 }));
    }

    #[test]
    fn another_strong_etag_is_a_change() {
        let a = pin(Some("\"a\""));
        let changed = Err(Refused::Changed("its ETag was \"a\" and is now \"b\"".to_owned()));
        assert_eq!(admit(Asked::Whole, Some(&a), &head(200, Some("\"b\""))), changed);
        assert_eq!(admit(Asked::From(4), Some(&a), &head(200, Some("\"b\""))), changed);
        assert_eq!(admit(Asked::From(4), Some(&a), &part(Some("\"b\""), "bytes 4-9/10")), changed);
    }

    #[test]
    fn without_a_strong_etag_nothing_is_spliced() {
        let a = pin(Some("\"a\""));
        for etag in [None, Some("W/\"a\"")] {
            let refused = admit(Asked::From(4), Some(&a), &part(etag, "bytes 4-9/10"));
            let why = "a part came without the ETag that says of which version".to_owned();
            assert_eq!(refused, Err(Refused::Unusable(why)));
            assert_eq!(admit(Asked::From(4), Some(&a), &head(200, etag)), Ok(Admitted::FromStart));
        }
        assert_eq!(pin(Some("W/\"a\"")).strong_etag(), None);
    }

    #[test]
    fn a_part_from_elsewhere_or_of_another_length_is_not_taken() {
        let a = pin(Some("\"a\""));
        let refusal = |range: &str| match admit(Asked::From(4), Some(&a), &part(Some("\"a\""), range)) {
            Err(Refused::Unusable(why)) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(refusal("bytes 5-9/10"), "bytes from 5 came where bytes from 4 were asked for");
        assert_eq!(refusal("bytes 3-9/10"), "bytes from 3 came where bytes from 4 were asked for");
        assert_eq!(refusal("bytes 4-10/11"), "the object had 10 bytes and is now said to have 11 under the same ETag");
        assert_eq!(refusal("4-9/10"), "a part came without its place: \"4-9/10\" is no content range");
    }

    #[test]
    fn a_whole_answer_of_another_length_under_the_same_etag_is_not_taken() {
        let a = pin(Some("\"a\""));
        let longer = Head { content_length: Some(11), ..head(200, Some("\"a\"")) };
        assert!(matches!(admit(Asked::From(4), Some(&a), &longer), Err(Refused::Unusable(_))));
    }

    #[test]
    fn a_length_once_known_holds_for_the_same_version_only() {
        let a = pin(Some("\"a\""));
        let without = |etag| Head { content_length: None, ..head(200, etag) };
        let renewed = |pin: Option<&Pin>, etag| Pin::renewed(pin, &without(etag)).bytes;
        let weak = pin(None);
        assert_eq!(renewed(Some(&a), Some("\"a\"")), Some(10));
        assert_eq!(renewed(Some(&a), Some("\"b\"")), None);
        assert_eq!(renewed(Some(&a), None), None);
        assert_eq!(renewed(Some(&weak), None), None);
        assert_eq!(renewed(None, Some("\"a\"")), None);
    }

    #[test]
    fn other_statuses_are_no_answer() {
        assert!(matches!(admit(Asked::Whole, None, &part(Some("\"a\""), "bytes 0-9/10")), Err(Refused::Unusable(_))));
        assert!(matches!(admit(Asked::Whole, None, &head(204, None)), Err(Refused::Unusable(_))));
    }

    #[test]
    fn only_the_same_strong_etag_ties_two_answers_together() {
        let tied = |then: Option<&str>, now: Option<&str>| pin(then).is_tied_to(now);
        assert!(tied(Some("\"a\""), Some("\"a\"")));
        assert!(!tied(Some("\"a\""), Some("\"b\"")));
        assert!(!tied(Some("\"a\""), None));
        assert!(!tied(Some("W/\"a\""), Some("W/\"a\"")));
        assert!(!tied(None, None));
    }

    #[test]
    fn an_answer_is_a_stores_with_a_request_id_and_an_etag() {
        let marked = |request_id: Option<&str>, etag| {
            Pin::of(&Head { request_id: request_id.map(str::to_owned), ..head(200, etag) }).from_a_store
        };
        assert!(marked(Some("r"), Some("\"a\"")));
        assert!(!marked(None, Some("\"a\"")) && !marked(Some("r"), None) && !marked(None, None));
    }
}
