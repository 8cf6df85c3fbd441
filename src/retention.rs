//! How long recordings are kept, and what it means by then that one is gone or was never uploaded.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::evidence::{Reason, RecordReport, report_time};
use crate::fixity::{Code, Outcome};

/// Intact records are read again after this long, unless their retention is shorter.
const REVERIFY_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long a recording is kept from its beginning; `None` when nobody said so.
    pub retention: Option<SignedDuration>,
    /// After how long an intact record is due again.
    pub reverify_after: SignedDuration,
    /// After how long a recording should have been uploaded.
    pub not_ready_after: SignedDuration,
    /// How long a record may wait for its first verification.
    pub max_unverified_age: Option<SignedDuration>,
}

/// What the ledger knows of a record, as far as its end depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// When it was first met.
    pub first_seen_at: Timestamp,
    /// When the recording began.
    pub began_at: Option<Timestamp>,
    /// When the store said that its objects expire.
    pub stored_expiry: Option<Timestamp>,
    /// What the last verification that decided something came to.
    pub decided: Option<Outcome>,
    /// Whether that was that the record itself had vanished, not merely its objects.
    pub vanished: bool,
}

/// What becomes of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is told.
    Told,
    /// The record was intact when last seen, or acknowledged as it is, and is gone after its retention, over then: counted
    /// and not asked for again.
    Expired(Timestamp),
    /// It is not uploaded yet, and need not be: counted.
    NotReady,
}

/// What it means that a record or its objects are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// It is not.
    No,
    /// The record, within its retention: it vanished, if a listing of its window does not show it either.
    Early,
    /// Objects, within their retention or before they were ever found otherwise: the finding stands.
    Missing,
    /// The record, and nobody said how long it is kept.
    Unknown,
    /// Gone after its retention, over then, and intact when last seen.
    Expired(Timestamp),
    /// Gone after its retention, over then, and never found intact, or not intact when last seen.
    Unverified(Timestamp),
}

impl Terms {
    /// The terms in force; what is not given follows from the retention.
    #[must_use]
    pub fn new(
        retention: Option<SignedDuration>,
        reverify_after: Option<SignedDuration>,
        not_ready_after: SignedDuration,
        max_unverified_age: Option<SignedDuration>,
    ) -> Self {
        let half = retention.map(|retention| retention / 2);
        let reverify_after =
            reverify_after.unwrap_or_else(|| half.map_or(REVERIFY_AFTER, |half| half.min(REVERIFY_AFTER)));
        Self { retention, reverify_after, not_ready_after, max_unverified_age: max_unverified_age.or(half) }
    }

    /// When a record is over: as the store says, else by its beginning.
    #[must_use]
    pub fn expiry(&self, known: &Known) -> Option<Timestamp> {
        known.stored_expiry.or_else(|| self.expires_at(known.began_at?))
    }

    /// When a recording that began then is over.
    #[must_use]
    pub fn expires_at(&self, began_at: Timestamp) -> Option<Timestamp> {
        began_at.checked_add(self.retention?).ok()
    }

    /// What it means that a record is as reported.
    #[must_use]
    pub fn judge(&self, report: &RecordReport, known: &Known, now: Timestamp) -> Gone {
        let record_is_gone = is_not_found(report);
        if !record_is_gone && !objects_are_gone(report) {
            return Gone::No;
        }
        let over = match self.expiry(known) {
            Some(at) if at <= now => at,
            Some(_) if record_is_gone => return Gone::Early,
            None if record_is_gone => return Gone::Unknown,
            _ => return Gone::Missing,
        };
        match known.decided {
            Some(Outcome::Intact) => Gone::Expired(over),
            // It was gone already when it should not have been: that does not heal by waiting.
            Some(Outcome::Missing) if record_is_gone && known.vanished => Gone::Early,
            Some(Outcome::Missing) if !record_is_gone => Gone::Missing,
            _ => Gone::Unverified(over),
        }
    }

    /// Whether a record that is not uploaded should have been by now.
    #[must_use]
    pub fn is_late(&self, began_at: Option<Timestamp>, first_seen_at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(began_at.unwrap_or(first_seen_at)) >= self.not_ready_after
    }

    /// Since when the record that waits longest has waited too long, if it has.
    #[must_use]
    pub fn overdue(&self, oldest: Option<Timestamp>, now: Timestamp) -> Option<Reason> {
        let (oldest, age) = oldest.zip(self.max_unverified_age)?;
        (now.duration_since(oldest) > age).then(|| {
            let message = format!(
                "a record has waited since {} to be found intact for the first time, longer than {}; give the runs a larger \
                 budget",
                report_time(oldest),
                in_words(age)
            );
            Reason::new(Code::CoverageOverdue, message)
        })
    }
}

/// Whether the API says that there is no such record.
#[must_use]
pub fn is_not_found(report: &RecordReport) -> bool {
    report.reason.as_ref().is_some_and(|reason| reason.code == Code::RecordNotFound)
}

/// Whether nothing but proven absence keeps the record from being intact.
fn objects_are_gone(report: &RecordReport) -> bool {
    report.outcome == Outcome::Missing
        && report.objects.iter().all(|object| matches!(object.outcome, Outcome::Intact | Outcome::Missing))
}

/// When the last object of a record expires, by the headers of the store kept in its report as JSON
/// (`x-amz-expiration` or `x-obs-expiration`: `expiry-date="Fri, 23 Dec 2012 00:00:00 GMT", rule-id="…"`).
#[must_use]
pub fn stored_expiry(report: &Value) -> Option<Timestamp> {
    let objects = report["objects"].as_array()?;
    let of_object = |object: &Value| {
        let told = object["retention"].as_object()?;
        let header = told.iter().find(|(name, _)| name.ends_with("-expiration"))?.1.as_str()?;
        expiry_date(header)
    };
    objects.iter().filter_map(of_object).max()
}

fn expiry_date(header: &str) -> Option<Timestamp> {
    let (_, rest) = header.split_once("expiry-date=\"")?;
    let (date, _) = rest.split_once('"')?;
    jiff::fmt::rfc2822::parse(date).ok().map(|zoned| zoned.timestamp())
}

/// `15 days`, `36 hours`.
#[must_use]
pub fn in_words(length: SignedDuration) -> String {
    match (length.as_hours(), length.as_secs()) {
        (hours, _) if hours >= 48 && hours % 24 == 0 => format!("{} days", hours / 24),
        (hours, _) if hours >= 2 => format!("{hours} hours"),
        (_, seconds) => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests;
