//! What the answers of the store say: reached, who asks, bucket, addressing, leave to read, missing told from denied.

use super::examine::{Examined, Objects, Probe};
use super::finding::{Check, Finding, Status};
use super::reach::{reached, said, unreachable};
use super::subject::Subject;
use crate::fixity::Code;
use crate::http::HttpError;
use crate::record::LocationError;
use crate::store::{Absence, Addressing, StoreError};

const FLAG: &str = "--obs-endpoint";

/// The checks that the store answers. Where there is no record to look at, `no_record_because_of` says why.
pub(super) fn findings(
    subject: &Subject,
    seen: &Examined,
    clock: &Finding,
    no_record_because_of: Check,
) -> Vec<Finding> {
    let store = match &seen.store {
        Ok(_) => reached(Check::Store, &subject.store),
        Err(error) => unreachable(Check::Store, error, FLAG),
    };
    let Some(objects) = &seen.objects else {
        let because_of = match (store.status, clock.status) {
            (Status::Fail, _) => Check::Store,
            (_, Status::Fail) => Check::Clock,
            _ => no_record_because_of,
        };
        let rest = [
            Check::StoreCredentials,
            Check::Bucket,
            Check::Addressing,
            Check::ReadVideo,
            Check::ReadEvent,
            Check::AbsentKey,
        ];
        return std::iter::once(store).chain(rest.map(|check| Finding::skip(check, because_of))).collect();
    };
    Answers { subject, objects }.findings(store)
}

/// What was asked of the store, and what came of it.
struct Answers<'a> {
    subject: &'a Subject,
    objects: &'a Objects,
}

impl Answers<'_> {
    fn findings(&self, reached: Finding) -> Vec<Finding> {
        let fault = self.fault();
        let fault = fault.as_ref();
        let video = read(Check::ReadVideo, &self.objects.video, fault);
        let event = read(Check::ReadEvent, &self.objects.event, fault);
        let bucket = self.bucket().unwrap_or_default();
        let known = |codes: &[Code]| {
            self.answers()
                .any(|answer| answer.map_or_else(|error| was_asked(error) && codes.contains(&error.code()), |()| true))
        };
        // A signature is looked at before bucket and object are.
        let accepted = known(&[
            Code::AccessDenied,
            Code::NotRestored,
            Code::ObjectNotFound,
            Code::DeleteMarker,
            Code::BucketNotFound,
        ]);
        let who = accepted.then(|| format!("the store accepts {}", self.subject.to_store));
        let addressed = self.addressed();
        let is_addressed = addressed.is_some();
        let there = is_addressed.then(|| format!("the store knows bucket {bucket}"));
        let because_of = if video.status == Status::Fail { Check::ReadVideo } else { Check::ReadEvent };
        let store = if fault.is_some_and(|fault| fault.check == Check::Store) {
            Finding::of(Check::Store, None, fault, Check::Store)
        } else {
            reached
        };
        vec![
            store,
            Finding::of(Check::StoreCredentials, who, fault, because_of),
            Finding::of(Check::Bucket, there, fault, because_of),
            Finding::of(Check::Addressing, addressed, fault, because_of),
            video,
            event,
            self.absent_key(is_addressed, fault, because_of),
        ]
    }

    fn probes(&self) -> [&Probe; 2] {
        [&self.objects.video, &self.objects.event]
    }

    fn bucket(&self) -> Option<&str> {
        self.probes().into_iter().find_map(|probe| match probe {
            Probe::Asked { place, .. } => Some(place.bucket.as_str()),
            Probe::Unplaced(_) => None,
        })
    }

    fn answers(&self) -> impl Iterator<Item = Result<(), &StoreError>> {
        let of_objects = self.probes().into_iter().filter_map(|probe| match probe {
            Probe::Asked { answer, .. } => Some(answer),
            Probe::Unplaced(_) => None,
        });
        of_objects.chain(&self.objects.absent).map(|answer| answer.as_ref().copied())
    }

    /// What keeps the store from answering about objects at all, if anything does.
    fn fault(&self) -> Option<Finding> {
        let unplaced = self.probes().into_iter().find_map(|probe| match probe {
            Probe::Unplaced(why @ (LocationError::Absent | LocationError::NoBucket | LocationError::Bucket { .. })) => {
                Some(Finding::fail(
                    Check::Bucket,
                    why.to_string(),
                    "show the record with recverify show, or name another",
                ))
            }
            _ => None,
        });
        unplaced.or_else(|| self.answers().find_map(|answer| self.fault_of(answer.err()?)))
    }

    fn fault_of(&self, error: &StoreError) -> Option<Finding> {
        let reason = error.reason();
        let said = said(reason.api.as_ref());
        let bucket = self.bucket().unwrap_or_default();
        let who = &self.subject.to_store;
        let by_name = self.subject.addressing == Addressing::Virtual;
        Some(match (error, reason.code) {
            (StoreError::NoAccess(_), _) => Finding::fail(Check::StoreCredentials, reason.message, who.remedy()),
            (StoreError::NotAsked(_), _)
            | (_, Code::AccessDenied | Code::NotRestored | Code::ObjectNotFound | Code::DeleteMarker) => return None,
            (StoreError::Http(HttpError::Name { .. } | HttpError::Connect { .. } | HttpError::Tls { .. }), _)
                if by_name =>
            {
                let remedy = "if buckets have no names of their own there, use --addressing path";
                Finding::fail(Check::Addressing, reason.message, remedy)
            }
            (StoreError::Http(error), _) => unreachable(Check::Store, error, FLAG),
            (StoreError::Unsendable(_), _) => {
                Finding::fail(Check::Addressing, reason.message, "try --addressing path, or another record")
            }
            (_, Code::Unauthorized) => {
                Finding::fail(Check::StoreCredentials, format!("the store rejected {who}{said}"), who.remedy())
            }
            (_, Code::ClockSkew) => Finding::fail(Check::StoreCredentials, reason.message, "set the clock right"),
            (_, Code::BucketNotFound) => {
                let remedy = format!("check --region and {FLAG}, and whether the bucket was deleted");
                Finding::fail(Check::Bucket, format!("the store knows no bucket {bucket}{said}"), remedy)
            }
            (_, Code::WrongRegion) => {
                let remedy = format!("set --obs-region and {FLAG} to those of the bucket");
                Finding::fail(Check::Bucket, format!("bucket {bucket} is in another region{said}"), remedy)
            }
            (_, Code::WrongAddressing) => {
                let message = format!("the store refuses path-style addresses{said}");
                Finding::fail(Check::Addressing, message, "use --addressing virtual")
            }
            (_, Code::Throttled) => Finding::fail(Check::Store, reason.message, "try again later"),
            (StoreError::Refused(refusal), Code::ServiceError) if refusal.answer.status >= Some(500) => {
                let remedy = "try again later; if it lasts, tell the service's support";
                Finding::fail(Check::Store, reason.message, remedy)
            }
            _ => {
                let remedy = format!("check --region, {FLAG} and what stands in between, such as a proxy");
                Finding::fail(Check::Store, reason.message, remedy)
            }
        })
    }

    /// That the bucket is named as the store wants it: a 404 alone may come of an address that is wrong.
    fn addressed(&self) -> Option<String> {
        let shown = self.probes().into_iter().any(|probe| match probe {
            Probe::Unplaced(_) => false,
            Probe::Asked { absence: Some(absence), .. } => matches!(absence, Absence::Proven(_)),
            Probe::Asked { answer, .. } => answer.as_ref().map_or_else(
                |error| was_asked(error) && matches!(error.code(), Code::AccessDenied | Code::NotRestored),
                |()| true,
            ),
        });
        let (endpoint, bucket) = (&self.subject.store, self.bucket()?);
        let scheme = if endpoint.is_https() { "https" } else { "http" };
        shown.then(|| match self.subject.addressing {
            Addressing::Path => format!("path-style: {endpoint}/{bucket}"),
            Addressing::Virtual => format!("virtual-hosted: {scheme}://{bucket}.{}", endpoint.authority()),
        })
    }

    /// A 404 for the random key is worth something only where the bucket is addressed as the store wants it.
    fn absent_key(&self, is_addressed: bool, fault: Option<&Finding>, because_of: Check) -> Finding {
        let check = Check::AbsentKey;
        match &self.objects.absent {
            Some(Ok(())) => {
                let message = "the store has something under a random key, so what answers is no store";
                Finding::fail(check, message, format!("check {FLAG} and what stands in between, such as a proxy"))
            }
            Some(Err(error)) if error.says_absent() && is_addressed => {
                Finding::ok(check, "a missing object can be told from a denied one")
            }
            Some(Err(error)) if was_asked(error) && error.code() == Code::AccessDenied => {
                let said = said(error.reason().api.as_ref());
                let remedy = format!(
                    "grant list permission, obs:bucket:ListBucket, on bucket {}",
                    self.bucket().unwrap_or_default()
                );
                Finding::fail(check, format!("cannot tell missing from denied: a random key is denied{said}"), remedy)
            }
            _ => Finding::of(check, None, fault, because_of),
        }
    }
}

/// Whether the code is the store's own word, rather than why no key could be had for it.
const fn was_asked(error: &StoreError) -> bool {
    !matches!(error, StoreError::NoAccess(_))
}

/// Leave to read one object.
fn read(check: Check, probe: &Probe, fault: Option<&Finding>) -> Finding {
    let (place, answer, absence) = match probe {
        Probe::Unplaced(_) if fault.is_some() => return Finding::of(check, None, fault, Check::Bucket),
        Probe::Unplaced(why) => {
            let message = format!("there is nothing to read: {why}");
            return Finding::fail(check, message, "show the record with recverify show, or name another");
        }
        Probe::Asked { place, answer, absence } => (place, answer, absence),
    };
    let (bucket, key) = (&place.bucket, &place.key);
    let error = match answer {
        Ok(()) => return Finding::ok(check, format!("{bucket}/{key} may be read")),
        Err(error) => error,
    };
    let said = said(error.reason().api.as_ref());
    match (error.code(), absence) {
        _ if !was_asked(error) => Finding::of(check, None, fault, Check::StoreCredentials),
        (Code::AccessDenied, _) => {
            let remedy = format!("grant obs:object:GetObject on the objects of bucket {bucket}");
            Finding::fail(check, format!("the store denied {bucket}/{key}{said}"), remedy)
        }
        (Code::NotRestored, _) => {
            let message = format!("{bucket}/{key} is archived, so it cannot be read now{said}");
            Finding::warn(check, message, "name another record; a restore costs money and is yours to order")
        }
        (_, Some(Absence::Proven(why))) => {
            let message = format!("{bucket}/{key} is not there{said}; {why}");
            Finding::fail(check, message, "name another record, and verify this one")
        }
        (_, Some(Absence::Unproven(why))) => {
            let message = format!("{bucket}/{key} is not there, or the address is wrong{said}: {why}");
            Finding::fail(check, message, "check --addressing, or name another record")
        }
        _ => Finding::of(check, None, fault, Check::Store),
    }
}
