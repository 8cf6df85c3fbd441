//! Looks at one object: reads it, twice if it differs, or only looks it up, under each key its place may mean.

use super::Verifier;
use crate::event::{Event, ObjectRef};
use crate::evidence::{Keeping, ObjectReport, Reason, Warning};
use crate::fixity::{
    Code, Comparison, Markup, Observed, Outcome, SecondRead, Sha256Digest, compare, judge_second_read,
};
use crate::record::{DeclaredDigest, Location, LocationError, Record, RecordId, Role, moved_to};
use crate::store::{Lookups, Pass, Place, ReadError, Reading, Step, StoreError};

/// An object looked at. What needs the other object to be decided is decided afterwards.
pub(super) struct Looked {
    pub(super) report: ObjectReport,
    pub(super) warnings: Vec<Warning>,
    pub(super) open: Open,
}

/// What is still open about an object.
pub(super) enum Open {
    /// Nothing.
    Settled,
    /// The store says there is no such object at any of these places; the proof is wanting.
    Absent(StoreError, Vec<Place>),
    /// Two reads agree and differ from the declaration; the words are wanting.
    Altered(Sha256Digest, Observed),
}

impl Verifier<'_> {
    /// Looks at one object, under each key its place may mean.
    pub(super) async fn look(&self, id: &RecordId, record: &Record, role: Role) -> Looked {
        let mut location = record.location(role);
        let mut report = blank_object(record, role);
        if let Ok(location) = &mut location {
            if let Some(bucket) = moved_to(self.moved, &location.bucket) {
                report.declared_bucket = Some(std::mem::replace(&mut location.bucket, bucket.to_owned()));
            }
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
        report.host = Some(self.store.host(&place));
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
        let noted = Lookups::default();
        let found = tokio::select! {
            biased;
            () = self.cancel.cancelled() => None,
            found = self.store.look_up(&place, &noted) => Some(found),
        };
        report.lookups = noted.into_list();
        let not_declared =
            |rest| Reason::new(Code::DigestNotDeclared, format!("the record declares no digest for it{rest}"));
        let mut warnings = Vec::new();
        let reason = match found {
            Some(Ok(found)) => {
                report.etag = found.etag;
                report.version_id = found.version_id;
                report.last_modified = found.last_modified;
                report.keeping = found.keeping;
                not_declared("; it is in the bucket, and was not read")
            }
            Some(Err(error)) if error.says_absent() => {
                return Looked { report, warnings, open: Open::Absent(error, vec![place]) };
            }
            Some(Err(error)) => {
                let message = format!("the {} object could not be looked up: {error}", report.role);
                warnings.push(Warning::new(Code::LookupFailed, message));
                Reason { api: error.reason().api, ..not_declared("") }
            }
            None => not_declared(""),
        };
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
        let Some(pin) = first.pin else { return settled(report, Outcome::Unverified, no_store(&observed)) };
        if compare(&declared, &observed) == Comparison::Equal {
            if pin.bytes.is_none() {
                return of_unknown_length(report, "equals the declared one");
            }
            // Only what was read right shows that the address is.
            if let Some(bucket) = report.bucket.as_ref().filter(|_| pin.from_a_store) {
                self.store.note_read(bucket);
            }
            return intact(report);
        }

        let second = self.read_once(id, &place, Pass::Second(&pin), report.role).await;
        report.attempts.extend(second.attempts);
        report.lookups.extend(second.lookups);
        let again = match second.result {
            Ok(again) => again,
            Err(error) => {
                let Reason { mut code, message, api } = read_reason(&error);
                if matches!(code, Code::ObjectNotFound | Code::DeleteMarker) {
                    // It was there a moment ago: the pin no longer holds.
                    code = Code::ChangedDuringRead;
                }
                let message = format!(
                    "one read gave another digest than the declared one, and the second read, which would confirm it, failed: {message}"
                );
                return settled(report, Outcome::Unverified, Reason { code, message, api });
            }
        };
        match judge_second_read(&declared, &observed, &again) {
            SecondRead::EqualsDeclared if second.pin.as_ref().is_none_or(|pin| pin.bytes.is_none()) => {
                of_unknown_length(report, "equals the declared one")
            }
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
                } else if let Some(coding) = &pin.packed {
                    let message = format!(
                        "the digest differs, but what came is packed ({coding}), so it says nothing of the object"
                    );
                    settled(report, Outcome::Unverified, Reason::new(Code::UnreadableAnswer, message))
                } else if pin.bytes.is_none() {
                    of_unknown_length(report, "differs from the declared one")
                } else {
                    Looked { report, warnings: Vec::new(), open: Open::Altered(declared, observed) }
                }
            }
        }
    }

    async fn read_once(&self, id: &RecordId, place: &Place, pass: Pass<'_>, role: Role) -> Reading {
        let number = match pass {
            Pass::First | Pass::Version(_) => 1,
            Pass::Second(_) => 2,
        };
        let tell = self.tell(id, role, number);
        let copy_to = self.archive.and_then(|archive| archive.copy_to(id, role));
        let mut reading = self.store.read(place, pass, copy_to.as_deref(), &tell, self.cancel).await;
        if let Some(archive) = self.archive {
            let copied = reading.copied.take();
            archive.note(id, role, reading.result.as_ref().ok().copied().zip(copied));
        }
        reading
    }

    /// Tells whoever watches about the steps of a read.
    pub(super) fn tell<'a>(&'a self, record: &'a RecordId, role: Role, pass: u8) -> impl Fn(Step<'_>) + 'a {
        let object = ObjectRef { record, role };
        move |step: Step<'_>| match step {
            Step::Started(bytes) => self.watch.on(&Event::ReadStarted { object, bytes, pass }),
            Step::Progress(position) => self.watch.on(&Event::ReadProgress { object, position }),
            Step::Retry(position, error, wait) => {
                let message = error.to_string();
                self.watch.on(&Event::ReadRetry { object, position, code: error.code(), message: &message, wait });
            }
        }
    }
}

fn blank_object(record: &Record, role: Role) -> ObjectReport {
    ObjectReport {
        role,
        host: None,
        bucket: None,
        declared_bucket: None,
        key: None,
        outcome: Outcome::Unverified,
        reason: None,
        declared_sha256: record.digest_text(role).map(str::to_owned),
        observed_sha256: None,
        observed_bytes: None,
        etag: None,
        version_id: None,
        last_modified: None,
        keeping: Keeping::default(),
        started_at: None,
        finished_at: None,
        attempts: Vec::new(),
        lookups: Vec::new(),
        versions: None,
    }
}

fn note_reading(report: &mut ObjectReport, reading: &Reading) {
    report.attempts.extend(reading.attempts.iter().cloned());
    report.lookups.extend(reading.lookups.iter().cloned());
    if let Some(pin) = &reading.pin {
        report.observed_bytes = Some(reading.position);
        report.etag.clone_from(&pin.etag);
        report.version_id.clone_from(&pin.version_id);
        report.last_modified.clone_from(&pin.last_modified);
        report.keeping.clone_from(&pin.keeping);
    }
}

fn settled(mut report: ObjectReport, outcome: Outcome, reason: Reason) -> Looked {
    report.outcome = outcome;
    report.reason = Some(reason);
    Looked { report, warnings: Vec::new(), open: Open::Settled }
}

/// What came ended in good order, but nobody said how long the object is: neither intact nor altered.
fn of_unknown_length(report: ObjectReport, digest: &str) -> Looked {
    let message = format!(
        "the digest of what came {digest}, but the store did not say how long the object is, so it cannot be called whole"
    );
    settled(report, Outcome::Unverified, Reason::new(Code::LengthUnknown, message))
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
