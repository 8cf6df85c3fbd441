//! What a bag is worth, by whose word: one line an authority, never one for all of them.

use std::io::{self, Write};

use serde::Serialize;

use super::Dossier;
use crate::bag::Unreadable;
use crate::evidence::RecordReport;
use crate::fixity::Outcome;
use crate::record::{DeclaredDigest, Record, Role};
use crate::report::{NAME, Name, decimal_bytes, visible};

/// Whose word a line goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// The bag's own manifest and report: bytes against bag.
    Bag,
    /// What the API declares now, against the bag.
    Api,
    /// The bucket as it is now, against what the API declares.
    Bucket,
}

/// What an authority says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It agrees.
    Holds,
    /// It does not.
    Finding,
    /// It could not be asked, or not be understood.
    Unverified,
}

/// One authority's word about one bag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Whose.
    pub authority: Authority,
    /// What it comes to.
    pub status: Status,
    /// In words.
    pub message: String,
}

/// All that was said about one bag.
#[derive(Debug, Serialize)]
pub struct BagVerdict {
    /// The directory, as it was named.
    pub bag: String,
    /// The record it is of, by its own word.
    pub record_id: Option<String>,
    /// A line an authority.
    pub lines: Vec<Line>,
}

impl Line {
    fn new(authority: Authority, status: Status, message: impl Into<String>) -> Self {
        Self { authority, status, message: message.into() }
    }

    /// Bytes against bag.
    #[must_use]
    pub fn of_bag(read: Result<&Dossier, &Unreadable>) -> Self {
        let line = |status, message: String| Self::new(Authority::Bag, status, message);
        let dossier = match read {
            Ok(dossier) => dossier,
            Err(unreadable) => return line(Status::Unverified, unreadable.to_string()),
        };
        let faults: Vec<_> = dossier.faults().collect();
        if !faults.is_empty() {
            return line(Status::Finding, faults.join("; "));
        }
        let files = dossier.bag.manifest.files().count();
        let bytes = decimal_bytes(dossier.bag.bytes);
        let whole = match files {
            1 => format!("1 file, {bytes}, is as its manifest"),
            _ => format!("{files} files, {bytes}, are as its manifest"),
        };
        let signer = match &dossier.signed_by {
            Some(key) => format!("signed by {key}, identity not checked"),
            None => "not signed, so whoever could write it could have made it".to_owned(),
        };
        match dossier.outcome.as_deref() {
            Some("intact") => {
                line(Status::Holds, format!("{whole} and its report say, and the report says intact; {signer}"))
            }
            Some(outcome) => line(
                Status::Finding,
                format!("{whole} and its report say, and the report does not say intact but {outcome}; {signer}"),
            ),
            None => line(Status::Holds, format!("{whole} says; there is no report of a verification in it")),
        }
    }

    /// Bag against what the API declares now.
    #[must_use]
    pub fn of_api(dossier: &Dossier, record: &Record) -> Self {
        let line = |status, message: String| Self::new(Authority::Api, status, message);
        let mut differs = Vec::new();
        for role in Role::BOTH {
            match (record.digest(role), dossier.digest(role)) {
                (DeclaredDigest::Sha256(declared), Some(kept)) if declared == kept => {}
                (DeclaredDigest::Sha256(_), Some(_)) => {
                    differs.push(format!("the {role} in the bag is not the one the API declares now"));
                }
                (DeclaredDigest::Sha256(_), None) => differs.push(format!("there is no {role} in the bag")),
                (DeclaredDigest::Absent | DeclaredDigest::Malformed(_), _) => {
                    return line(Status::Unverified, format!("the API declares no SHA-256 for the {role} now"));
                }
            }
        }
        if differs.is_empty() {
            line(Status::Holds, "the API declares the digests of both files in the bag".to_owned())
        } else {
            line(Status::Finding, differs.join("; "))
        }
    }

    /// The bucket as it is now.
    #[must_use]
    pub fn of_bucket(report: &RecordReport) -> Self {
        let status = match report.outcome {
            Outcome::Intact => Status::Holds,
            outcome if outcome.is_finding() => Status::Finding,
            _ => Status::Unverified,
        };
        let why = report.reason.as_ref();
        let why = why.map_or_else(String::new, |reason| format!(": {} ({})", reason.message, reason.code));
        Self::new(Authority::Bucket, status, format!("{}{why}", report.outcome))
    }

    /// Neither could be asked.
    #[must_use]
    pub fn unasked(authority: Authority, why: &str) -> Self {
        Self::new(authority, Status::Unverified, why)
    }
}

/// Writes lines for people: the bag, then an authority a line.
pub fn write_text(mut out: impl Write, verdict: &BagVerdict) -> io::Result<()> {
    writeln!(out, "{}", visible(&verdict.bag))?;
    for Line { authority, status, message } in &verdict.lines {
        let name = match authority {
            Authority::Bag => "bytes against bag",
            Authority::Api => "bag against API now",
            Authority::Bucket => "bucket now",
        };
        let word = match status {
            Status::Holds => "holds",
            Status::Finding => "finding",
            Status::Unverified => "unverified",
        };
        writeln!(out, "    {name:<19}  {word:<10}  {}", visible(message))?;
    }
    out.flush()
}

/// Writes one document, `recverify/bags/v1`.
pub fn write_json(mut out: impl Write, bags: &[BagVerdict]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        tool: Name,
        bags: &'a [BagVerdict],
    }
    serde_json::to_writer(&mut out, &Document { schema: "recverify/bags/v1", tool: NAME, bags })?;
    out.write_all(b"\n")?;
    out.flush()
}
