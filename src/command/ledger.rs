//! `recverify ledger`: what was verified, for people and for other programs.

use std::fmt::Write as _;
use std::io::Write;

use jiff::Timestamp;

use super::audit::audit;
use super::prove::prove;
use super::{Context, Unprepared};
use crate::cli::{self, ExportFormat, LedgerArgs, LedgerQuestion};
use crate::exit::Exit;
use crate::ids::parse;
use crate::ledger::{self, Acknowledged, Acknowledgement, Event, ExportError, Ledger, LedgerError, Reader, Scope};
use crate::record::RecordId;
use crate::report::visible;
use crate::time::report_time;

pub(crate) fn ledger(args: &cli::Ledger, context: &mut Context) -> Result<Exit, Unprepared> {
    let out = &mut context.out;
    let ended = match &args.question {
        LedgerQuestion::Status { from } => {
            let (reader, scopes) = open(from)?;
            let now = context.clock.now();
            let some = each(&scopes, |scope| write_text(out, &status(&reader, scope, now)?));
            some.and_then(|some| Ok(write_text(out, &discontinuities(&reader)?)? || some))
        }
        LedgerQuestion::Show { record_id, from } => {
            let id = parse(record_id)?;
            let (reader, scopes) = open(from)?;
            each(&scopes, |scope| write_text(out, &history(&reader, scope, &id)?))
        }
        LedgerQuestion::Ack { record_id, note, operator, from } => {
            let login = || ["USER", "LOGNAME"].into_iter().find_map(|name| context.variables.get(name).cloned());
            let operator = operator.clone().or_else(login).filter(|name| !name.trim().is_empty());
            let Some(operator) = operator else { return Err(Unprepared::Nobody) };
            let (id, at) = (parse(record_id)?, context.clock.now());
            return acknowledge(from, &id, &operator, note, at, context);
        }
        LedgerQuestion::Acks { from } => {
            let (reader, scopes) = open(from)?;
            each(&scopes, |scope| write_text(out, &acknowledgements(&reader, scope)?))
        }
        LedgerQuestion::Verify { reports, format, ledger } => return audit(ledger, reports, *format, context),
        LedgerQuestion::Prove { record_id, to, without_reports, from } => {
            return prove(&parse(record_id)?, to, !without_reports, from, context);
        }
        LedgerQuestion::Backup { to, ledger } => {
            Reader::open(ledger)?.backup(to)?;
            Ok(true)
        }
        LedgerQuestion::Export { format, from } => {
            let (reader, scopes) = open(from)?;
            match format {
                _ if scopes.is_empty() => Ok(false),
                ExportFormat::Jsonl => ledger::jsonl(&reader, &scopes, out).map(|()| true),
                ExportFormat::Csv => ledger::csv(&reader, &scopes, out).map(|()| true),
            }
        }
    };
    match ended.and_then(|some| Ok(out.flush().map(|()| some)?)) {
        Ok(true) => Ok(Exit::Success),
        Ok(false) => Ok(knows_nothing(context)),
        Err(ExportError::Ledger(error)) => Err(error.into()),
        Err(error @ ExportError::Write(_)) => {
            context.diagnostics.error(&error.to_string());
            Ok(Exit::NotRecorded)
        }
    }
}

/// Enters that somebody answers for a record's state.
fn acknowledge(
    from: &LedgerArgs,
    id: &RecordId,
    operator: &str,
    note: &str,
    at: Timestamp,
    context: &mut Context,
) -> Result<Exit, Unprepared> {
    let (reader, scopes) = open(from)?;
    let scope = only_one_that_knows(&reader, scopes, id)?;
    drop(reader);
    let Some(scope) = scope else { return Ok(knows_nothing(context)) };
    let mut ledger = Ledger::open(&from.ledger)?;
    if let Some(behind) = ledger.behind() {
        context
            .diagnostics
            .warning(&format!("{behind}; was a backup put back? The chain goes on from there and declares it"));
    }
    let told = match ledger.acknowledge(&scope, id, operator, note, at)? {
        Acknowledged::Entered(entered) => {
            let reason = entered.reason.map_or_else(String::new, |reason| format!(" ({reason})"));
            format!("{id} is acknowledged by {operator} as {}{reason}; anything else is told again", entered.outcome)
        }
        Acknowledged::Intact => {
            context
                .diagnostics
                .error(&format!("{id} was intact when it was last verified; there is nothing to acknowledge"));
            return Ok(Exit::Nothing);
        }
        Acknowledged::NeverVerified => {
            context.diagnostics.error(&format!("{id} was never verified; there is nothing to acknowledge"));
            return Ok(Exit::Nothing);
        }
    };
    context.diagnostics.note(&told);
    Ok(Exit::Success)
}

fn acknowledgements(reader: &Reader, scope: &Scope) -> Result<String, LedgerError> {
    let mut text = String::new();
    for (id, Acknowledgement { at, operator, note, outcome, reason, .. }) in reader.acknowledgements(scope)? {
        let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}  {id}  {outcome}{reason}  by {operator}: {note}", report_time(at));
    }
    Ok(text)
}

/// The one project of which the ledger knows a record; `None` if there is none.
pub(super) fn only_one_that_knows(
    reader: &Reader,
    mut scopes: Vec<Scope>,
    id: &RecordId,
) -> Result<Option<Scope>, Unprepared> {
    scopes.retain(|scope| reader.standing(scope, id).is_ok_and(|standing| standing.is_some()));
    match scopes.len() {
        0 | 1 => Ok(scopes.pop()),
        _ => Err(Unprepared::SeveralProjects(id.clone())),
    }
}

pub(super) fn knows_nothing(context: &Context) -> Exit {
    context.diagnostics.error("the ledger knows nothing of that");
    Exit::Nothing
}

fn discontinuities(reader: &Reader) -> Result<String, LedgerError> {
    let mut text = String::new();
    for gap in reader.discontinuities()? {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "discontinuity, row {} of {}: {gap}", gap.seq, report_time(gap.found_at));
    }
    Ok(text)
}

/// The ledger, and those of its scopes that were asked for.
pub(super) fn open(from: &LedgerArgs) -> Result<(Reader, Vec<Scope>), LedgerError> {
    let reader = Reader::open(&from.ledger)?;
    let wanted = |asked: &Option<String>, has: &str| asked.as_deref().is_none_or(|asked| asked == has);
    let mut scopes = reader.scopes()?;
    scopes
        .retain(|scope| wanted(&from.project_id, &scope.project) && wanted(&from.workspace_endpoint, &scope.endpoint));
    Ok((reader, scopes))
}

/// Does it for every scope and says whether any had something to tell.
fn each(scopes: &[Scope], mut tell: impl FnMut(&Scope) -> Result<bool, ExportError>) -> Result<bool, ExportError> {
    scopes.iter().try_fold(false, |any, scope| Ok(tell(scope)? || any))
}

fn write_text(out: &mut impl Write, lines: &str) -> Result<bool, ExportError> {
    lines.lines().try_for_each(|line| writeln!(out, "{}", visible(line)))?;
    Ok(!lines.is_empty())
}

fn status(reader: &Reader, scope: &Scope, now: Timestamp) -> Result<String, LedgerError> {
    let status = reader.status(scope)?;
    let mut text = format!("{}, project {}\n", scope.endpoint, scope.project);
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    {name:<20}{value}");
    };
    line("records", &status.records.to_string());
    for (outcome, count) in status.outcomes.iter().rev() {
        line(outcome.as_str(), &count.to_string());
    }
    if status.never_verified > 0 {
        line("never verified", &status.never_verified.to_string());
    }
    if let Some((id, since)) = &status.oldest_never_intact {
        let hours = now.duration_since(*since).as_hours();
        let age = if hours < 48 { format!("{hours} hours") } else { format!("{} days", hours / 24) };
        line("oldest never intact", &format!("{id}, first seen {age} ago, {}", report_time(*since)));
    }
    if let Some(until) = status.listed_until {
        line("listed until", &report_time(until));
    }
    if let Some(run) = &status.last_run {
        let ended = run.ended.map_or_else(
            || "not ended: it goes on, or was killed".to_owned(),
            |(at, code, _)| format!("ended {} with {code}", report_time(at)),
        );
        line("last run", &format!("{}, started {}, {ended}", run.id, report_time(run.started_at)));
    }
    Ok(text)
}

fn history(reader: &Reader, scope: &Scope, id: &RecordId) -> Result<String, LedgerError> {
    let rows = reader.history(scope, id)?;
    if rows.is_empty() {
        return Ok(String::new());
    }
    let mut text = format!("{id} of {}, project {}\n", scope.endpoint, scope.project);
    let first = reader.standing(scope, id)?.and_then(|standing| standing.first_complete);
    for row in rows {
        let what = match &row.event {
            Event::Seen { readiness } => format!("seen          {readiness}"),
            Event::Verified { outcome, reason, .. } => {
                format!("{outcome:<14}{}", reason.as_deref().unwrap_or_default()).trim_end().to_owned()
            }
        };
        let _ = writeln!(text, "{}  {what}  (row {}, run {})", report_time(row.at), row.seq, row.run_id);
        let changes = first.iter().zip(&row.declaration).filter(|(first, _)| first.at <= row.at);
        for change in changes.flat_map(|(first, now)| ledger::compare(&first.declaration, now)) {
            let _ = writeln!(text, "    declared: {change}");
        }
    }
    Ok(text)
}
