//! What one check of a report found, and how that is told.

use std::io::{self, Write};

use serde::Serialize;

use crate::report::{NAME, Name, json_line, visible};

/// What is checked, in the order it is told. The words are public interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Whether it is a report of this schema, whole.
    Schema,
    /// Whether the totals are those of the records, and the records those that were selected.
    Counts,
    /// Whether each outcome is what was observed.
    Outcomes,
    /// Whether each answer has the digest it is said to have.
    Answers,
    /// Whether the signature is of these bytes, and whose it is.
    Signature,
    /// Whether the time-stamp is of these bytes.
    Timestamp,
    /// Whether it follows the report before it.
    Chain,
    /// Whether the objects at hand are those that were read.
    Files,
}

impl Check {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Counts => "counts",
            Self::Outcomes => "outcomes",
            Self::Answers => "answers",
            Self::Signature => "signature",
            Self::Timestamp => "timestamp",
            Self::Chain => "chain",
            Self::Files => "files",
        }
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It holds.
    Ok,
    /// It does not hold.
    Fail,
    /// There is nothing to check, or it cannot be checked here.
    Skip,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which.
    pub check: Check,
    /// How it ended.
    pub status: Status,
    /// In words.
    pub message: String,
}

impl Finding {
    pub(super) fn ok(check: Check, message: impl Into<String>) -> Self {
        Self { check, status: Status::Ok, message: message.into() }
    }

    pub(super) fn fail(check: Check, message: impl Into<String>) -> Self {
        Self { check, status: Status::Fail, message: message.into() }
    }

    pub(super) fn skip(check: Check, message: impl Into<String>) -> Self {
        Self { check, status: Status::Skip, message: message.into() }
    }

    /// The first of the faults and how many more there are, or that there is none.
    pub(super) fn of_faults(check: Check, faults: &[String], sound: impl Into<String>) -> Self {
        match faults {
            [] => Self::ok(check, sound),
            [fault] => Self::fail(check, fault.clone()),
            [first, rest @ ..] => Self::fail(check, format!("{first}; and {} more", rest.len())),
        }
    }
}

/// Whether nothing failed.
#[must_use]
pub fn holds(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.status != Status::Fail)
}

/// A line a check; if `quiet`, only for what does not hold.
pub fn write_text(mut out: impl Write, findings: &[Finding], quiet: bool) -> io::Result<()> {
    for Finding { check, status, message } in findings {
        if quiet && *status != Status::Fail {
            continue;
        }
        let status = match status {
            Status::Ok => "ok",
            Status::Fail => "FAIL",
            Status::Skip => "-",
        };
        writeln!(out, "{}", visible(&format!("{status:<4}  {:<9}  {message}", check.as_str())))?;
    }
    out.flush()
}

/// One document.
pub fn write_json(mut out: impl Write, report: &str, findings: &[Finding]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        tool: Name,
        report: &'a str,
        holds: bool,
        checks: &'a [Finding],
    }
    let holds = holds(findings);
    json_line(&mut out, &Document { schema: "recverify/check/v1", tool: NAME, report, holds, checks: findings })?;
    out.flush()
}
