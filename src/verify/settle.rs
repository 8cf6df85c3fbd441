//! Decides what waited for the other object of a record: absence is proven, an alteration put into words.

use super::Verifier;
use super::look::{Looked, Open};
use crate::evidence::{ObjectReport, Reason};
use crate::fixity::{Clues, Code, Expected, Outcome, diagnose};
use crate::record::{DeclaredDigest, Record, Role};
use crate::store::{Absence, Lookups, Place, StoreError};

impl Verifier<'_> {
    /// Decides what waited for the other object.
    pub(super) async fn settle(&self, looked: &mut Looked, record: &Record, other: &ObjectReport) {
        let noted = Lookups::default();
        let (outcome, reason) = match &looked.open {
            Open::Settled => return,
            Open::Absent(error, places) => self.judge_absence(error, places, &noted).await,
            Open::Altered(declared, observed) => {
                let clues = self.clues(looked.report.role, record, other);
                let differs = "two independent reads agree with each other and not with the declared digest";
                let message = match diagnose(declared, observed, &clues) {
                    Some(diagnosis) => format!("{diagnosis}; {differs}"),
                    None => differs.to_owned(),
                };
                (Outcome::Altered, Reason::new(Code::DigestDiffers, message))
            }
        };
        looked.report.lookups.extend(noted.into_list());
        looked.report.outcome = outcome;
        looked.report.reason = Some(reason);
        looked.report.finished_at = Some(self.clock.now());
    }

    async fn judge_absence(&self, error: &StoreError, places: &[Place], noted: &Lookups) -> (Outcome, Reason) {
        let mut reason = error.reason();
        let mut proofs = Vec::new();
        for place in places {
            let proof = tokio::select! {
                biased;
                () = self.cancel.cancelled() => Absence::Unproven("the run was interrupted before its absence was proven".to_owned()),
                proof = self.store.prove_absence(place, noted) => proof,
            };
            match proof {
                Absence::Proven(how) => proofs.push(how),
                Absence::Unproven(why) => {
                    let code = if self.cancel.is_cancelled() { Code::Interrupted } else { Code::AbsenceUnproven };
                    return (Outcome::Unverified, Reason { code, message: why, api: reason.api });
                }
            }
        }
        proofs.dedup();
        reason.message = format!("{}; {}", reason.message, proofs.join(" and "));
        if let [_, alternative] = places {
            reason.message = format!("{}; nor is it at \"{}\"", reason.message, alternative.key);
        }
        (Outcome::Missing, reason)
    }

    /// The lengths an object may have, by what is known of the other one.
    pub(super) fn expected(&self, role: Role, record: &Record, other: &ObjectReport) -> Expected {
        let size = record.declared_size().bytes();
        let other_bytes = other.whole_bytes().filter(|_| other.outcome == Outcome::Intact);
        match role {
            Role::Video => Expected::of_video(self.size_rule, size, other_bytes),
            Role::Event => Expected::of_event(self.size_rule, size, other_bytes),
        }
    }

    fn clues(&self, role: Role, record: &Record, other: &ObjectReport) -> Clues {
        let expected = self.expected(role, record, other);
        let other_declared = match record.digest(role.other()) {
            DeclaredDigest::Sha256(digest) => Some(digest),
            DeclaredDigest::Absent | DeclaredDigest::Malformed(_) => None,
        };
        Clues { other_declared, other_observed: other.observed_sha256, expected }
    }
}
