//! `recverify verify`: settings, then the batch, then reports and the exit code.

use std::cell::{Cell, RefCell};
use std::pin::Pin;

use futures_util::stream::Stream;
use tokio_util::sync::CancellationToken;

use super::bags::bags;
use super::begin::{begin, has_trail};
use super::monitor::Monitor;
use super::remember::{conclude, going_on, remember, terms};
use super::seal::Seal;
use super::signals::Signals;
use super::sinks::{Finished, NowhereToReport, Sinks};
use super::{Context, Unprepared, runtime};
use crate::archive::{Archive, ArchiveError};
use crate::batch::{self, Batch, Bounds};
use crate::budget::Budget;
use crate::cli;
use crate::clock::Backoff;
use crate::credentials::{Access, Network};
use crate::event::{Event, Watch as _};
use crate::evidence::report_time;
use crate::exit::{Exit, Signal};
use crate::http::HttpClient;
use crate::ids::gather;
use crate::ledger::{LedgerError, Listed, Scope};
use crate::memory::Memory;
use crate::progress::Progress;
use crate::report::{
    Brief, ClockOffset, JsonLinesReport, JsonReport, ReportFile, ReportWriter, Run, Service, TextReport,
};
use crate::retention::Settled;
use crate::selection::{self, Selection};
use crate::settings::{self, Settings};
use crate::source::{self, Planned, Tally, Terms, Trail};
use crate::store::Store;
use crate::summary::Summary;
use crate::verify::{Verifier, Versions};
use crate::workspace::Workspace;

pub(crate) fn verify(args: &cli::VerifyCommand, context: &mut Context) -> Result<Exit, Unprepared> {
    if args.bags.dirs.is_empty() { run(&args.verify, None, context) } else { bags(args, context) }
}

/// Verifies a selection, and keeps what is read in an archive if there is to be one.
pub(super) fn run(args: &cli::Verify, keep: Option<&cli::Archive>, context: &mut Context) -> Result<Exit, Unprepared> {
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
    let seal = Seal::prepare(&args.evidence, &args.reports, keep.is_some(), context, &http, backoff.clone())?;
    let mut run = begin(started_at, &selection, args, &terms, context, &settings, &seal);
    let files = ReportFile::create_all(&args.reports, &run, seal.signer.as_ref())?;
    run.reports = files.iter().map(|file| file.path().display().to_string()).collect();
    let monitor = Monitor::prepare(args, context, &settings, &http, &run, &files)?;
    context.tell_of(&settings.api);
    if let Selection::Listed { criteria, .. } = &selection {
        context.diagnostics.note(&format!("recordings that began from {} to {}", criteria.since, criteria.until));
    }
    let archive = keep.map(|keep| Archive::open(&keep.to, &run.id, keep.findings, seal.signer.clone())).transpose()?;
    let runtime = runtime()?;
    let network = context.network(&settings.api, &http);
    let access = Access::new(settings.api.access.clone(), &network);
    let cancel = CancellationToken::new();
    let mut interrupted = None;
    let mut memory = None;
    if let Some(path) = &args.remembering.ledger {
        // The ledger knows records by their project; without one it stays as it is, and so does the exit code 3.
        let found = async {
            tokio::select! {
                biased;
                () = cancel.cancelled() => None,
                project = access.project.id() => project.ok(),
            }
        };
        let (project, signal) = runtime.block_on(until_signals(found, &cancel));
        interrupted = signal;
        if let Some(Some(project)) = project {
            let scope = Scope { endpoint: settings.api.workspace.endpoint.to_string(), project: project.to_owned() };
            match remember(path, terms, context, &scope, &mut run) {
                Err(held @ LedgerError::Held(_)) => {
                    runtime.block_on(monitor.held(&held.to_string()));
                    return Err(held.into());
                }
                opened => memory = Some(opened?),
            }
        }
    }
    let sinks = Sinks::new(streams(args, context, nothing), files, context.diagnostics.clone());
    let began = Began { cancel, interrupted };
    let prepared = Prepared { settings, network, access, began, selection, memory, archive, sinks, seal, monitor, run };
    let exit = runtime.block_on(carry_out(args, context, prepared));
    // A name still being looked up by the system keeps nobody waiting.
    runtime.shutdown_background();
    Ok(exit)
}

/// All that was checked and opened before the run begins.
struct Prepared {
    settings: Settings,
    network: Network,
    access: Access,
    began: Began,
    selection: Selection,
    memory: Option<Memory>,
    archive: Option<Archive>,
    sinks: Sinks,
    seal: Seal,
    monitor: Monitor,
    run: Run,
}

/// What a signal before the run's own beginning came to.
struct Began {
    cancel: CancellationToken,
    interrupted: Option<Signal>,
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

#[allow(clippy::too_many_lines, reason = "one run, from its first request to its exit code, in its order")]
async fn carry_out(args: &cli::Verify, context: &Context, prepared: Prepared) -> Exit {
    let Prepared {
        settings,
        network,
        access,
        began,
        selection,
        memory,
        archive,
        mut sinks,
        seal,
        mut monitor,
        mut run,
    } = prepared;
    let region = access.project.looked_up_by().map(|_| settings.store.region.clone());
    let Network { http, clock, backoff, .. } = network;
    let workspace = Workspace::new(settings.api.workspace, &access, http.clone(), clock.clone(), backoff.clone());
    let store = Store::new(settings.store, &access, &http, clock, backoff);
    let progress = Progress::new(context.bars, context.diagnostics.clone());
    let Began { cancel, interrupted } = began;
    // Each bag has a report of its own, made while the run goes on.
    run.credentials = settings::identities(&access);
    let verifier = Verifier {
        workspace: &workspace,
        store: &store,
        size_rule: args.size_rule.into(),
        memory: memory.as_ref(),
        counts_not_ready: matches!(selection, Selection::Listed { include_not_ready: false, .. }),
        moved: &args.moved,
        archive: archive.as_ref(),
        versions: args.versions.map_or_else(|| by_default(args), Into::into),
        budget: Budget::default(),
        spending: None,
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
            let archiving = archive.is_some();
            let window = window.as_ref();
            let terms = Terms {
                limit,
                include_not_ready,
                memory,
                archiving,
                and_what_is_due: all,
                window,
                tally,
                watch,
                cancel,
                trail,
            };
            Box::pin(source::listed(workspace.list(criteria), terms))
        }
    };
    monitor.started().await;
    progress.on(&Event::RunStarted { records: run.selection.ids });
    let bounds = Bounds { concurrency: settings.concurrency, budget: Budget::new(args.max_bytes, args.max_duration) };
    let unkept = Cell::new(false);
    let batch = batch::run(source, bounds, verifier, |report, settled| {
        // The bag first, then its row, for what the ledger calls done has to be kept; then it is told. What cannot be kept
        // or entered is told all the same.
        let keeping = archive.as_ref().filter(|_| settled == Settled::Told);
        let kept = keeping.map_or(Ok(()), |archive| archive.keep(report, &run));
        let entered = memory.as_ref().map_or(Ok(()), |memory| memory.enter(report, settled));
        let told = progress.suspend(|| match settled {
            Settled::Told => sinks.record(report),
            Settled::Expired(at) => {
                let over = report_time(at);
                let line = format!("{} has expired; its retention was over on {over}", report.record_id);
                context.diagnostics.detail(&line);
                Ok(())
            }
            Settled::NotReady => Ok(()),
        });
        kept.or_else(|error| progress.suspend(|| told_as_unkept(&error, context, &unkept)))?;
        entered.map_err(Unrecorded::Ledger)?;
        told.map_err(|NowhereToReport| Unrecorded::Told)
    });
    let (ended, signal) = until_signals(batch, &cancel).await;
    let interrupted = interrupted.or(signal);
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
        Err(Unrecorded::Told) | Ok(()) => None,
    });
    let looked_back = memory.as_ref().map_or(Ok(()), |memory| look_back(memory, &mut summary));
    let broken = broken.or(looked_back.err());
    run.finished_at = context.clock.now();
    run.overdue =
        memory.as_ref().and_then(|memory| memory.terms().overdue(summary.oldest_unverified_at, run.finished_at));
    let why = shortfall.iter().chain(&run.overdue).map(|reason| reason.message.clone());
    why.chain(broken.as_ref().map(ToString::to_string)).for_each(|line| context.diagnostics.error(&line));
    let labelled = region.zip(found_by_iam(&access)).map(|(region, project)| monitor.found(region, project));
    if let Some(Err(error)) = &labelled {
        context.diagnostics.error(&error.to_string());
    }
    let labelled = labelled.is_none_or(|labelled| labelled.is_ok());
    let complete = shortfall.is_none();
    listed.complete &= complete && interrupted.is_none();
    run.selection.complete = complete && interrupted.is_none();
    run.selection.shortfall = shortfall;
    (run.expected, run.listing) = (kept.expected, kept.listing);
    run.clocks = clocks(&workspace, &store);
    run.credentials = settings::identities(&access);
    run.settings.extend(access.project.known().and_then(Result::ok).map(|id| ("project-id", id.into())));
    let in_time = run.overdue.is_none();
    let exit = |recorded| Exit::of_run(&summary, interrupted, recorded, complete && in_time);
    let recorded = labelled && broken.is_none() && !unkept.get();
    // Before the reports, so that they have the head after it.
    let ended = memory.as_ref().map_or(Ok(()), |memory| conclude(memory, exit(recorded), listed, &summary, &mut run));
    // A ledger that failed before most likely fails again, and is told of once.
    if let (Err(error), None) = (&ended, &broken) {
        context.diagnostics.error(&error.to_string());
    }
    let Finished { whole, placed } = sinks.finish(&run, &summary);
    let stamped = seal.stamp(&placed, context).await;
    let exit = exit(recorded && ended.is_ok() && whole && stamped);
    monitor.ended(&run, &summary, exit).await
}

/// Who names a few records wants all there is to know of them; a batch has its time.
const fn by_default(args: &cli::Verify) -> Versions {
    let named = !args.record_ids.is_empty() && args.ids_from.is_none();
    if named { Versions::Hash } else { Versions::List }
}

/// How far this machine's clock was from those of the services.
fn clocks(workspace: &Workspace, store: &Store) -> Vec<ClockOffset> {
    let services = [(Service::Workspace, workspace.clock_offset()), (Service::Store, store.clock_offset())];
    services.into_iter().filter_map(|(service, offset)| Some(ClockOffset { service, offset: offset? })).collect()
}

/// The project, where it was not given but found.
fn found_by_iam(access: &Access) -> Option<&str> {
    access.project.looked_up_by().and(access.project.known())?.ok()
}

/// Why a report could not be recorded.
enum Unrecorded {
    Ledger(LedgerError),
    /// Said already, place by place.
    Told,
}

/// Says that a record could not be kept; an error where no other could be either.
fn told_as_unkept(error: &ArchiveError, context: &Context, unkept: &Cell<bool>) -> Result<(), Unrecorded> {
    context.diagnostics.error(&error.to_string());
    unkept.set(true);
    if error.is_of_one_record() { Ok(()) } else { Err(Unrecorded::Told) }
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
