//! Checks a report without any service: whether it is what was signed and stamped, fits together, and fits what is at hand.
//!
//! Nothing here says that a recording is intact; that is for the report, and this says what the report is worth. What
//! cannot be checked is told as such, and never counted as a pass.

mod content;
mod files;
mod finding;
mod heads;
mod record;
mod seal;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use finding::{Check, Finding, Status, holds, write_json, write_text};

pub use heads::Heads;

use content::Content;

/// What a report is held against.
#[derive(Debug, Default)]
pub struct Against {
    /// The contents of an allowed signers file.
    pub allowed_signers: Option<String>,
    /// The report of the run before.
    pub previous: Option<PathBuf>,
    /// A directory with the objects.
    pub files: Option<PathBuf>,
}

/// Checks a report; an error only where it cannot be read at all.
pub fn check(report: &Path, against: &Against, now: Timestamp) -> io::Result<Vec<Finding>> {
    drop(File::open(report)?);
    let mut findings = Vec::new();
    let content = match Content::read(report)? {
        Some(Ok(content)) => Some(content),
        Some(Err(why)) => {
            findings.push(Finding::fail(Check::Schema, format!("it is no sound report: {why}")));
            None
        }
        None => {
            let message = "only .json and .jsonl are looked into; of others signature and time-stamp alone are checked";
            findings.push(Finding::skip(Check::Schema, message));
            None
        }
    };
    if let Some(content) = &content {
        findings.extend(content.findings());
    }
    let finished_at = content.as_ref().map(|content| content.finished_at);
    let (stamp, stamped_at) = seal::stamp(report, finished_at)?;
    findings.push(seal::signature(
        report,
        against.allowed_signers.as_deref(),
        stamped_at.or(finished_at).unwrap_or(now),
    )?);
    findings.push(stamp);
    if let Some(content) = &content {
        findings.push(content.chain(against.previous.as_deref())?);
        findings.extend(against.files.as_deref().map(|dir| files::check(dir, &content.objects)));
    }
    findings.sort_by_key(|finding| finding.check);
    Ok(findings)
}
