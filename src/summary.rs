//! What a run comes to: counts that always add up, and nothing of any single record.

use jiff::Timestamp;
use serde::Serialize;

use crate::evidence::{RecordReport, millis_opt};
use crate::fixity::{Fits, Outcome};

/// Totals of a run. The six outcomes always add up to `records`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Records with an outcome.
    pub records: u64,
    /// Of them intact.
    pub intact: u64,
    /// Of them altered.
    pub altered: u64,
    /// Of them missing.
    pub missing: u64,
    /// Of them inconsistent.
    pub inconsistent: u64,
    /// Of them undeclared.
    pub undeclared: u64,
    /// Of them unverified.
    pub unverified: u64,
    /// Records the selection came to, those without an outcome included.
    pub selected: u64,
    /// Of them those that were intact not long ago, and are not due.
    pub skipped: u64,
    /// Of them those of which a whole bag stood in the archive, and which were not read again; `None` where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived: Option<u64>,
    /// Of them those that are not uploaded yet.
    pub not_ready: u64,
    /// Of them those left for the next run, because the budget was spent.
    pub left: u64,
    /// When the oldest recording of those left began.
    #[serde(serialize_with = "millis_opt")]
    pub oldest_left_at: Option<Timestamp>,
    /// Records of the ledger that wait to be verified after this run, those left included; `None` without a ledger.
    pub backlog: Option<u64>,
    /// Since when the record that waits longest for its first intact verification has been known.
    #[serde(serialize_with = "millis_opt")]
    pub oldest_unverified_at: Option<Timestamp>,
    /// Of the selected those that were intact when last seen, or acknowledged as they are, and are gone after their
    /// retention: not asked for again.
    pub expired: u64,
    /// Of the records with an outcome those whose very state an operator has acknowledged: no part of the exit code.
    pub acknowledged: u64,
    /// Since when the record that is longest not intact and not acknowledged has been so; `None` without a ledger.
    #[serde(serialize_with = "millis_opt")]
    pub not_intact_since: Option<Timestamp>,
    /// How many runs have not found it intact, this one included.
    pub nights: u64,
    /// When the recording that expires soonest of those that wait to be verified is over; `None` without a retention.
    #[serde(serialize_with = "millis_opt")]
    pub soonest_expiry_at: Option<Timestamp>,
    /// Bytes of objects that came over the network, repeated ones included.
    pub bytes: u64,
    /// Records whose declared size was compared with two whole objects of equal digest.
    #[serde(skip)]
    pub sizes_compared: u64,
    /// Of them those whose size fitted neither reading.
    #[serde(skip)]
    pub sizes_unfit: u64,
    /// Of the acknowledged records those that would be findings.
    #[serde(skip)]
    pub acknowledged_findings: u64,
}

impl Summary {
    /// Counts one record.
    pub fn add(&mut self, report: &RecordReport) {
        self.records += 1;
        *match report.outcome {
            Outcome::Intact => &mut self.intact,
            Outcome::Altered => &mut self.altered,
            Outcome::Missing => &mut self.missing,
            Outcome::Inconsistent => &mut self.inconsistent,
            Outcome::Undeclared => &mut self.undeclared,
            Outcome::Unverified => &mut self.unverified,
        } += 1;
        if report.acknowledged.is_some() {
            self.acknowledged += 1;
            self.acknowledged_findings += u64::from(report.outcome.is_finding());
        } else if let Some(history) = &report.history
            && let Some(since) = history.first_not_intact_at
        {
            self.not_intact_since = Some(self.not_intact_since.map_or(since, |oldest| oldest.min(since)));
            self.nights = self.nights.max(history.nights);
        }
        self.bytes += report.objects.iter().map(crate::evidence::ObjectReport::transferred).sum::<u64>();
        if let Some(fits) = report.declared_size.fits
            && report.objects.iter().all(|object| object.outcome == Outcome::Intact)
        {
            self.sizes_compared += 1;
            self.sizes_unfit += u64::from(fits == Fits::Neither);
        }
    }

    /// Counts one record that the budget leaves for the next run.
    pub fn leave(&mut self, began_at: Option<Timestamp>) {
        self.left += 1;
        self.oldest_left_at = match (self.oldest_left_at, began_at) {
            (Some(oldest), Some(this)) => Some(oldest.min(this)),
            (oldest, this) => oldest.or(this),
        };
    }

    /// How many records have this outcome.
    #[must_use]
    pub const fn count(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Intact => self.intact,
            Outcome::Altered => self.altered,
            Outcome::Missing => self.missing,
            Outcome::Inconsistent => self.inconsistent,
            Outcome::Undeclared => self.undeclared,
            Outcome::Unverified => self.unverified,
        }
    }

    /// How many records have an outcome that accuses and that nobody has acknowledged.
    #[must_use]
    pub fn open_findings(&self) -> u64 {
        self.findings() - self.acknowledged_findings
    }

    /// How many records have an outcome that accuses.
    #[must_use]
    pub fn findings(&self) -> u64 {
        Outcome::ALL.into_iter().filter(|outcome| outcome.is_finding()).map(|outcome| self.count(outcome)).sum()
    }

    /// Whether digests agreed and sizes disagreed on every record compared: the service then seems to measure something
    /// else.
    #[must_use]
    pub const fn size_means_something_else(&self) -> bool {
        self.sizes_compared > 0 && self.sizes_unfit == self.sizes_compared
    }
}
