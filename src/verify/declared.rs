//! Holds what a record declares now against what it declared first, as the ledger remembers it.

use jiff::Timestamp;

use crate::evidence::{Reason, RecordReport, Warning, report_time};
use crate::fixity::{Code, Outcome};
use crate::ledger::{Change, is_relocation};

/// Adds what is declared otherwise to a report. Another digest, size or object makes a record inconsistent, whatever its
/// digests say today: who can change the declaration can make everything else agree with it. Another place alone, with
/// the same digests, is worth a note: the bytes are read there and held against the digests of old.
pub(super) fn hold_against(changes: Vec<Change>, at: Timestamp, report: &mut RecordReport) {
    if is_relocation(&changes) {
        let message = format!("{} (first declared so on {})", words(&changes), report_time(at));
        report.warnings.push(Warning::new(Code::Relocated, message));
        return;
    }
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
