//! What a run takes along from its ledger: from when on to list, how long things may take, the ledger itself.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::Context;
use crate::cli;
use crate::evidence::{Warning, report_time};
use crate::exit::Exit;
use crate::fixity::Code;
use crate::ledger::{Head, Ledger, LedgerError, Listed, Reader, Scope};
use crate::memory::Memory;
use crate::report::{Chain, ChainHead, Run};
use crate::retention::{Terms, in_words};
use crate::selection;
use crate::settings::Settings;
use crate::summary::Summary;

/// Opens the ledger for this run, and nobody else's.
pub(super) fn remember(
    path: &Path,
    terms: Terms,
    context: &Context,
    scope: &Scope,
    run: &mut Run,
) -> Result<Memory, LedgerError> {
    let ledger = Ledger::open(path)?;
    if let Some(latest) = ledger.reader().latest_time()?.filter(|latest| *latest > run.started_at) {
        let message = format!(
            "this machine's clock is behind the ledger, whose last row is of {}; set it right",
            report_time(latest)
        );
        run.warnings.push(Warning::new(Code::ClockBehindLedger, message));
    }
    if let Some(behind) = ledger.behind() {
        let message = format!("{behind}; was a backup put back? The chain goes on from there and declares it");
        run.warnings.push(Warning::new(Code::LedgerBehindHead, message));
    }
    if let Some(retention) = terms.retention.filter(|retention| terms.reverify_after >= *retention) {
        let message = format!(
            "--reverify-after {} is not below the retention of {}: records expire before they are read again",
            in_words(terms.reverify_after),
            in_words(retention)
        );
        run.warnings.push(Warning::new(Code::ReverifyTooLate, message));
    }
    for warning in &run.warnings {
        context.diagnostics.warning(&warning.message);
    }
    Memory::begin(ledger, &run.id, scope, run.started_at, &run.selection, terms, context.clock.clone())
}

/// Enters the end of a run and has its reports say where the chain stands. The exit code entered is the one known before
/// they are written. Where the end cannot be entered, they have the last row that could.
pub(super) fn conclude(
    memory: &Memory,
    exit: Exit,
    listed: Listed,
    summary: &Summary,
    run: &mut Run,
) -> Result<(), LedgerError> {
    let ended = memory.end(exit.code(), listed, summary);
    let chain = memory.chain();
    let head = |Head { seq, digest }| ChainHead { seq, sha256: digest };
    run.chain = chain.as_ref().ok().map(|(before, after)| Chain { before: head(*before), after: head(*after) });
    ended.and(chain.map(|_| ()))
}

/// How long things may take, as asked for.
pub(super) fn terms(args: &cli::Remembering) -> Terms {
    Terms::new(args.retention, args.reverify_after, args.not_ready_after, args.max_unverified_age)
}

/// From when on a window goes on that begins where the ledger's listings end; `None` where none does. Of several projects
/// of the same API, where none was named, the one listed least far counts.
pub(super) fn going_on(
    args: &cli::Verify,
    terms: &Terms,
    context: &Context,
    settings: &Settings,
    now: Timestamp,
) -> Result<Option<Timestamp>, LedgerError> {
    /// How far back the service itself looks where nothing is said (*Querying Screen Recordings*).
    const FIRST: SignedDuration = SignedDuration::from_hours(15 * 24);
    let cli::Remembering { ledger, overlap, .. } = &args.remembering;
    let Some(path) = ledger.as_ref().filter(|_| selection::goes_on(&args.window)) else { return Ok(None) };
    let (endpoint, project) = (settings.api.workspace.endpoint.to_string(), settings.api.access.project.as_ref().ok());
    let listed = match Reader::open(path) {
        Ok(reader) => {
            let mut scopes = reader.scopes()?;
            scopes
                .retain(|scope| scope.endpoint == endpoint && project.is_none_or(|project| *project == scope.project));
            let listed = scopes.iter().map(|scope| reader.listed_until(scope)).collect::<Result<Vec<_>, _>>()?;
            listed.into_iter().min().flatten()
        }
        // It becomes one in a moment.
        Err(LedgerError::Absent(_)) => None,
        Err(error) => return Err(error),
    };
    let before = |at: Timestamp, length| at.checked_sub(length).unwrap_or(Timestamp::MIN);
    if let Some(until) = listed {
        return Ok(Some(before(until, *overlap)));
    }
    let first = terms.retention.unwrap_or(FIRST);
    context.diagnostics.note(&format!("the ledger has no complete listing yet, so it begins {} back", in_words(first)));
    Ok(Some(before(now, first)))
}
