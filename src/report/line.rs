//! The brief form for logs and mails: one line a finding, one line for each other reason, one summary.

use std::io::{self, Write};

use super::group::Groups;
use super::hint::hint;
use super::text::{before, closing_hints, instead, recorded, totals};
use super::{ReportWriter, Run, visible};
use crate::evidence::{ObjectReport, RecordReport};
use crate::fixity::Outcome;
use crate::summary::Summary;

/// Writes lines; where asked to, none at all if everything is intact.
pub struct Brief<W: Write> {
    out: W,
    silent_if_intact: bool,
    groups: Groups,
}

impl<W: Write> Brief<W> {
    /// `silent_if_intact` drops the summary of a run that found everything intact.
    pub fn new(out: W, silent_if_intact: bool) -> Self {
        Self { out, silent_if_intact, groups: Groups::default() }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", visible(text))?;
        self.out.flush()
    }
}

impl<W: Write> ReportWriter for Brief<W> {
    fn record(&mut self, report: &RecordReport) -> io::Result<()> {
        match report.outcome {
            Outcome::Intact => Ok(()),
            // Somebody knows; the summary counts it.
            _ if report.acknowledged.is_some() => Ok(()),
            outcome if outcome.is_finding() => self.line(&finding(report)),
            _ => {
                self.groups.add(report);
                Ok(())
            }
        }
    }

    fn finish(&mut self, run: &Run, summary: &Summary) -> io::Result<()> {
        let groups = std::mem::take(&mut self.groups);
        for group in groups.iter() {
            let line = format!("{} {}, first: {}", group.count, group.title(), group.ids[0]);
            self.line(&line)?;
        }
        let known = summary.intact + summary.acknowledged == summary.records;
        let passed_over = summary.skipped + summary.expired + summary.archived.unwrap_or(0);
        let all_intact = known && summary.records + passed_over > 0;
        if self.silent_if_intact && all_intact {
            return Ok(());
        }
        self.line(&totals(run, summary))?;
        closing_hints(summary).try_for_each(|line| self.line(line))
    }
}

/// All a reader needs to act on, in one line.
fn finding(report: &RecordReport) -> String {
    let mut parts = vec![format!("{} {}", report.outcome, report.record_id)];
    parts.extend(report.record.as_ref().and_then(recorded));
    let grave = |object: &&ObjectReport| object.outcome == report.outcome;
    for object in report.objects.iter().filter(grave) {
        if let (Some(bucket), Some(key)) = (&object.bucket, &object.key) {
            parts.push(format!("{} {bucket}/{key}{}", object.role, instead(object)));
        }
        parts.extend(object.declared_sha256.as_ref().map(|digest| format!("declared {digest}")));
        parts.extend(object.observed_sha256.map(|digest| format!("observed {digest}")));
        parts.extend(object.versions.as_ref().map(|versions| versions.message.clone()));
    }
    parts.extend(report.history.as_ref().and_then(before));
    if let Some(reason) = &report.reason {
        parts.push(format!("{}: {}", reason.code, reason.message));
        parts.extend(hint(report, reason.code).map(|hint| format!("next: {hint}")));
    }
    parts.join("; ")
}
