//! Many records: as many at once as allowed, ended early when asked, each handed over as soon as it is known.

use std::collections::VecDeque;
use std::num::NonZeroUsize;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::event::Event;
use crate::evidence::RecordReport;
use crate::record::RecordId;
use crate::summary::Summary;
use crate::verify::Verifier;

/// Verifies every record, `concurrency` at once, and hands each report to `recorder` before it is forgotten.
///
/// After cancellation the records in flight end with what is known, and those not reached are handed over as such. An
/// error of the recorder ends the run the same way and is returned with the totals so far.
pub async fn run<E>(
    ids: Vec<RecordId>,
    concurrency: NonZeroUsize,
    verifier: Verifier<'_>,
    mut recorder: impl FnMut(&RecordReport) -> Result<(), E>,
) -> (Summary, Result<(), E>) {
    verifier.watch.on(&Event::RunStarted { records: ids.len() as u64 });
    let mut summary = Summary::default();
    let mut outlet = Ok(());
    let mut waiting = VecDeque::from(ids);
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < concurrency.get()
            && !verifier.cancel.is_cancelled()
            && let Some(id) = waiting.pop_front()
        {
            running.push(async move { Box::pin(verifier.verify(&id)).await });
        }
        let report = match running.next().await {
            Some(report) => report,
            None => match waiting.pop_front() {
                Some(id) => verifier.not_reached(&id),
                None => break,
            },
        };
        summary.add(&report);
        verifier.watch.on(&Event::RecordFinished { report: &report });
        if outlet.is_ok() {
            outlet = recorder(&report);
            if outlet.is_err() {
                verifier.cancel.cancel();
            }
        }
    }
    verifier.watch.on(&Event::RunFinished);
    (summary, outlet)
}
