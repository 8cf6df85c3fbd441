//! One record → one report: asks the API, reads both objects, compares, and says why.

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::event::{Event, ObjectRef, Watch};
use crate::evidence::{ObjectReport, Reason, RecordReport, SizeReport, Warning};
use crate::fixity::{
    Clues, Code, Comparison, Fits, Markup, Observed, Outcome, SecondRead, Sha256Digest, SizeRule, compare, diagnose,
    fits, judge_second_read,
};
use crate::record::{DeclaredDigest, DeclaredSize, Location, LocationError, Readiness, Record, RecordId, Role};
use crate::store::{Absence, Pass, Place, ReadError, Reading, Step, Store, StoreError};
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
    /// Tells the time.
    pub clock: &'a Clock,
    /// Is told what happens.
    pub watch: &'a dyn Watch,
    /// Ends everything early.
    pub cancel: &'a CancellationToken,
}

/// An object looked at. What needs the other object to be decided is decided afterwards.
struct Looked {
    report: ObjectReport,
    warnings: Vec<Warning>,
    open: Open,
}

/// What is still open about an object.
enum Open {
    /// Nothing.
    Settled,
    /// The store says there is no such object at any of these places; the proof is wanting.
    Absent(StoreError, Vec<Place>),
    /// Two reads agree and differ from the declaration; the words are wanting.
    Altered(Sha256Digest, Observed),
}

impl Verifier<'_> {
    /// Verifies one record. Whatever happens there is a report; a failure is an outcome with its reason.
    pub async fn verify(&self, id: &RecordId) -> RecordReport {
        self.watch.on(&Event::RecordStarted { record: id });
        let answered = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return self.not_reached(id),
            answered = self.workspace.details(id, self.watch) => answered,
        };
        let mut report = self.blank(id);
        let Details { record, answer } = match answered {
            Ok(details) => details,
            Err(failure) => {
                report.reason = Some(failure.error.reason());
                report.answer = failure.answer;
                return report;
            }
        };
        report.answer = Some(answer);
        report.declared_size.bytes = match record.declared_size() {
            DeclaredSize::Bytes(bytes) => Some(bytes),
            DeclaredSize::Absent | DeclaredSize::Malformed => None,
        };
        if let Some(reason) = refusal(id, &record) {
            report.reason = Some(reason);
        } else {
            if record.readiness() == Readiness::Unknown {
                let status = record.status.as_deref().unwrap_or_default();
                report.warnings.push(Warning::new(
                    Code::UnknownStatus,
                    format!(
                        "the status \"{status}\" is none this version knows; the files were looked for all the same"
                    ),
                ));
            }
            self.verify_objects(id, &record, &mut report).await;
        }
        report.record = Some(record);
        report
    }

    /// The report of a record that the run did not come to.
    #[must_use]
    pub fn not_reached(&self, id: &RecordId) -> RecordReport {
        let mut report = self.blank(id);
        report.reason = Some(Reason::new(Code::Interrupted, "the run was interrupted before this record was verified"));
        report
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
            objects: Vec::new(),
        }
    }

    async fn verify_objects(&self, id: &RecordId, record: &Record, report: &mut RecordReport) {
        let (mut video, mut event) =
            tokio::join!(self.look(id, record, Role::Video), self.look(id, record, Role::Event));
        self.settle(&mut video, record, &event.report).await;
        self.settle(&mut event, record, &video.report).await;
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
        let length =
            |role| report.objects.iter().find(|object| object.role == role).and_then(ObjectReport::whole_bytes);
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

    /// Looks at one object, under each key its place may mean.
    async fn look(&self, id: &RecordId, record: &Record, role: Role) -> Looked {
        let location = record.location(role);
        let mut report = blank_object(record, role);
        if let Ok(location) = &location {
            report.bucket = Some(location.bucket.clone());
            report.key = Some(location.key.clone());
        }
        match (record.digest(role), location) {
            (DeclaredDigest::Sha256(digest), Ok(location)) => {
                self.look_at_places(id, Some(digest), location, report).await
            }
            (DeclaredDigest::Absent, Ok(location)) => self.look_at_places(id, None, location, report).await,
            (DeclaredDigest::Absent, Err(why)) => {
                let message = match why {
                    LocationError::Absent => "the record declares neither a digest nor a place for it".to_owned(),
                    why => format!("the record declares no digest for it, and no place to look at: {why}"),
                };
                settled(report, Outcome::Undeclared, Reason::new(Code::DigestNotDeclared, message))
            }
            (DeclaredDigest::Malformed(why), _) => {
                let message = format!("the declared digest is no SHA-256: {why}");
                settled(report, Outcome::Unverified, Reason::new(Code::MalformedDigest, message))
            }
            (DeclaredDigest::Sha256(_), Err(why)) => {
                settled(report, Outcome::Unverified, Reason::new(Code::MalformedLocation, why.to_string()))
            }
        }
    }

    async fn look_at_places(
        &self,
        id: &RecordId,
        declared: Option<Sha256Digest>,
        location: Location,
        blank: ObjectReport,
    ) -> Looked {
        let Location { bucket, key, alternative } = location;
        let first = self.look_at(id, declared, Place { bucket: bucket.clone(), key }, blank.clone()).await;
        let Some(key) = alternative else { return first };
        if matches!(first.report.outcome, Outcome::Intact) || self.cancel.is_cancelled() {
            return first;
        }
        let second = self.look_at(id, declared, Place { bucket, key }, blank).await;
        match (first.open, second.open) {
            // Absent under both readings of the directory: both have to be proven.
            (Open::Absent(error, places), Open::Absent(_, more)) => {
                let places = places.into_iter().chain(more).collect();
                Looked { open: Open::Absent(error, places), ..first }
            }
            (Open::Absent(..), open) => Looked { open, ..second },
            (_, open) if second.report.outcome == Outcome::Intact => Looked { open, ..second },
            (open, _) => Looked { open, ..first },
        }
    }

    async fn look_at(
        &self,
        id: &RecordId,
        declared: Option<Sha256Digest>,
        place: Place,
        mut report: ObjectReport,
    ) -> Looked {
        report.key = Some(place.key.clone());
        report.started_at = Some(self.clock.now());
        let mut looked = match declared {
            Some(digest) => self.read(id, digest, place, report).await,
            None => self.look_up(place, report).await,
        };
        looked.report.finished_at = Some(self.clock.now());
        looked
    }

    /// Looks an object of undeclared digest up: its bytes would have nothing to be compared with.
    async fn look_up(&self, place: Place, mut report: ObjectReport) -> Looked {
        let found = tokio::select! {
            biased;
            () = self.cancel.cancelled() => None,
            found = self.store.look_up(&place) => Some(found),
        };
        let mut reason = Reason::new(
            Code::DigestNotDeclared,
            "the record declares no digest for it; it is in the bucket, and was not read",
        );
        let mut warnings = Vec::new();
        match found {
            Some(Ok(found)) => {
                report.etag = found.etag;
                report.version_id = found.version_id;
                report.last_modified = found.last_modified;
            }
            Some(Err(error)) if error.says_absent() => {
                return Looked { report, warnings, open: Open::Absent(error, vec![place]) };
            }
            Some(Err(error)) => {
                reason.message = "the record declares no digest for it".to_owned();
                reason.api = error.reason().api;
                let message = format!("the {} object could not be looked up: {error}", report.role);
                warnings.push(Warning::new(Code::LookupFailed, message));
            }
            None => reason.message = "the record declares no digest for it".to_owned(),
        }
        Looked { warnings, ..settled(report, Outcome::Undeclared, reason) }
    }

    /// Reads an object, and reads it again, independently, if its digest differs.
    async fn read(&self, id: &RecordId, declared: Sha256Digest, place: Place, mut report: ObjectReport) -> Looked {
        let first = self.read_once(id, &place, Pass::First, report.role).await;
        note_reading(&mut report, &first);
        let observed = match first.result {
            Ok(observed) => observed,
            Err(ReadError::Store(error)) if error.says_absent() => {
                return Looked { report, warnings: Vec::new(), open: Open::Absent(error, vec![place]) };
            }
            Err(error) => return settled(report, Outcome::Unverified, read_reason(&error)),
        };
        report.observed_sha256 = Some(observed.sha256);
        if compare(&declared, &observed) == Comparison::Equal {
            return intact(report);
        }
        let Some(pin) = first.pin else { return settled(report, Outcome::Unverified, no_store(&observed)) };

        let second = self.read_once(id, &place, Pass::Second(&pin), report.role).await;
        report.attempts.extend(second.attempts);
        let again = match second.result {
            Ok(again) => again,
            Err(error) => {
                let Reason { code, message, api } = read_reason(&error);
                let message = format!(
                    "one read gave another digest than the declared one, and the second read, which would confirm it, failed: {message}"
                );
                return settled(report, Outcome::Unverified, Reason { code, message, api });
            }
        };
        match judge_second_read(&declared, &observed, &again) {
            SecondRead::EqualsDeclared => {
                let message = format!(
                    "the first read of the {} gave {}, the second the declared digest: something on the way alters what it carries",
                    report.role, observed.sha256
                );
                report.observed_sha256 = Some(again.sha256);
                report.observed_bytes = Some(again.bytes);
                Looked { warnings: vec![Warning::new(Code::ReadsDisagree, message)], ..intact(report) }
            }
            SecondRead::DiffersFromBoth => {
                let message = format!(
                    "two reads of the same object gave different bytes, neither the declared ones: first {}, then {}",
                    observed.sha256, again.sha256
                );
                settled(report, Outcome::Unverified, Reason::new(Code::ReadsDisagree, message))
            }
            SecondRead::Confirms => {
                let from_a_store = pin.from_a_store && second.pin.as_ref().is_some_and(|pin| pin.from_a_store);
                if !from_a_store {
                    settled(report, Outcome::Unverified, no_store(&observed))
                } else if pin.bytes.is_none() {
                    let message = "the digest differs, but the store did not say how long the object is, so what came cannot be called whole";
                    settled(report, Outcome::Unverified, Reason::new(Code::LengthUnknown, message))
                } else {
                    Looked { report, warnings: Vec::new(), open: Open::Altered(declared, observed) }
                }
            }
        }
    }

    async fn read_once(&self, id: &RecordId, place: &Place, pass: Pass<'_>, role: Role) -> Reading {
        let object = ObjectRef { record: id, role };
        let number = match pass {
            Pass::First => 1,
            Pass::Second(_) => 2,
        };
        let tell = |step: Step<'_>| match step {
            Step::Started(bytes) => self.watch.on(&Event::ReadStarted { object, bytes, pass: number }),
            Step::Progress(position) => self.watch.on(&Event::ReadProgress { object, position }),
            Step::Retry(position, error, wait) => {
                let message = error.to_string();
                self.watch.on(&Event::ReadRetry { object, position, code: error.code(), message: &message, wait });
            }
        };
        self.store.read(place, pass, &tell, self.cancel).await
    }

    /// Decides what waited for the other object.
    async fn settle(&self, looked: &mut Looked, record: &Record, other: &ObjectReport) {
        let (outcome, reason) = match &looked.open {
            Open::Settled => return,
            Open::Absent(error, places) => self.judge_absence(error, places).await,
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
        looked.report.outcome = outcome;
        looked.report.reason = Some(reason);
        looked.report.finished_at = Some(self.clock.now());
    }

    async fn judge_absence(&self, error: &StoreError, places: &[Place]) -> (Outcome, Reason) {
        let mut reason = error.reason();
        let mut proofs = Vec::new();
        for place in places {
            let proof = tokio::select! {
                biased;
                () = self.cancel.cancelled() => Absence::Unproven("the run was interrupted before its absence was proven".to_owned()),
                proof = self.store.prove_absence(place) => proof,
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
            reason.message.push_str(&format!("; nor is it at \"{}\"", alternative.key));
        }
        (Outcome::Missing, reason)
    }

    fn clues(&self, role: Role, record: &Record, other: &ObjectReport) -> Clues {
        let expected_bytes = match role {
            Role::Video => Clues::expected_video_bytes(
                self.size_rule,
                record.size.as_ref().and_then(serde_json::Value::as_u64),
                other.whole_bytes().filter(|_| other.outcome == Outcome::Intact),
            ),
            Role::Event => None,
        };
        let other_declared = match record.digest(role.other()) {
            DeclaredDigest::Sha256(digest) => Some(digest),
            DeclaredDigest::Absent | DeclaredDigest::Malformed(_) => None,
        };
        Clues { other_declared, other_observed: other.observed_sha256, expected_bytes }
    }
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

fn blank_object(record: &Record, role: Role) -> ObjectReport {
    ObjectReport {
        role,
        bucket: None,
        key: None,
        outcome: Outcome::Unverified,
        reason: None,
        declared_sha256: record.digest_text(role).map(str::to_owned),
        observed_sha256: None,
        observed_bytes: None,
        etag: None,
        version_id: None,
        last_modified: None,
        started_at: None,
        finished_at: None,
        attempts: Vec::new(),
    }
}

fn note_reading(report: &mut ObjectReport, reading: &Reading) {
    report.attempts.extend(reading.attempts.iter().cloned());
    if let Some(pin) = &reading.pin {
        report.observed_bytes = Some(reading.position);
        report.etag.clone_from(&pin.etag);
        report.version_id.clone_from(&pin.version_id);
        report.last_modified.clone_from(&pin.last_modified);
    }
}

fn settled(mut report: ObjectReport, outcome: Outcome, reason: Reason) -> Looked {
    report.outcome = outcome;
    report.reason = Some(reason);
    Looked { report, warnings: Vec::new(), open: Open::Settled }
}

fn intact(mut report: ObjectReport) -> Looked {
    report.outcome = Outcome::Intact;
    Looked { report, warnings: Vec::new(), open: Open::Settled }
}

fn read_reason(error: &ReadError) -> Reason {
    match error {
        ReadError::Store(error) => error.reason(),
        error => Reason::new(error.code(), error.to_string()),
    }
}

/// What came bears no mark of a store, so it accuses nobody.
fn no_store(observed: &Observed) -> Reason {
    let what = match observed.markup {
        Some(Markup::Html) => "what came is an HTML page",
        Some(Markup::Xml) => "what came is an XML document",
        None => "what came is something else",
    };
    Reason::new(
        Code::UnreadableAnswer,
        format!("{what}, without any mark of an object store; check endpoint and proxy"),
    )
}
