//! `recverify ledger verify`: the ledger against itself, the head beside it, and reports of earlier runs.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::check::Unreadable;
use super::{Context, Unprepared};
use crate::check::Heads;
use crate::cli::CheckFormat;
use crate::exit::Exit;
use crate::ledger::{About, Audit, Break, Claimed, Head};
use crate::report::{ChainHead, NAME, Name, json_line, visible};
use crate::time::report_time;

/// One thing looked at.
#[derive(Serialize)]
struct Line {
    check: &'static str,
    status: &'static str,
    message: String,
}

pub(super) fn audit(
    ledger: &Path,
    reports: &[PathBuf],
    format: CheckFormat,
    context: &mut Context,
) -> Result<Exit, Unprepared> {
    let now = context.clock.now();
    let read = |path: &PathBuf| Heads::of(path, now).map_err(|source| Unreadable::new(path, source));
    let heads = reports.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let claims: Vec<Head> = heads.iter().flatten().flat_map(|heads| [heads.before, heads.after]).collect();
    let audit = Audit::of(ledger, &claims)?;
    let mut lines = of_itself(&audit);
    let mut claimed = audit.claims.iter();
    for (path, heads) in reports.iter().zip(&heads) {
        lines.push(match heads {
            Err(why) => line("report", "fail", format!("{}: {why}", path.display())),
            Ok(heads) => {
                // Two for each, in their order.
                let became = [heads.before, heads.after].into_iter().zip(claimed.by_ref().take(2).copied());
                of_report(path, heads, became, audit.head)
            }
        });
    }
    let holds = lines.iter().all(|line| line.status != "fail");
    let written = match format {
        CheckFormat::Text => write_text(&mut context.out, &lines, context.quiet),
        CheckFormat::Json => write_json(&mut context.out, ledger, &audit, &lines, holds),
    };
    if let Err(error) = written {
        context.diagnostics.error(&format!("the checks could not be written: {error}"));
        return Ok(Exit::NotRecorded);
    }
    Ok(if holds { Exit::Success } else { Exit::Finding })
}

fn line(check: &'static str, status: &'static str, message: impl Into<String>) -> Line {
    Line { check, status, message: message.into() }
}

/// What the ledger, and the head beside it, say.
fn of_itself(audit: &Audit) -> Vec<Line> {
    let Head { seq, digest } = audit.head;
    let mut lines = vec![match &audit.first_break {
        None => line("chain", "ok", format!("{seq} rows, each as it was written; head {digest}")),
        Some(broken) => line("chain", "fail", format!("{broken}; up to row {seq} the chain holds")),
    }];
    lines.extend(
        audit.missing_tables.iter().map(|table| line("tables", "fail", format!("the table {table} is missing"))),
    );
    lines.push(match &audit.damage {
        None => line("database", "ok", "tables and indexes agree"),
        Some(said) => line("database", "fail", format!("it is damaged: {said}")),
    });
    lines.extend(audit.warnings.iter().map(|oddity| line("schema", "warn", oddity.clone())));
    if audit.warnings.is_empty() {
        lines.push(line("schema", "ok", "tables, triggers and views are those of this program"));
    }
    lines.push(match &audit.noted {
        None => {
            line("noted", "skip", "no head is noted beside it, so a missing end can only be found against a report")
        }
        Some((noted, Claimed::Held)) => {
            line("noted", "ok", format!("row {}, the head noted beside it, is in it", noted.seq))
        }
        Some((noted, became)) => {
            line("noted", "fail", format!("the head noted beside it, {}", told(noted, *became, audit.head)))
        }
    });
    lines.extend(audit.discontinuities.iter().map(|gap| {
        line("discontinuity", "warn", format!("row {} declares, on {}: {gap}", gap.seq, report_time(gap.found_at)))
    }));
    lines
}

fn of_report(path: &Path, heads: &Heads, mut became: impl Iterator<Item = (Head, Claimed)>, end: Head) -> Line {
    let name = path.display();
    match became.find(|(_, became)| *became != Claimed::Held) {
        None => {
            let Heads { run_id, before, after, signature, .. } = heads;
            let rows = format!("rows {} and {} are where run {run_id} found and left it", before.seq, after.seq);
            line("report", if heads.signed { "ok" } else { "warn" }, format!("{name}: {rows}; {signature}"))
        }
        Some((head, became)) => line("report", "fail", format!("{name}: its {}", told(&head, became, end))),
    }
}

/// What is wrong with a head that is not in the ledger.
fn told(head: &Head, became: Claimed, end: Head) -> String {
    let Head { seq, digest } = head;
    match became {
        Claimed::Held => format!("row {seq} is in it"),
        Claimed::CutOff => format!("row {seq} ({digest}) is not there: the ledger ends at row {}", end.seq),
        Claimed::Forked => format!("row {seq} ({digest}) is another one in the ledger"),
        Claimed::Unreached => format!("row {seq} comes after the first one that does not hold"),
    }
}

/// A line a check; if `quiet`, only for what does not hold.
fn write_text(mut out: impl Write, lines: &[Line], quiet: bool) -> io::Result<()> {
    for Line { check, status, message } in lines {
        let status = match *status {
            "fail" => "FAIL",
            "skip" => "-",
            status => status,
        };
        if !quiet || status == "FAIL" {
            writeln!(out, "{}", visible(&format!("{status:<4}  {check:<13}  {message}")))?;
        }
    }
    out.flush()
}

/// One document.
fn write_json(mut out: impl Write, ledger: &Path, audit: &Audit, lines: &[Line], holds: bool) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        tool: Name,
        ledger: String,
        holds: bool,
        head: ChainHead,
        first_break: Option<FirstBreak<'a>>,
        checks: &'a [Line],
    }
    #[derive(Serialize)]
    struct FirstBreak<'a> {
        seq: i64,
        #[serde(flatten)]
        about: &'a About,
        message: &'static str,
    }
    let first_break = audit.first_break.as_ref();
    let document = Document {
        schema: "recverify/ledger-verify/v1",
        tool: NAME,
        ledger: ledger.display().to_string(),
        holds,
        head: ChainHead { seq: audit.head.seq, sha256: audit.head.digest },
        first_break: first_break.map(|Break { seq, what, about }| FirstBreak { seq: *seq, about, message: what }),
        checks: lines,
    };
    json_line(&mut out, &document)?;
    out.flush()
}
