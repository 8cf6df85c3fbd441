//! One record → one report: asks the API, reads both objects, compares, and says why.

mod declared;
mod gone;
mod look;
mod settle;
mod versions;

pub use versions::Versions;

use std::cell::RefCell;

use tokio_util::sync::CancellationToken;

use crate::archive::{Archive, Standing};
use crate::budget::{Budget, Spending};
use crate::clock::Clock;
use crate::event::{Event, ObjectRef, Watch};
use crate::evidence::{ObjectReport, Reason, RecordReport, SizeReport, Warning};
use crate::fixity::{Code, Fits, Outcome, SizeRule, fits};
use crate::ledger::Change;
use crate::memory::{Memory, Remembered};
use crate::record::{DeclaredSize, Moved, Readiness, Record, RecordId, Role};
use crate::retention::Settled;
use crate::store::Store;
use crate::workspace::{Details, Workspace};

/// What verifying a record takes.
#[derive(Clone, Copy)]
pub struct Verifier<'a> {
    /// Knows the records.
    pub workspace: &'a Workspace,
    /// Holds the objects.
    pub store: &'a Store,
    /// What the declared size may measure.
    pub size_rule: SizeRule,
    /// What earlier runs established, where there is a ledger.
    pub memory: Option<&'a Memory>,
    /// Whether a record that is not uploaded yet is only counted, where a ledger remembers it.
    pub counts_not_ready: bool,
    /// Buckets read in place of those declared.
    pub moved: &'a [Moved],
    /// Where what is read is kept, if it is.
    pub archive: Option<&'a Archive>,
    /// How far the versions of an altered or missing object are looked into.
    pub versions: Versions,
    /// What may be read.
    pub budget: Budget,
    /// What of it is spent; `None` where nobody counts.
    pub spending: Option<&'a RefCell<Spending>>,
    /// Tells the time.
    pub clock: &'a Clock,
    /// Is told what happens.
    pub watch: &'a dyn Watch,
    /// Ends everything early.
    pub cancel: &'a CancellationToken,
}

/// A record that the API was asked about, before anything of it is read.
pub struct Asked {
    report: RecordReport,
    record: Option<Record>,
}

/// A record that was verified.
pub struct Examined {
    /// What was established.
    pub report: RecordReport,
    /// What becomes of that.
    pub settled: Settled,
}

impl Asked {
    /// Whether there are objects to look for.
    #[must_use]
    pub const fn is_to_be_read(&self) -> bool {
        self.record.is_some() && self.report.reason.is_none()
    }

    /// The size the record declares.
    #[must_use]
    pub const fn declared_bytes(&self) -> Option<u64> {
        self.report.declared_size.bytes
    }
}

impl Verifier<'_> {
    /// Asks the API about one record. Whatever happens there is an answer; a failure is a report with its reason.
    pub async fn ask(&self, id: &RecordId) -> Asked {
        let answered = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Asked { report: self.not_reached(id), record: None },
            answered = self.workspace.details(id, self.watch) => answered,
        };
        let mut report = self.blank(id);
        match answered {
            Ok(Details { record, answer, calls }) => {
                report.answer = Some(answer);
                report.calls = calls;
                report.declared_size.bytes = record.declared_size().bytes();
                report.reason = refusal(id, &record);
                Asked { report, record: Some(record) }
            }
            Err(failure) => {
                report.reason = Some(failure.error.reason());
                report.answer = failure.answer;
                report.calls = failure.calls;
                Asked { report, record: None }
            }
        }
    }

    /// Whether a bag of an earlier run stands for reading the objects: it is whole, and holds what is declared now. Where
    /// there is a ledger it also has to know the record as intact, since its row is written after the bag.
    pub async fn is_archived(&self, asked: &Asked) -> bool {
        let Some((archive, record)) = self.archive.zip(asked.record.as_ref()).filter(|_| asked.is_to_be_read()) else {
            return false;
        };
        let id = &asked.report.record_id;
        let standing = tokio::select! {
            biased;
            () = self.cancel.cancelled() => None,
            standing = archive.look_at(id, record) => standing,
        };
        let stands = standing == Some(Standing::Sound)
            && self.memory.is_none_or(|memory| {
                memory.recall(id, Some(record)).is_some_and(|Remembered { history, changes, .. }| {
                    let otherwise =
                        |(changes, _): (Vec<Change>, _)| changes.iter().any(|change| change.kind.is_finding());
                    history.last_intact_at.is_some()
                        && history.first_not_intact_at.is_none()
                        && !changes.is_some_and(otherwise)
                })
            });
        if stands {
            archive.pass_over(id);
        }
        stands
    }

    /// Reads the objects of a record that was asked about, and compares. Whatever happens there is a report.
    pub async fn examine(&self, asked: Asked) -> Examined {
        let to_be_read = asked.is_to_be_read();
        let Asked { mut report, record } = asked;
        if to_be_read && self.cancel.is_cancelled() {
            report.reason = Some(interrupted());
        } else if let Some(record) = &record
            && to_be_read
        {
            self.watch.on(&Event::RecordStarted { record: &report.record_id });
            if record.readiness() == Readiness::Unknown {
                let status = record.status.as_deref().unwrap_or_default();
                report.warnings.push(Warning::new(
                    Code::UnknownStatus,
                    format!(
                        "the status \"{status}\" is none this version knows; the files were looked for all the same"
                    ),
                ));
            }
            let id = report.record_id.clone();
            Box::pin(self.verify_objects(&id, record, &mut report)).await;
        }
        report.record = record;
        let mismatch = report.reason.as_ref().is_some_and(|reason| reason.code == Code::RecordMismatch);
        let declared = report.record.as_ref().filter(|_| !mismatch);
        let remembered = self.memory.and_then(|memory| Some((memory, memory.recall(&report.record_id, declared)?)));
        let settled = match remembered {
            Some((memory, remembered)) => self.hold_against_memory(memory, remembered, &mut report).await,
            None => Settled::Told,
        };
        Examined { report, settled }
    }

    /// How often a service was left alone so far, because it throttles.
    #[must_use]
    pub fn pauses(&self) -> u64 {
        self.workspace.pauses() + self.store.pauses()
    }

    /// The report of a record that the run did not come to.
    #[must_use]
    pub fn not_reached(&self, id: &RecordId) -> RecordReport {
        RecordReport { reason: Some(interrupted()), ..self.blank(id) }
    }

    fn blank(&self, id: &RecordId) -> RecordReport {
        RecordReport {
            record_id: id.clone(),
            outcome: Outcome::Unverified,
            reason: None,
            warnings: Vec::new(),
            declared_size: SizeReport { bytes: None, rule: self.size_rule, fits: None },
            record: None,
            answer: None,
            calls: Vec::new(),
            history: None,
            acknowledged: None,
            objects: Vec::new(),
        }
    }

    async fn verify_objects(&self, id: &RecordId, record: &Record, report: &mut RecordReport) {
        let (mut video, mut event) =
            tokio::join!(self.look(id, record, Role::Video), self.look(id, record, Role::Event));
        self.settle(&mut video, record, &event.report).await;
        self.settle(&mut event, record, &video.report).await;
        let of_video = self.expected(Role::Video, record, &event.report);
        video.report.versions = self.look_for_versions(id, &video.report, &of_video).await;
        let of_event = self.expected(Role::Event, record, &video.report);
        event.report.versions = self.look_for_versions(id, &event.report, &of_event).await;
        for looked in [video, event] {
            let object = ObjectRef { record: id, role: looked.report.role };
            self.watch.on(&Event::ObjectFinished { object, outcome: looked.report.outcome });
            report.warnings.extend(looked.warnings);
            report.objects.push(looked.report);
        }
        let size = self.judge_size(record, report);
        let objects = report.objects.iter().map(|object| (object.outcome, object.reason.clone()));
        // The first of the gravest speaks for the record.
        let gravest = objects.chain(size).reduce(|grave, next| if next.0 > grave.0 { next } else { grave });
        if let Some((outcome, reason)) = gravest {
            report.outcome = outcome;
            report.reason = reason;
        }
    }

    /// What the declared size adds to the objects' outcomes, if anything.
    fn judge_size(&self, record: &Record, report: &mut RecordReport) -> Option<(Outcome, Option<Reason>)> {
        if self.size_rule == SizeRule::Off {
            return None;
        }
        let declared = match record.declared_size() {
            DeclaredSize::Bytes(bytes) => bytes,
            DeclaredSize::Absent => {
                report
                    .warnings
                    .push(Warning::new(Code::SizeNotDeclared, "the record declares no size; none was compared"));
                return None;
            }
            DeclaredSize::Malformed => {
                let text = record.size.as_ref().map_or_else(String::new, ToString::to_string);
                let message = format!("the declared size {text} is no whole number of bytes");
                return Some((Outcome::Unverified, Some(Reason::new(Code::MalformedSize, message))));
            }
        };
        // Bytes that are not the declared ones have no say: a page of a stranger has a length too.
        let intact = |role| move |object: &&ObjectReport| object.role == role && object.outcome == Outcome::Intact;
        let length = |role| report.objects.iter().find(intact(role)).and_then(ObjectReport::whole_bytes);
        let (Some(video), Some(event)) = (length(Role::Video), length(Role::Event)) else { return None };
        let fitted = fits(self.size_rule, declared, video, event);
        report.declared_size.fits = fitted;
        (fitted == Some(Fits::Neither)).then(|| {
            let total = u128::from(video) + u128::from(event);
            let message = match self.size_rule {
                SizeRule::Video => format!("the declared size is {declared} bytes; the video has {video}"),
                SizeRule::Total => format!("the declared size is {declared} bytes; video and event have {total} together"),
                SizeRule::Auto | SizeRule::Off => format!(
                    "the declared size is {declared} bytes; the video has {video}, video and event have {total} together"
                ),
            };
            (Outcome::Inconsistent, Some(Reason::new(Code::SizeDiffers, message)))
        })
    }
}

fn interrupted() -> Reason {
    Reason::new(Code::Interrupted, "the run was interrupted before this record was verified")
}

/// Why the store is not even asked, if so.
fn refusal(id: &RecordId, record: &Record) -> Option<Reason> {
    if let Some(other) = record.id.as_deref().filter(|other| *other != id.as_str()) {
        return Some(Reason::new(Code::RecordMismatch, format!("the API answered about another record, {other}")));
    }
    let status = record.status.as_deref().unwrap_or_default();
    match record.readiness() {
        Readiness::Uploaded | Readiness::Unknown => None,
        Readiness::NotUploaded => {
            Some(Reason::new(Code::NotUploaded, format!("its status is {status}; verify it once it is uploaded")))
        }
        Readiness::Failed => {
            Some(Reason::new(Code::RecordingFailed, format!("its status is {status}; the service has no file of it")))
        }
    }
}
