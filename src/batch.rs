//! Many records: as many at once as allowed, ended early when asked, each handed over as soon as it is known.

use std::cell::RefCell;
use std::collections::VecDeque;

use futures_util::StreamExt as _;
use futures_util::stream::{FuturesUnordered, Stream};
use tokio::time::Instant;

use crate::budget::{Budget, Spending};
use crate::climb::Climb;
use crate::event::Event;
use crate::evidence::{ObjectReport, RecordReport};
use crate::pace::Pace;
use crate::retention::Settled;
use crate::source::Planned;
use crate::summary::Summary;
use crate::verify::{Asked, Examined, Verifier};

/// Bounds of a batch.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Records read at once; the API is asked about as many more meanwhile.
    pub concurrency: Climb,
    /// What may be spent.
    pub budget: Budget,
}

/// What a batch came to.
#[derive(Debug)]
pub struct Batch<E> {
    /// Totals of the records with an outcome.
    pub summary: Summary,
    /// Whether every report was taken.
    pub recorded: Result<(), E>,
}

/// Verifies the records of a source and hands each report to `recorder` before it is forgotten, with what becomes of it.
///
/// Beyond its budget a batch only counts what is left. After cancellation the records in flight end with what is known,
/// and those the source still gives are handed over as not reached. An error of the recorder ends the batch that way.
pub async fn run<E>(
    source: impl Stream<Item = Planned>,
    bounds: Bounds,
    verifier: Verifier<'_>,
    mut recorder: impl FnMut(&RecordReport, Settled) -> Result<(), E>,
) -> Batch<E> {
    let mut source = std::pin::pin!(source);
    let mut batch = Batch { summary: Summary::default(), recorded: Ok(()) };
    let spending = RefCell::new(Spending::default());
    let verifier = Verifier { budget: bounds.budget, spending: Some(&spending), ..verifier };
    let mut pace = Pace::new(bounds.concurrency);
    let mut drained = false;
    // A record goes from one to the next: pulled, asked about, waiting for its turn, read.
    let mut next: Option<Planned> = None;
    let mut asking = FuturesUnordered::new();
    let mut asked: VecDeque<(Planned, Asked)> = VecDeque::new();
    let mut reading = FuturesUnordered::new();
    loop {
        while reading.len() < pace.level()
            && let Some((planned, answer)) = asked.pop_front()
        {
            let declared = answer.declared_bytes().or(planned.bytes);
            if answer.is_to_be_read() && !spending.borrow().allows(&bounds.budget, declared, Instant::now()) {
                batch.summary.leave(planned.began_at);
            } else {
                spending.borrow_mut().start(declared);
                reading.push(async move {
                    let archived = verifier.is_archived(&answer).await;
                    let report = if archived { None } else { Some(verifier.examine(answer).await) };
                    (report, declared)
                });
            }
        }
        if let Some(planned) = next.take() {
            if verifier.cancel.is_cancelled() {
                let report = verifier.not_reached(&planned.id);
                take(&mut batch, &verifier, &mut recorder, &Examined { report, settled: Settled::Told });
            } else if !spending.borrow().allows(&bounds.budget, planned.bytes, Instant::now()) {
                batch.summary.leave(planned.began_at);
            } else if asking.len() + asked.len() < pace.level() {
                asking.push(async move {
                    let answer = verifier.ask(&planned.id).await;
                    (planned, answer)
                });
            } else {
                next = Some(planned);
            }
        }
        tokio::select! {
            biased;
            Some((examined, declared)) = reading.next(), if !reading.is_empty() => {
                let objects = examined.iter().flat_map(|examined| &examined.report.objects);
                let read = objects.map(ObjectReport::transferred).sum();
                spending.borrow_mut().end(declared, read);
                match examined {
                    Some(examined) => {
                        pace.finished(read, verifier.pauses(), Instant::now());
                        take(&mut batch, &verifier, &mut recorder, &examined);
                    }
                    None => *batch.summary.archived.get_or_insert(0) += 1,
                }
            }
            Some(answer) = asking.next(), if !asking.is_empty() => asked.push_back(answer),
            planned = source.next(), if !drained && next.is_none() => {
                drained = planned.is_none();
                next = planned;
            }
            else => break,
        }
    }
    verifier.watch.on(&Event::RunFinished);
    batch
}

fn take<E>(
    batch: &mut Batch<E>,
    verifier: &Verifier<'_>,
    recorder: &mut impl FnMut(&RecordReport, Settled) -> Result<(), E>,
    Examined { report, settled }: &Examined,
) {
    match settled {
        Settled::Told => batch.summary.add(report),
        Settled::Expired(_) => batch.summary.expired += 1,
        Settled::NotReady => batch.summary.not_ready += 1,
    }
    verifier.watch.on(&Event::RecordFinished { report });
    // Also after a failure: what one place cannot take another one may, and what was established is told.
    let taken = recorder(report, *settled);
    if taken.is_err() {
        verifier.cancel.cancel();
        batch.recorded = std::mem::replace(&mut batch.recorded, Ok(())).and(taken);
    }
}
