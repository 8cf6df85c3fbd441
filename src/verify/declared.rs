//! Holds what a record declares now against what it declared first, as the ledger remembers it.

use crate::evidence::{Reason, RecordReport, Warning, report_time};
use crate::fixity::{Code, Outcome};
use crate::ledger::Change;
use crate::memory::Remembered;

/// Adds history and findings to a report. Another digest, size or object makes a record inconsistent, whatever its
/// digests say today: who can change the declaration can make everything else agree with it.
pub(super) fn hold_against(remembered: Remembered, report: &mut RecordReport) {
    report.history = Some(remembered.history);
    let Some((changes, at)) = remembered.changes else { return };
    let (findings, notes): (Vec<_>, Vec<_>) = changes.into_iter().partition(|change| change.kind.is_finding());
    if !notes.is_empty() {
        report.warnings.push(Warning::new(Code::DeclarationFilled, words(&notes)));
    }
    if findings.is_empty() {
        return;
    }
    let message = format!("{} (first declared so on {})", words(&findings), report_time(at));
    if report.outcome < Outcome::Inconsistent {
        report.outcome = Outcome::Inconsistent;
        report.reason = Some(Reason::new(Code::DeclarationChanged, message));
    } else {
        report.warnings.push(Warning::new(Code::DeclarationChanged, message));
    }
}

fn words(changes: &[Change]) -> String {
    changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
