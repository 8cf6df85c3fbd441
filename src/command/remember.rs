//! What a run takes along from its ledger: from when on to list, how long things may take, the ledger itself.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::Context;
use crate::cli;
use crate::evidence::{Warning, report_time};
use crate::fixity::Code;
use crate::ledger::{Ledger, LedgerError, Reader, Scope};
use crate::memory::Memory;
use crate::report::Run;
use crate::retention::{Terms, in_words};
use crate::selection;
use crate::settings::Settings;

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
