//! How a read that broke off goes on: in which form, from which byte, how often.
//!
//! Pure decisions. The forms go from the one that costs least to the one that every store knows; a form that the store
//! refuses as such is no verdict about the object.

use super::conditions::Conditions;
use super::pin::{Asked, Pin};

/// A retry is refunded after this much progress.
const REFUND_AFTER: u64 = 1 << 20;

/// How a request is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The whole object, if the ETag of an earlier answer still holds.
    Whole,
    /// The rest, if the ETag still holds.
    Matched,
    /// The rest of the pinned version.
    Versioned,
    /// The whole object, without any condition.
    Plain,
}

/// What a request that did not bring the last byte ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setback {
    /// It may go better next time: the connection broke, the body ended early, the store is busy.
    Passing,
    /// An answer came that does not fit the request.
    Unusable,
    /// The store does not understand the request as it was put.
    NotUnderstood,
    /// The store denies this form of the request.
    Denied,
    /// Nothing will change it.
    Final,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing: the error stands.
    Give,
    /// Another request without a wait, since the store was only asked in a form it does not know.
    AtOnce {
        /// Whether what was read so far is forgotten.
        afresh: bool,
    },
    /// Another request after the wait that belongs to this retry.
    Again {
        /// Whether what was read so far is forgotten.
        afresh: bool,
        /// Counted from 1 since the last progress worth a refund.
        retry: u32,
    },
}

/// Where a read stands between its requests.
#[derive(Debug)]
pub(super) struct Resume {
    form: Form,
    allowed: u32,
    retries: u32,
    /// The furthest the read ever was, and where it was when retries were last refunded.
    furthest: u64,
    refunded_at: u64,
}

impl Resume {
    /// A read that has not begun, with so many retries.
    pub(super) fn new(allowed: u32) -> Self {
        Self { form: Form::Whole, allowed, retries: 0, furthest: 0, refunded_at: 0 }
    }

    /// The read of a part that begins at `from`, under a pin with a strong ETag.
    pub(super) fn of_part(allowed: u32, from: u64) -> Self {
        Self { form: Form::Matched, allowed, retries: 0, furthest: from, refunded_at: from }
    }

    /// The read goes on behind bytes that came by other requests, under a pin with a strong ETag.
    pub(super) fn pass_over(&mut self, position: u64) {
        self.reached(position);
        if self.form == Form::Whole {
            self.form = Form::Matched;
        }
    }

    /// What the next request asks for, standing at `position`.
    pub(super) fn request(&self, pin: Option<&Pin>, position: u64) -> (Asked, Conditions) {
        let if_match = || pin.and_then(Pin::strong_etag).map(str::to_owned);
        let (asked, from) = (Asked::From(position), Some(position));
        match self.form {
            Form::Plain => (Asked::Whole, Conditions::default()),
            Form::Whole => (Asked::Whole, Conditions { if_match: if_match(), ..Conditions::default() }),
            Form::Matched => (asked, Conditions { from, if_match: if_match(), ..Conditions::default() }),
            Form::Versioned => {
                let version_id = pin.and_then(|pin| pin.version_id.clone());
                (asked, Conditions { from, version_id, ..Conditions::default() })
            }
        }
    }

    /// Notes how far the read is.
    pub(super) fn reached(&mut self, position: u64) {
        self.furthest = self.furthest.max(position);
    }

    /// Decides how it goes on after `setback`, standing at `position`.
    pub(super) fn after(&mut self, setback: Setback, pin: Option<&Pin>, position: u64) -> Next {
        if let Some(form) = self.plainer(setback, pin) {
            self.form = form;
            return Next::AtOnce { afresh: matches!(form, Form::Whole | Form::Plain) };
        }
        if !matches!(setback, Setback::Passing | Setback::Unusable) {
            return Next::Give;
        }
        // Only bytes never read before count: a read that always starts over must come to an end.
        if self.furthest - self.refunded_at >= REFUND_AFTER {
            self.refunded_at = self.furthest;
            self.retries = 0;
        }
        self.retries += 1;
        if self.retries > self.allowed {
            return Next::Give;
        }
        let resumable = pin.is_some_and(|pin| pin.strong_etag().is_some()) && position > 0;
        self.form = match self.form {
            Form::Plain => Form::Plain,
            _ if setback == Setback::Unusable || !resumable => Form::Whole,
            Form::Whole | Form::Matched => Form::Matched,
            Form::Versioned => Form::Versioned,
        };
        Next::Again { afresh: matches!(self.form, Form::Whole | Form::Plain), retry: self.retries }
    }

    /// The next plainer form after one that the store refused as such.
    fn plainer(&self, setback: Setback, pin: Option<&Pin>) -> Option<Form> {
        let conditional = pin.is_some_and(|pin| pin.strong_etag().is_some());
        let versioned = pin.is_some_and(|pin| pin.version_id.is_some());
        match (self.form, setback) {
            (Form::Matched, Setback::NotUnderstood) if versioned => Some(Form::Versioned),
            // The permission to read a version by its id is one of its own; its absence is no verdict.
            (Form::Matched, Setback::NotUnderstood) | (Form::Versioned, Setback::NotUnderstood | Setback::Denied) => {
                Some(Form::Plain)
            }
            (Form::Whole, Setback::NotUnderstood) if conditional => Some(Form::Plain),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Keeping;

    const MIB: u64 = 1 << 20;

    fn pin(etag: Option<&str>, version: Option<&str>) -> Pin {
        Pin {
            etag: etag.map(str::to_owned),
            version_id: version.map(str::to_owned),
            bytes: Some(10 * MIB),
            last_modified: None,
            keeping: Keeping::default(),
            from_a_store: true,
            packed: None,
        }
    }

    fn conditions(from: Option<u64>, if_match: Option<&str>, version_id: Option<&str>) -> Conditions {
        let (if_match, version_id) = (if_match.map(str::to_owned), version_id.map(str::to_owned));
        Conditions { from, if_match, version_id, ..Conditions::default() }
    }

    #[test]
    fn the_first_request_has_no_condition_and_a_second_read_has_the_etag() {
        let resume = Resume::new(8);
        assert_eq!(resume.request(None, 0), (Asked::Whole, conditions(None, None, None)));
        let strong = pin(Some("\"a\""), Some("v1"));
        assert_eq!(resume.request(Some(&strong), 0), (Asked::Whole, conditions(None, Some("\"a\""), None)));
        let weak = pin(Some("W/\"a\""), None);
        assert_eq!(resume.request(Some(&weak), 0), (Asked::Whole, conditions(None, None, None)));
    }

    #[test]
    fn after_a_break_the_rest_is_asked_for_under_the_etag() {
        let mut resume = Resume::new(8);
        let pin = pin(Some("\"a\""), Some("v1"));
        assert_eq!(resume.after(Setback::Passing, Some(&pin), 7), Next::Again { afresh: false, retry: 1 });
        assert_eq!(resume.request(Some(&pin), 7), (Asked::From(7), conditions(Some(7), Some("\"a\""), None)));
    }

    #[test]
    fn a_part_and_what_follows_other_requests_is_asked_for_under_the_etag() {
        let pin = pin(Some("\"a\""), None);
        let rest = (Asked::From(7), conditions(Some(7), Some("\"a\""), None));
        assert_eq!(Resume::of_part(8, 7).request(Some(&pin), 7), rest);
        let mut resume = Resume::new(8);
        resume.pass_over(7);
        assert_eq!(resume.request(Some(&pin), 7), rest);
    }

    #[test]
    fn without_a_strong_etag_or_a_first_byte_it_starts_over() {
        for (pin, position) in
            [(pin(None, Some("v1")), 7), (pin(Some("W/\"a\""), None), 7), (pin(Some("\"a\""), None), 0)]
        {
            let mut resume = Resume::new(8);
            assert_eq!(resume.after(Setback::Passing, Some(&pin), position), Next::Again { afresh: true, retry: 1 });
            assert_eq!(resume.request(Some(&pin), 0).0, Asked::Whole);
        }
        assert_eq!(Resume::new(8).after(Setback::Passing, None, 0), Next::Again { afresh: true, retry: 1 });
    }

    #[test]
    fn an_unusable_answer_makes_it_start_over() {
        let mut resume = Resume::new(8);
        let pin = pin(Some("\"a\""), None);
        resume.after(Setback::Passing, Some(&pin), 7);
        assert_eq!(resume.after(Setback::Unusable, Some(&pin), 7), Next::Again { afresh: true, retry: 2 });
        assert_eq!(resume.request(Some(&pin), 0), (Asked::Whole, conditions(None, Some("\"a\""), None)));
    }

    #[test]
    fn a_form_not_understood_is_followed_by_the_next_plainer_one() {
        let mut resume = Resume::new(8);
        let versioned = pin(Some("\"a\""), Some("v1"));
        resume.after(Setback::Passing, Some(&versioned), 7);
        assert_eq!(resume.after(Setback::NotUnderstood, Some(&versioned), 7), Next::AtOnce { afresh: false });
        assert_eq!(resume.request(Some(&versioned), 7), (Asked::From(7), conditions(Some(7), None, Some("v1"))));
        assert_eq!(resume.after(Setback::Passing, Some(&versioned), 8), Next::Again { afresh: false, retry: 2 });
        assert_eq!(resume.request(Some(&versioned), 8), (Asked::From(8), conditions(Some(8), None, Some("v1"))));
        assert_eq!(resume.after(Setback::Denied, Some(&versioned), 8), Next::AtOnce { afresh: true });
        assert_eq!(resume.request(Some(&versioned), 0), (Asked::Whole, conditions(None, None, None)));
        assert_eq!(resume.after(Setback::NotUnderstood, Some(&versioned), 0), Next::Give);

        let mut resume = Resume::new(8);
        let plain = pin(Some("\"a\""), None);
        resume.after(Setback::Passing, Some(&plain), 7);
        assert_eq!(resume.after(Setback::NotUnderstood, Some(&plain), 7), Next::AtOnce { afresh: true });
        assert_eq!(resume.after(Setback::Passing, Some(&plain), 7), Next::Again { afresh: true, retry: 2 });
        assert_eq!(resume.request(Some(&plain), 0), (Asked::Whole, conditions(None, None, None)));
    }

    #[test]
    fn a_second_read_does_without_if_match_where_the_store_does_not_know_it() {
        let mut resume = Resume::new(8);
        let pin = pin(Some("\"a\""), None);
        assert_eq!(resume.after(Setback::NotUnderstood, Some(&pin), 0), Next::AtOnce { afresh: true });
        assert_eq!(resume.request(Some(&pin), 0), (Asked::Whole, conditions(None, None, None)));
        assert_eq!(Resume::new(8).after(Setback::NotUnderstood, None, 0), Next::Give);
    }

    #[test]
    fn what_is_denied_or_final_ends_it() {
        let pin = pin(Some("\"a\""), None);
        for setback in [Setback::Denied, Setback::Final] {
            assert_eq!(Resume::new(8).after(setback, Some(&pin), 7), Next::Give);
        }
    }

    #[test]
    fn retries_are_bounded_and_refunded_by_a_mebibyte_of_new_bytes() {
        let pin = pin(Some("\"a\""), None);
        let mut resume = Resume::new(2);
        let mut again = |position| {
            resume.reached(position);
            match resume.after(Setback::Passing, Some(&pin), position) {
                Next::Again { retry, .. } => Some(retry),
                _ => None,
            }
        };
        assert_eq!(again(MIB - 1), Some(1));
        assert_eq!(again(MIB - 1), Some(2));
        assert_eq!(again(MIB), Some(1), "refunded");
        assert_eq!(again(2 * MIB - 1), Some(2));
        assert_eq!(again(2 * MIB - 1), None);
    }

    #[test]
    fn starting_over_and_over_refunds_nothing() {
        let weak = pin(None, None);
        let mut resume = Resume::new(3);
        let mut count = 0;
        while let Next::Again { .. } = resume.after(Setback::Passing, Some(&weak), 5 * MIB) {
            resume.reached(5 * MIB);
            count += 1;
            assert!(count < 10, "endless");
        }
        assert_eq!(count, 4, "one refund for the five mebibytes, then no more");
    }
}
