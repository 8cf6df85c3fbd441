//! A bag of a recording as this program writes it: the bag itself, and whether report and answer in it speak of its bytes.
//!
//! Whoever changes a payload can mend the manifests too; the report is signed and cannot be mended.

use std::path::Path;

use serde_json::Value;

use crate::bag::{self, ANSWER, Bag, Fault, Label, REPORT, Unreadable};
use crate::fixity::Sha256Digest;
use crate::record::Role;
use crate::signature::{Signed, sidecar};

/// What was found of a bag and of what it says.
#[derive(Debug)]
pub struct Dossier {
    /// The bag.
    pub bag: Bag,
    /// Of which record, as the bag says.
    pub record_id: Option<String>,
    /// The outcome it has in its report; `None` in a bag without one, which somebody else made.
    pub outcome: Option<String>,
    /// Who signed the report, by the fingerprint of the key.
    pub signed_by: Option<String>,
    /// Where report, answer and payload contradict each other.
    pub contradictions: Vec<DossierFault>,
}

/// Something in a bag that contradicts the rest of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DossierFault {
    /// The report is none.
    #[error("report.json is no report of one record")]
    NoReport,
    /// The bag is of another record than its report.
    #[error("report.json is about {0}, bag-info.txt says otherwise")]
    OtherRecord(String),
    /// The outcome differs.
    #[error("report.json says {0}, bag-info.txt says otherwise")]
    OtherOutcome(String),
    /// The payload is not what the report is about.
    #[error("the {0} in the bag is not the one that report.json is about")]
    OtherPayload(Role),
    /// There is payload that no report is about.
    #[error("{0} belongs to no file of the recording")]
    Stray(String),
    /// An intact recording has both files in its bag.
    #[error("report.json says intact, and there is no {0} in the bag")]
    NoPayload(Role),
    /// The answer is not the one in the report.
    #[error("answer.json is not the answer that report.json is about")]
    OtherAnswer,
    /// A bag of this program has a report.
    #[error("there is no report.json")]
    ReportMissing,
    /// The signature is not of this report.
    #[error("the signature of report.json does not hold: {0}")]
    Signature(String),
}

impl Dossier {
    /// Reads a bag, every byte of it.
    pub fn read(dir: &Path) -> Result<Self, Unreadable> {
        let bag = bag::read(dir)?;
        let record_id = bag.info.value(Label::Identifier);
        let mut dossier = Self { bag, record_id, outcome: None, signed_by: None, contradictions: Vec::new() };
        let path = dir.join(REPORT);
        let is_ours = dossier.bag.info.values(Label::Outcome).next().is_some();
        match small(&path)? {
            // Only files that the tag manifest vouches for, and that are no links, count.
            _ if !dossier.bag.faults.is_empty() => {}
            None if is_ours => dossier.contradictions.push(DossierFault::ReportMissing),
            None => {}
            Some(report) => {
                dossier.hold_against_report(&report, small(&dir.join(ANSWER))?.as_deref());
                if let Some(signature) = small(&sidecar(&path, "sig"))? {
                    match Signed::verify(&String::from_utf8_lossy(&signature), &report[..]) {
                        Ok(signed) => dossier.signed_by = Some(signed.fingerprint()),
                        Err(error) => dossier.contradictions.push(DossierFault::Signature(error.to_string())),
                    }
                }
            }
        }
        Ok(dossier)
    }

    /// All that is wrong, in words.
    pub fn faults(&self) -> impl Iterator<Item = String> {
        self.bag.faults.iter().map(Fault::to_string).chain(self.contradictions.iter().map(DossierFault::to_string))
    }

    /// The digest of a file of the recording, if it is alone in its place.
    #[must_use]
    pub fn digest(&self, role: Role) -> Option<Sha256Digest> {
        let directory = format!("data/{role}");
        let mut files = self.bag.manifest.below(&directory);
        let (_, digest) = files.next()?;
        files.next().is_none().then_some(digest)
    }

    fn hold_against_report(&mut self, report: &[u8], answer: Option<&[u8]>) {
        let Some(record) = only_record(report) else {
            self.contradictions.push(DossierFault::NoReport);
            return;
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (id, outcome) = (text(&record["record_id"]), text(&record["outcome"]));
        if id != self.record_id {
            self.contradictions.push(DossierFault::OtherRecord(id.unwrap_or_default()));
        }
        if outcome != self.bag.info.value(Label::Outcome) {
            self.contradictions.push(DossierFault::OtherOutcome(outcome.clone().unwrap_or_default()));
        }
        for role in Role::BOTH {
            let objects = record["objects"].as_array().into_iter().flatten();
            let object = objects.into_iter().find(|object| object["role"] == role.to_string());
            let reported = object.and_then(|object| object["observed_sha256"].as_str()?.parse().ok());
            match self.digest(role) {
                Some(digest) if reported != Some(digest) => {
                    self.contradictions.push(DossierFault::OtherPayload(role));
                }
                None if outcome.as_deref() == Some("intact") => {
                    self.contradictions.push(DossierFault::NoPayload(role));
                }
                _ => {}
            }
        }
        let places = Role::BOTH.map(|role| format!("data/{role}/"));
        let stray = self.bag.manifest.files().find(|(path, _)| places.iter().all(|place| !path.starts_with(place)));
        self.contradictions.extend(stray.map(|(path, _)| DossierFault::Stray(path.to_owned())));
        let told = record["answer"]["sha256"].as_str().and_then(|digest| digest.parse().ok());
        if told != answer.map(Sha256Digest::of) {
            self.contradictions.push(DossierFault::OtherAnswer);
        }
        self.outcome = outcome;
    }
}

/// The one record of a report.
fn only_record(report: &[u8]) -> Option<Value> {
    let mut report: Value = serde_json::from_slice(report).ok()?;
    if report["schema"] != crate::report::SCHEMA {
        return None;
    }
    let records = report["records"].as_array_mut()?;
    (records.len() == 1).then(|| records.remove(0))
}

/// A file that may be missing; a link is none.
fn small(path: &Path) -> Result<Option<Vec<u8>>, Unreadable> {
    let unreadable = |source| Unreadable::Io { path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => std::fs::read(path).map(Some).map_err(unreadable),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(error)),
    }
}
