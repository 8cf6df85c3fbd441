//! What it means that a record the ledger knows is gone, late or as acknowledged: vanished, expired, never uploaded.

use jiff::Timestamp;

use super::{Verifier, declared};
use crate::evidence::{Reason, RecordReport, report_time};
use crate::fixity::{Code, Outcome};
use crate::memory::{Memory, Remembered};
use crate::record::{Criteria, RecordId};
use crate::retention::{Gone, Known, Settled, in_words, is_not_found};

impl Verifier<'_> {
    /// Holds a report against what earlier runs established, and says what becomes of it.
    pub(super) async fn hold_against_memory(
        &self,
        memory: &Memory,
        mut remembered: Remembered,
        report: &mut RecordReport,
    ) -> Settled {
        let now = self.clock.now();
        if let Some((changes, at)) = remembered.changes.take() {
            declared::hold_against(changes, at, report);
        }
        if let Some(late) = self.judge_lateness(memory, &remembered.known, report, now) {
            return late;
        }
        if is_not_found(report) || report.outcome == Outcome::Missing {
            remembered.known.stored_expiry = memory.stored_expiry(&report.record_id);
        }
        let gone = memory.terms().judge(report, &remembered.known, now);
        match gone {
            Gone::Expired(at) => return Settled::Expired(at),
            Gone::Unverified(at) => {
                report.outcome = Outcome::Unverified;
                report.reason = Some(never_intact(report, &remembered, at));
            }
            Gone::Early => self.judge_vanished(&remembered, report).await,
            Gone::Unknown => {
                let reason = report.reason.get_or_insert_with(|| Reason::new(Code::RecordNotFound, ""));
                reason.message = format!(
                    "{}; it was there before ({}), and without --retention nobody can say whether it may have expired",
                    reason.message,
                    last_intact(&remembered)
                );
            }
            Gone::Missing | Gone::No => {}
        }
        if report.outcome != Outcome::Intact {
            remembered.history.first_not_intact_at.get_or_insert(now);
            remembered.history.nights += 1;
        }
        report.acknowledged = remembered.acknowledged(report);
        report.history = Some(remembered.history);
        match memory.terms().expiry(&remembered.known) {
            Some(at) if at <= now && gone != Gone::No && report.acknowledged.is_some() => Settled::Expired(at),
            _ => Settled::Told,
        }
    }

    /// A record that is not uploaded: counted while that may be, told once it should have been.
    fn judge_lateness(
        &self,
        memory: &Memory,
        known: &Known,
        report: &mut RecordReport,
        now: Timestamp,
    ) -> Option<Settled> {
        let reason = report.reason.as_mut().filter(|reason| reason.code == Code::NotUploaded)?;
        let terms = memory.terms();
        if terms.is_late(known.began_at, known.first_seen_at, now) {
            let since = known.began_at.unwrap_or(known.first_seen_at);
            let status = report.record.as_ref().and_then(|record| record.status.as_deref()).unwrap_or("unknown");
            reason.code = Code::NeverUploaded;
            reason.message = format!(
                "its status is still {status}, and it began on {}; a recording should be uploaded within {}",
                report_time(since),
                in_words(terms.not_ready_after)
            );
            return None;
        }
        self.counts_not_ready.then_some(Settled::NotReady)
    }

    /// A record gone by its id and within its retention has vanished if a listing of its moment, read to its end, does not
    /// show it either.
    async fn judge_vanished(&self, remembered: &Remembered, report: &mut RecordReport) {
        let Some(reason) = &mut report.reason else { return };
        let Some(began_at) = remembered.known.began_at else {
            reason.message = format!(
                "{}; it was there before, but never said when it began, so no listing can prove it gone",
                reason.message
            );
            return;
        };
        match self.is_listed(&report.record_id, began_at).await {
            Ok(false) => {
                report.outcome = Outcome::Missing;
                reason.code = Code::RecordVanished;
                reason.message = format!(
                    "the record is gone within its retention: the API knows none of this id, and a listing of the time it \
                     began does not show it; {}",
                    last_intact(remembered)
                );
            }
            Ok(true) => reason.message = format!("{}, yet its listing shows it", reason.message),
            Err(why) => {
                reason.message = format!(
                    "{}; it was there before, and the listing that would prove it gone failed: {why}",
                    reason.message
                );
            }
        }
    }

    /// Whether a listing of the moment a record began shows it; in words why that could not be found out.
    async fn is_listed(&self, id: &RecordId, began_at: Timestamp) -> Result<bool, String> {
        let mut listing = self.workspace.list(Criteria::moment(began_at));
        loop {
            let page = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err("the run was interrupted".to_owned()),
                page = listing.next(self.watch) => page,
            };
            match page {
                Ok(Some(page)) if page.iter().any(|record| record.id.as_deref() == Some(id.as_str())) => {
                    return Ok(true);
                }
                Ok(Some(_)) => {}
                Ok(None) => return Ok(false),
                Err(failure) => return Err(failure.error.to_string()),
            }
        }
    }
}

fn never_intact(report: &RecordReport, remembered: &Remembered, over: Timestamp) -> Reason {
    let before = match remembered.known.decided {
        Some(outcome) => format!("it was {outcome} when it was last verified"),
        None => "it was never verified before".to_owned(),
    };
    let api = report.reason.as_ref().and_then(|reason| reason.api.clone());
    let message = format!("it is gone, and its retention was over on {}; {before}", report_time(over));
    Reason { code: Code::ExpiredUnverified, message, api }
}

fn last_intact(remembered: &Remembered) -> String {
    match remembered.history.last_intact_at {
        Some(at) => format!("it was last intact on {}", report_time(at)),
        None => {
            format!("it was first seen on {} and never found intact", report_time(remembered.history.first_seen_at))
        }
    }
}
