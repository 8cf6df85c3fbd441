//! The one place where outcomes become a number.

use crate::fixity::Outcome;
use crate::summary::Summary;

/// How the program ends. The numbers are public interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Something was selected, and all of it is intact; or a command did what it was asked.
    Success,
    /// A finding: altered, missing or inconsistent.
    Finding,
    /// Usage or settings, before any network.
    Usage,
    /// No finding, but something unverified or undeclared.
    Undecided,
    /// Nothing to verify.
    Nothing,
    /// Another run holds the ledger.
    Held,
    /// Outcomes were established but could not be recorded.
    NotRecorded,
    /// Interrupted by this signal.
    Interrupted(Signal),
}

/// A signal that ends a run early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// From the keyboard.
    Interrupt,
    /// From the system: SIGTERM, or SIGHUP when the terminal is gone.
    Terminate,
}

impl Exit {
    /// The number the process ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Finding => 1,
            Self::Usage => 2,
            Self::Undecided => 3,
            Self::Nothing => 4,
            Self::Held => 5,
            Self::NotRecorded => 6,
            Self::Interrupted(Signal::Interrupt) => 130,
            Self::Interrupted(Signal::Terminate) => 143,
        }
    }

    /// How a run ends: not recorded before interrupted before a finding before undecided before success.
    ///
    /// `complete` says whether the selection came to its end and nothing waits too long: what was not looked at cannot be
    /// called intact. What an operator has acknowledged has no part in it.
    #[must_use]
    pub fn of_run(summary: &Summary, interrupted: Option<Signal>, recorded: bool, complete: bool) -> Self {
        if !recorded {
            Self::NotRecorded
        } else if let Some(signal) = interrupted {
            Self::Interrupted(signal)
        } else if summary.open_findings() > 0 {
            Self::Finding
        } else if !complete || summary.count(Outcome::Intact) + summary.acknowledged < summary.records {
            Self::Undecided
        } else if summary.records + summary.skipped + summary.archived.unwrap_or(0) + summary.left + summary.expired
            == 0
        {
            Self::Nothing
        } else {
            Self::Success
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(outcome: Outcome) -> Summary {
        let mut summary = Summary { records: 2, intact: 1, ..Summary::default() };
        *match outcome {
            Outcome::Intact => &mut summary.intact,
            Outcome::Altered => &mut summary.altered,
            Outcome::Missing => &mut summary.missing,
            Outcome::Inconsistent => &mut summary.inconsistent,
            Outcome::Undeclared => &mut summary.undeclared,
            Outcome::Unverified => &mut summary.unverified,
        } += 1;
        summary
    }

    #[test]
    fn each_outcome_has_its_exit_code() {
        let cases = [
            (Outcome::Intact, 0),
            (Outcome::Altered, 1),
            (Outcome::Missing, 1),
            (Outcome::Inconsistent, 1),
            (Outcome::Undeclared, 3),
            (Outcome::Unverified, 3),
        ];
        for (outcome, code) in cases {
            assert_eq!(Exit::of_run(&summary(outcome), None, true, true).code(), code, "{outcome}");
        }
        assert_eq!(Exit::of_run(&Summary::default(), None, true, true).code(), 4);
    }

    #[test]
    fn what_was_selected_and_needs_no_read_is_no_empty_selection() {
        let all_skipped = Summary { selected: 2, skipped: 2, ..Summary::default() };
        assert_eq!(Exit::of_run(&all_skipped, None, true, true).code(), 0);
        let none_ready = Summary { selected: 2, not_ready: 2, ..Summary::default() };
        assert_eq!(Exit::of_run(&none_ready, None, true, true).code(), 4);
    }

    #[test]
    fn what_is_acknowledged_has_no_part_in_the_exit_code_and_covers_nothing_else() {
        let one = |outcome| {
            let findings = u64::from(outcome == Outcome::Altered);
            Summary { acknowledged: 1, acknowledged_findings: findings, ..summary(outcome) }
        };
        assert_eq!(Exit::of_run(&one(Outcome::Altered), None, true, true).code(), 0);
        assert_eq!(Exit::of_run(&one(Outcome::Unverified), None, true, true).code(), 0);
        assert_eq!(Exit::of_run(&one(Outcome::Altered), None, true, false).code(), 3);
        let mut another = one(Outcome::Altered);
        (another.records, another.missing) = (3, 1);
        assert_eq!(Exit::of_run(&another, None, true, true).code(), 1);
        let expired = Summary { selected: 1, expired: 1, ..Summary::default() };
        assert_eq!(Exit::of_run(&expired, None, true, true).code(), 0);
    }

    #[test]
    fn a_selection_cut_short_is_undecided_unless_there_is_a_finding() {
        assert_eq!(Exit::of_run(&Summary::default(), None, true, false).code(), 3);
        assert_eq!(Exit::of_run(&summary(Outcome::Intact), None, true, false).code(), 3);
        assert_eq!(Exit::of_run(&summary(Outcome::Altered), None, true, false).code(), 1);
    }

    #[test]
    fn what_was_not_recorded_outranks_an_interruption_and_that_a_finding() {
        let altered = summary(Outcome::Altered);
        assert_eq!(Exit::of_run(&altered, Some(Signal::Interrupt), false, true).code(), 6);
        assert_eq!(Exit::of_run(&altered, Some(Signal::Interrupt), true, true).code(), 130);
        assert_eq!(Exit::of_run(&altered, Some(Signal::Terminate), true, true).code(), 143);
        let mut both = altered;
        both.records += 1;
        both.unverified += 1;
        assert_eq!(Exit::of_run(&both, None, true, true).code(), 1);
    }

    #[test]
    fn what_the_budget_left_was_selected_all_the_same() {
        let all_left = Summary { selected: 2, left: 2, ..Summary::default() };
        assert_eq!(Exit::of_run(&all_left, None, true, true).code(), 0);
    }

    #[test]
    fn records_archived_and_skipped_were_selected_all_the_same() {
        let both = Summary { selected: 2, skipped: 1, archived: Some(1), ..Summary::default() };
        assert_eq!(Exit::of_run(&both, None, true, true).code(), 0);
    }
}
