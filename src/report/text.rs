//! The report for people: a line for each intact record, a block for each that is not, groups and totals at the end.

use std::io::{self, Write};

use super::attest::{commands, facts, statement};
use super::group::Groups;
use super::hint::hint;
use super::{ReportWriter, Run, decimal_bytes, visible};
use crate::evidence::{Acknowledged, History, ObjectReport, Reason, RecordReport, report_time};
use crate::fixity::Outcome;
use crate::record::Record;
use crate::summary::Summary;

/// Of records undecided for the same reason so many are shown whole; the rest is counted. Findings always are.
const SHOWN_OF_A_GROUP: u64 = 3;

/// Writes text, every line of it made safe for a terminal.
pub struct TextReport<W: Write> {
    out: W,
    color: bool,
    filed: bool,
    groups: Groups,
}

impl<W: Write> TextReport<W> {
    /// A report of no records so far.
    pub fn new(out: W, color: bool) -> Self {
        Self { out, color, filed: false, groups: Groups::default() }
    }

    /// One that is going to be read away from where it was made, so that it says who made it, by what and when.
    pub fn filed(out: W) -> Self {
        Self { filed: true, ..Self::new(out, false) }
    }

    fn evidence(&mut self, run: &Run) -> io::Result<()> {
        if self.filed {
            self.line("")?;
            facts(run).into_iter().try_for_each(|(name, value)| self.line(&format!("{name:<9} {value}")))?;
            self.line("")?;
            statement().try_for_each(|line| self.line(&line))?;
        }
        let commands = commands(run);
        if !commands.is_empty() {
            self.line("")?;
        }
        commands.iter().try_for_each(|line| self.line(line))
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", visible(text.trim_end()))
    }

    /// A line that begins with an outcome, in its colour if colours are on.
    fn headline(&mut self, outcome: Outcome, rest: &str) -> io::Result<()> {
        let (on, off) = if self.color { (color(outcome), "\u{1b}[0m") } else { ("", "") };
        writeln!(self.out, "{on}{outcome:<12}{off}  {}", visible(rest))
    }

    fn field(&mut self, name: &str, value: &str) -> io::Result<()> {
        self.line(&format!("    {name:<9} {value}"))
    }

    fn block(&mut self, report: &RecordReport) -> io::Result<()> {
        self.headline(report.outcome, report.record_id.as_str())?;
        if let Some(recorded) = report.record.as_ref().and_then(recorded) {
            self.field("recorded", &recorded)?;
        }
        if let Some(before) = report.history.as_ref().and_then(before) {
            self.field("before", &before)?;
        }
        for object in report.objects.iter().filter(|object| object.outcome != Outcome::Intact) {
            self.object(object)?;
        }
        if let Some(reason) = &report.reason {
            let of_an_object = report.objects.iter().any(|object| object.reason.as_ref() == Some(reason));
            if !of_an_object {
                self.reason(reason)?;
            }
            if let Some(hint) = hint(report, reason.code).filter(|_| report.acknowledged.is_none()) {
                self.field("next", hint)?;
            }
        }
        if let Some(acknowledged) = &report.acknowledged {
            self.field("known", &answered_for(acknowledged))?;
        }
        self.warnings(report)
    }

    fn object(&mut self, object: &ObjectReport) -> io::Result<()> {
        let place = match (&object.bucket, &object.key) {
            (Some(bucket), Some(key)) => format!("{bucket}/{key}{}", instead(object)),
            _ => "at no usable place".to_owned(),
        };
        self.field(&object.role.to_string(), &format!("{place}: {}", object.outcome))?;
        if let Some(declared) = &object.declared_sha256 {
            self.field("declared", declared)?;
        }
        match (object.observed_sha256, object.observed_bytes) {
            (Some(sha256), Some(bytes)) => self.field("observed", &format!("{sha256}, {bytes} bytes"))?,
            (None, Some(bytes)) => self.field("observed", &format!("{bytes} bytes, then nothing more"))?,
            _ => {}
        }
        if let Some(reason) = &object.reason {
            self.reason(reason)?;
        }
        match &object.versions {
            Some(versions) => self.field("versions", &versions.message),
            None => Ok(()),
        }
    }

    fn reason(&mut self, reason: &Reason) -> io::Result<()> {
        self.field("why", &format!("{} ({})", reason.message, reason.code))?;
        if let Some(api) = &reason.api {
            if let Some(encoded) = &api.encoded_authorization_message {
                self.field("encoded", encoded)?;
            }
            if let Some(id) = &api.request_id {
                self.field("request", id)?;
            }
        }
        Ok(())
    }

    fn warnings(&mut self, report: &RecordReport) -> io::Result<()> {
        for warning in &report.warnings {
            self.field("warning", &format!("{} ({})", warning.message, warning.code))?;
        }
        Ok(())
    }

    fn intact(&mut self, report: &RecordReport) -> io::Result<()> {
        let sizes: Vec<_> = report
            .objects
            .iter()
            .map(|object| {
                let bytes = object.observed_bytes.map_or_else(|| "unknown size".to_owned(), decimal_bytes);
                format!("{} {bytes}", object.role)
            })
            .collect();
        let rest = format!("{}  {}", report.record_id, sizes.join(", "));
        self.headline(Outcome::Intact, &rest)?;
        self.warnings(report)
    }
}

impl<W: Write> ReportWriter for TextReport<W> {
    fn record(&mut self, report: &RecordReport) -> io::Result<()> {
        if report.outcome == Outcome::Intact {
            self.intact(report)?;
        } else {
            let nth = self.groups.add(report);
            if report.outcome.is_finding() || nth <= SHOWN_OF_A_GROUP {
                self.block(report)?;
            }
        }
        self.out.flush()
    }

    fn finish(&mut self, run: &Run, summary: &Summary) -> io::Result<()> {
        let groups = std::mem::take(&mut self.groups);
        for group in groups.iter().filter(|group| !group.outcome.is_finding() && group.count > SHOWN_OF_A_GROUP) {
            let more = group.count - SHOWN_OF_A_GROUP;
            self.headline(group.outcome, &format!("{more} more, {}, first: {}", group.title(), group.ids[0]))?;
        }
        if summary.records > 0 {
            self.line("")?;
        }
        self.line(&totals(run, summary))?;
        for line in closing_hints(summary) {
            self.line(line)?;
        }
        self.evidence(run)?;
        self.out.flush()
    }
}

/// When, where and of whom a recording was made, as far as the record says.
pub(super) fn recorded(record: &Record) -> Option<String> {
    let mut words = Vec::new();
    words.extend(record.start_time.clone());
    let desktop = record.desktop_name.as_ref().or(record.desktop_id.as_ref());
    words.extend(desktop.map(|desktop| format!("on {desktop}")));
    words.extend(record.username.as_ref().map(|user| format!("by {user}")));
    (!words.is_empty()).then(|| words.join(" "))
}

/// When a record was last found intact, and since when it has not been.
pub(super) fn before(history: &History) -> Option<String> {
    let last = history.last_intact_at.map(|at| format!("last intact on {}", report_time(at)));
    let since = history.first_not_intact_at.filter(|_| history.nights > 1);
    let since = since.map(|at| format!("not intact since {}, in {} runs", report_time(at), history.nights));
    let words: Vec<_> = last.into_iter().chain(since).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Who has answered for it.
fn answered_for(Acknowledged { at, operator, note }: &Acknowledged) -> String {
    format!("acknowledged by {operator} on {}: {note}", report_time(*at))
}

/// The bucket a record declares, where another was read in its place.
pub(super) fn instead(object: &ObjectReport) -> String {
    object.declared_bucket.as_ref().map_or_else(String::new, |bucket| format!(" (declared in bucket {bucket})"))
}

/// `5 records: 1 altered, 4 intact; 3.2 MB read in 0.4 s`.
#[must_use]
pub fn totals(run: &Run, summary: &Summary) -> String {
    let records = if summary.records == 1 { "1 record".to_owned() } else { format!("{} records", summary.records) };
    let counted = Outcome::ALL.into_iter().filter(|outcome| summary.count(*outcome) > 0);
    let outcomes: Vec<_> = counted.map(|outcome| format!("{} {outcome}", summary.count(outcome))).collect();
    let outcomes = if outcomes.is_empty() { "nothing verified".to_owned() } else { outcomes.join(", ") };
    let seconds = run.finished_at.duration_since(run.started_at).as_secs_f64();
    let mut totals = format!("{records}: {outcomes}; {} read in {seconds:.1} s", decimal_bytes(summary.bytes));
    let postponed = [
        (summary.skipped, "skipped, not due"),
        (summary.archived.unwrap_or(0), "archived before, their bags checked and the bucket not asked"),
        (summary.expired, "expired"),
        (summary.not_ready, "not ready"),
        (summary.acknowledged, "acknowledged"),
    ];
    for (count, what) in postponed {
        if count > 0 {
            totals = format!("{totals}; {count} {what}");
        }
    }
    if summary.left > 0 {
        totals = format!("{totals}; {} left for the next run", summary.left);
        if let Some(oldest) = summary.oldest_left_at {
            totals = format!("{totals}, the oldest of {}", report_time(oldest));
        }
    }
    if let Some(since) = summary.oldest_unverified_at {
        totals = format!("{totals}; never intact yet since {}", report_time(since));
    }
    if let Some(at) = summary.soonest_expiry_at {
        totals = format!("{totals}; of those waiting one expires on {}", report_time(at));
    }
    if let Some(since) = summary.not_intact_since.filter(|_| summary.nights > 1) {
        totals = format!("{totals}; not intact since {}, in {} runs", report_time(since), summary.nights);
    }
    totals
}

/// What the whole run suggests.
pub(super) fn closing_hints(summary: &Summary) -> impl Iterator<Item = &'static str> {
    summary
        .size_means_something_else()
        .then_some(
            "All digests agree and no declared size does: the service seems to measure something else. \
         With --size-rule off sizes are not compared.",
        )
        .into_iter()
}

const fn color(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Intact => "\u{1b}[32m",
        Outcome::Undeclared | Outcome::Unverified => "\u{1b}[33m",
        Outcome::Inconsistent | Outcome::Missing | Outcome::Altered => "\u{1b}[1;31m",
    }
}
