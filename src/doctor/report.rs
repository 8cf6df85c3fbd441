//! Findings as lines for people, and as one document, `recverify/doctor/v1`.

use std::io::{self, Write};

use serde::Serialize;

use super::finding::{Finding, Status};
use crate::report::{NAME, Name, json_line, visible};

/// Name and version of the document's shape.
const SCHEMA: &str = "recverify/doctor/v1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: Name,
    checks: &'a [Finding],
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    ok: usize,
    warn: usize,
    fail: usize,
    skip: usize,
}

/// Whether every check was made and none failed.
#[must_use]
pub fn is_well(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| matches!(finding.status, Status::Ok | Status::Warn))
}

/// A line a check, those that are well left out where asked to.
pub fn write_text(mut out: impl Write, findings: &[Finding], quiet: bool) -> io::Result<()> {
    for Finding { check, status, message, remedy } in findings {
        if quiet && *status == Status::Ok {
            continue;
        }
        let next = remedy.as_ref().map_or_else(String::new, |remedy| format!("; next: {remedy}"));
        let line = format!("{:<4}  {:<17}  {message}{next}", status.as_str(), check.as_str());
        writeln!(out, "{}", visible(&line))?;
    }
    out.flush()
}

/// One document.
pub fn write_json(mut out: impl Write, findings: &[Finding]) -> io::Result<()> {
    let count = |status| findings.iter().filter(|finding| finding.status == status).count();
    let summary = Summary {
        ok: count(Status::Ok),
        warn: count(Status::Warn),
        fail: count(Status::Fail),
        skip: count(Status::Skip),
    };
    json_line(&mut out, &Document { schema: SCHEMA, tool: NAME, checks: findings, summary })?;
    out.flush()
}
