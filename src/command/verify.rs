//! `recverify verify`: settings, then the batch, then reports and the exit code.

use std::cell::RefCell;
use std::path::Path;
use std::pin::Pin;

use futures_util::stream::Stream;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::begin::{begin, has_trail};
use super::ids::gather;
use super::monitor::Monitor;
use super::seal::Seal;
use super::signals::Signals;
use super::sinks::{Finished, NowhereToReport, Sinks};
use super::{Context, Unprepared, rejections, runtime};
use crate::batch::{self, Batch, Bounds};
use crate::budget::Budget;
use crate::cli;
use crate::clock::Backoff;
use crate::event::{Event, Watch as _};
use crate::evidence::{Warning, report_time};
use crate::exit::{Exit, Signal};
use crate::fixity::Code;
use crate::http::HttpClient;
use crate::ledger::{Ledger, LedgerError, Listed, Reader, Scope};
use crate::memory::Memory;
use crate::progress::Progress;
use crate::report::{
    Brief, ClockOffset, JsonLinesReport, JsonReport, ReportFile, ReportWriter, Run, Service, TextReport,
};
use crate::retention::{self, Settled, in_words};
use crate::selection::{self, Selection};
use crate::settings::{self, Settings};
use crate::source::{self, Planned, Tally, Terms, Trail};
use crate::store::Store;
use crate::summary::Summary;
use crate::verify::Verifier;
use crate::workspace::{Workspace, WorkspaceSettings};

pub(crate) fn verify(args: &cli::Verify, context: &mut Context) -> Result<Exit, Unprepared> {
    let started_at = context.clock.now();
    let ids = gather(&args.record_ids, args.ids_from.as_deref(), &mut context.input)?;
    let named = !args.record_ids.is_empty() || args.ids_from.is_some();
    let terms = terms(&args.remembering);
    let settings = settings::all(&args.connection, &args.reading, &args.speed, &context.variables)?;
    let going_on = going_on(args, &terms, context, &settings, started_at)?;
    let selection = selection::resolve(&args.window, ids, named, started_at, going_on)?;
    let nothing = selection == Selection::Named(Vec::new());
    if nothing {
        context
            .diagnostics
            .error("nothing to verify; name records, give a file of ids with --ids-from, or a window with --since");
    }
    let http = HttpClient::new(&settings.api.transport)?;
    let backoff = Backoff::new(settings.api.retry_wait, context.seed);
    let seal = Seal::prepare(&args.evidence, &args.reports, context, &http, backoff.clone())?;
    let mut run = begin(started_at, &selection, args, &terms, context, &settings, &seal);
    let files = ReportFile::create_all(&args.reports, &run, seal.signer.as_ref())?;
    run.reports = files.iter().map(|file| file.path().display().to_string()).collect();
    let monitor = Monitor::prepare(args, context, &settings, &http, &run, &files)?;
    context.warn_of(&settings.api);
    for source in &settings.api.sources {
        context.diagnostics.detail(source);
    }
    if let Selection::Listed { criteria, .. } = &selection {
        context.diagnostics.note(&format!("recordings that began from {} to {}", criteria.since, criteria.until));
    }
    let runtime = runtime()?;
    let memory = match &args.remembering.ledger {
        None => None,
        Some(path) => match remember(path, terms, context, &settings, &mut run) {
            Err(held @ LedgerError::Held(_)) => {
                runtime.block_on(monitor.held(&held.to_string()));
                return Err(held.into());
            }
            memory => Some(memory?),
        },
    };
    let sinks = Sinks::new(streams(args, context, nothing), files, context.diagnostics.clone());
    let prepared = Prepared { settings, http, backoff, selection, memory, sinks, seal, monitor, run };
    let exit = runtime.block_on(carry_out(args, context, prepared));
    // A name still being looked up by the system keeps nobody waiting.
    runtime.shutdown_background();
    Ok(exit)
}

/// All that was checked and opened before the run begins.
struct Prepared {
    settings: Settings,
    http: HttpClient,
    backoff: Backoff,
    selection: Selection,
    memory: Option<Memory>,
    sinks: Sinks,
    seal: Seal,
    monitor: Monitor,
    run: Run,
}

/// Opens the ledger for this run, and nobody else's.
fn remember(
    path: &Path,
    terms: retention::Terms,
    context: &Context,
    settings: &Settings,
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
    let scope = scope(settings);
    Memory::begin(ledger, &run.id, &scope, run.started_at, &run.selection, terms, context.clock.clone())
}

fn scope(settings: &Settings) -> Scope {
    let WorkspaceSettings { endpoint, project_id, .. } = &settings.api.workspace;
    Scope { endpoint: endpoint.to_string(), project: project_id.clone() }
}

fn terms(args: &cli::Remembering) -> retention::Terms {
    retention::Terms::new(args.retention, args.reverify_after, args.not_ready_after, args.max_unverified_age)
}

/// From when on a window goes on that begins where the ledger's listings end; `None` where none does.
fn going_on(
    args: &cli::Verify,
    terms: &retention::Terms,
    context: &Context,
    settings: &Settings,
    now: Timestamp,
) -> Result<Option<Timestamp>, LedgerError> {
    /// How far back the service itself looks where nothing is said (*Querying Screen Recordings*).
    const FIRST: SignedDuration = SignedDuration::from_hours(15 * 24);
    let cli::Remembering { ledger, overlap, .. } = &args.remembering;
    let Some(path) = ledger.as_ref().filter(|_| selection::goes_on(&args.window)) else { return Ok(None) };
    let listed = match Reader::open(path) {
        Ok(reader) => reader.listed_until(&scope(settings))?,
        // It becomes one in a moment.
        Err(LedgerError::Absent(_)) => None,
        Err(error) => return Err(error),
    };
    let before = |at: Timestamp, length| at.checked_sub(length).unwrap_or(Timestamp::MIN);
    Ok(Some(match listed {
        Some(until) => before(until, *overlap),
        None => {
            let first = terms.retention.unwrap_or(FIRST);
            let far = in_words(first);
            context.diagnostics.note(&format!("the ledger has no complete listing yet, so it begins {far} back"));
            before(now, first)
        }
    }))
}

/// What goes to standard output and standard error. That there is nothing to verify has been said already.
fn streams(args: &cli::Verify, context: &Context, nothing: bool) -> Vec<Box<dyn ReportWriter>> {
    let out = context.out.clone();
    let brief = || Box::new(Brief::new(context.diagnostics.output(), context.quiet));
    match args.format {
        cli::Format::Text if nothing => Vec::new(),
        cli::Format::Json if nothing => vec![Box::new(JsonReport::new(out))],
        cli::Format::Jsonl if nothing => vec![Box::new(JsonLinesReport::new(out))],
        cli::Format::Text if context.quiet => vec![brief()],
        cli::Format::Text => vec![Box::new(TextReport::new(out, context.color))],
        cli::Format::Json => vec![Box::new(JsonReport::new(out)), brief()],
        cli::Format::Jsonl => vec![Box::new(JsonLinesReport::new(out)), brief()],
    }
}

async fn carry_out(args: &cli::Verify, context: &Context, prepared: Prepared) -> Exit {
    let Prepared { settings, http, backoff, selection, memory, mut sinks, seal, monitor, mut run } = prepared;
    let (of_api, of_store) = rejections(&settings.api.workspace.credential);
    let clock = &context.clock;
    let workspace = Workspace::new(settings.api.workspace, http.clone(), clock.clone(), backoff.clone(), of_api);
    let store = Store::new(settings.store, &http, clock.clone(), backoff, of_store);
    let progress = Progress::new(context.bars, context.diagnostics.clone());
    let cancel = CancellationToken::new();
    let verifier = Verifier {
        workspace: &workspace,
        store: &store,
        size_rule: args.size_rule.into(),
        memory: memory.as_ref(),
        counts_not_ready: matches!(selection, Selection::Listed { include_not_ready: false, .. }),
        moved: &args.moved,
        clock: &context.clock,
        watch: &progress,
        cancel: &cancel,
    };
    let tally = RefCell::new(Tally::default());
    let kept = Trail::default();
    let trail = has_trail(args).then_some(&kept);
    let mut listed = Listed::default();
    let window = match &selection {
        Selection::Listed { criteria, limit: None, .. } if criteria.is_window_alone() => Some(criteria.clone()),
        Selection::Listed { .. } | Selection::Named(_) => None,
    };
    let source: Pin<Box<dyn Stream<Item = Planned>>> = match selection {
        Selection::Named(ids) => Box::pin(source::named(ids, &tally, trail)),
        Selection::Listed { criteria, limit, include_not_ready } => {
            let memory = memory.as_ref();
            // Whoever filters asks for some records, not for the night's work.
            let all = window.is_some();
            listed = Listed { complete: all, until: Some(criteria.until) };
            let (tally, watch, cancel) = (&tally, &progress, &cancel);
            let window = window.as_ref();
            let terms =
                Terms { limit, include_not_ready, memory, and_what_is_due: all, window, tally, watch, cancel, trail };
            Box::pin(source::listed(workspace.list(criteria), terms))
        }
    };
    monitor.started().await;
    progress.on(&Event::RunStarted { records: run.selection.ids });
    let bounds = Bounds { concurrency: settings.concurrency, budget: Budget::new(args.max_bytes, args.max_duration) };
    let batch = batch::run(source, bounds, verifier, |report, settled| {
        // First on disk, then told; what cannot be entered is told all the same.
        let entered = memory.as_ref().map_or(Ok(()), |memory| memory.enter(report, settled));
        let told = progress.suspend(|| match settled {
            Settled::Told => sinks.record(report),
            Settled::Expired(at) => {
                let over = report_time(at);
                context
                    .diagnostics
                    .detail(&format!("{} has expired; its retention was over on {over}", report.record_id));
                Ok(())
            }
            Settled::NotReady => Ok(()),
        });
        entered.map_err(Unrecorded::Ledger)?;
        told.map_err(|NowhereToReport| Unrecorded::Nowhere)
    });
    let (ended, interrupted) = until_signals(batch, &cancel).await;
    let Some(Batch { mut summary, recorded }) = ended else {
        // A second signal: whoever sent it wants no more words.
        return Exit::Interrupted(interrupted.unwrap_or(Signal::Interrupt));
    };
    let Tally { selected, skipped, not_ready, left, shortfall, broken } = tally.into_inner();
    (summary.selected, summary.skipped) = (selected, skipped);
    summary.not_ready += not_ready;
    summary.left += left;
    let broken = broken.or(match recorded {
        Err(Unrecorded::Ledger(error)) => Some(error),
        Err(Unrecorded::Nowhere) | Ok(()) => None,
    });
    let looked_back = memory.as_ref().map_or(Ok(()), |memory| look_back(memory, &mut summary));
    let broken = broken.or(looked_back.err());
    run.finished_at = context.clock.now();
    run.overdue =
        memory.as_ref().and_then(|memory| memory.terms().overdue(summary.oldest_unverified_at, run.finished_at));
    for reason in shortfall.iter().chain(&run.overdue) {
        context.diagnostics.error(&reason.message);
    }
    if let Some(error) = &broken {
        context.diagnostics.error(&error.to_string());
    }
    let complete = shortfall.is_none();
    listed.complete &= complete && interrupted.is_none();
    run.selection.complete = complete && interrupted.is_none();
    run.selection.shortfall = shortfall;
    (run.expected, run.listing) = (kept.expected, kept.listing);
    run.clocks = clocks(&workspace, &store);
    let Finished { whole, placed } = sinks.finish(&run, &summary);
    let stamped = seal.stamp(&placed, context).await;
    let mut exit =
        Exit::of_run(&summary, interrupted, whole && stamped && broken.is_none(), complete && run.overdue.is_none());
    if let Some(Err(error)) = memory.as_ref().map(|memory| memory.end(exit.code(), listed, &summary)) {
        // A ledger that failed before most likely fails again, and is told of once.
        if broken.is_none() {
            context.diagnostics.error(&error.to_string());
        }
        exit = Exit::NotRecorded;
    }
    monitor.ended(&run, &summary, exit).await
}

/// How far this machine's clock was from those of the services.
fn clocks(workspace: &Workspace, store: &Store) -> Vec<ClockOffset> {
    let services = [(Service::Workspace, workspace.clock_offset()), (Service::Store, store.clock_offset())];
    services.into_iter().filter_map(|(service, offset)| Some(ClockOffset { service, offset: offset? })).collect()
}

/// Why a report could not be recorded.
enum Unrecorded {
    Ledger(LedgerError),
    /// Said already, place by place.
    Nowhere,
}

/// What the ledger as a whole says after a run.
fn look_back(memory: &Memory, summary: &mut Summary) -> Result<(), LedgerError> {
    summary.backlog = Some(memory.waiting()?.total());
    summary.oldest_unverified_at = memory.oldest_never_intact()?;
    summary.soonest_expiry_at = memory.soonest_expiry()?;
    Ok(())
}

/// Runs a batch; the first signal cancels it, the second drops it.
async fn until_signals<T>(batch: impl Future<Output = T>, cancel: &CancellationToken) -> (Option<T>, Option<Signal>) {
    let mut batch = std::pin::pin!(batch);
    let Ok(mut signals) = Signals::listen() else { return (Some(batch.await), None) };
    let first = tokio::select! {
        biased;
        first = signals.next() => first,
        ended = &mut batch => return (Some(ended), None),
    };
    cancel.cancel();
    let ended = tokio::select! {
        biased;
        ended = &mut batch => Some(ended),
        _ = signals.next() => None,
    };
    (ended, Some(first))
}
