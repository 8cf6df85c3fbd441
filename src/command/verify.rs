//! `recverify verify`: settings, then the batch, then reports and the exit code.

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::ids::gather;
use super::monitor::Monitor;
use super::signals::Signals;
use super::sinks::Sinks;
use super::{Context, Unprepared, runtime};
use crate::batch;
use crate::cli;
use crate::clock::Backoff;
use crate::exit::{Exit, Signal};
use crate::http::HttpClient;
use crate::progress::Progress;
use crate::record::RecordId;
use crate::report::{Brief, JsonLinesReport, JsonReport, ReportFile, ReportWriter, Run, Selection, TextReport};
use crate::settings::{self, Settings};
use crate::store::Store;
use crate::verify::Verifier;
use crate::workspace::Workspace;

pub(crate) fn verify(args: &cli::Verify, context: &mut Context) -> Result<Exit, Unprepared> {
    let ids = gather(&args.record_ids, args.ids_from.as_deref(), &mut context.input)?;
    let settings = settings::all(&args.connection, &args.reading, args.concurrency, &context.variables)?;
    if ids.is_empty() {
        context.diagnostics.error("nothing to verify; name records, or give a file of ids with --ids-from");
    }
    let http = HttpClient::new(&settings.api.transport)?;
    let ids_from = args.ids_from.as_ref().map(|path| path.display().to_string());
    let run = begin(context.clock.now(), Selection { ids: ids.len() as u64, ids_from });
    let files = ReportFile::create_all(&args.reports, &run)?;
    let monitor = Monitor::prepare(args, context, &settings, &http, &run, &files)?;
    for source in &settings.api.sources {
        context.diagnostics.detail(source);
    }
    let sinks = Sinks::new(streams(args, context), files, context.diagnostics.clone());
    let prepared = Prepared { settings, http, ids, sinks, monitor, run };
    Ok(runtime()?.block_on(carry_out(args, context, prepared)))
}

/// All that was checked and opened before the run begins.
struct Prepared {
    settings: Settings,
    http: HttpClient,
    ids: Vec<RecordId>,
    sinks: Sinks,
    monitor: Monitor,
    run: Run,
}

/// What goes to standard output and standard error.
fn streams(args: &cli::Verify, context: &Context) -> Vec<Box<dyn ReportWriter>> {
    let out = context.out.clone();
    let brief = || Box::new(Brief::new(context.diagnostics.output(), context.quiet));
    match args.format {
        cli::Format::Text if context.quiet => vec![brief()],
        cli::Format::Text => vec![Box::new(TextReport::new(out, context.color))],
        cli::Format::Json => vec![Box::new(JsonReport::new(out)), brief()],
        cli::Format::Jsonl => vec![Box::new(JsonLinesReport::new(out)), brief()],
    }
}

async fn carry_out(args: &cli::Verify, context: &Context, prepared: Prepared) -> Exit {
    let Prepared { settings, http, ids, mut sinks, monitor, mut run } = prepared;
    let backoff = Backoff::new(settings.api.retry_wait, context.seed);
    let workspace = Workspace::new(settings.api.workspace, http.clone(), context.clock.clone(), backoff.clone());
    let store = Store::new(settings.store, &http, context.clock.clone(), backoff);
    let progress = Progress::new(context.bars, context.diagnostics.clone());
    let cancel = CancellationToken::new();
    let verifier = Verifier {
        workspace: &workspace,
        store: &store,
        size_rule: args.size_rule.into(),
        clock: &context.clock,
        watch: &progress,
        cancel: &cancel,
    };
    monitor.started().await;
    let batch = batch::run(ids, settings.concurrency, verifier, |report| progress.suspend(|| sinks.record(report)));
    let (ended, interrupted) = until_signals(batch, &cancel).await;
    let Some((summary, recorded)) = ended else {
        // A second signal: whoever sent it wants no more words.
        return Exit::Interrupted(interrupted.unwrap_or(Signal::Interrupt));
    };
    run.finished_at = context.clock.now();
    let written = sinks.finish(&run, &summary);
    monitor.ended(&run, &summary, Exit::of_run(&summary, interrupted, written && recorded.is_ok())).await
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

/// A run that starts now; its id is a UUID of version 7 of that time by the program's clock.
fn begin(started_at: jiff::Timestamp, selection: Selection) -> Run {
    let seconds = u64::try_from(started_at.as_second()).unwrap_or(0);
    let nanos = u32::try_from(started_at.subsec_nanosecond()).unwrap_or(0);
    let id = Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos)).to_string();
    Run { id, started_at, finished_at: started_at, selection }
}
