//! Who watches a run from outside: the metrics file, and the watchdog that is pinged.

use super::signals::Signals;
use super::{Context, Unprepared};
use crate::cli;
use crate::clock::Backoff;
use crate::exit::Exit;
use crate::http::HttpClient;
use crate::ping::{Ping, PingError, PingUrl};
use crate::report::{Labels, MetricsFile, MetricsFileError, ReportFile, ReportFileError, Run, totals};
use crate::settings::Settings;
use crate::streams::Diagnostics;
use crate::summary::Summary;

/// Whoever was asked for.
pub(super) struct Monitor {
    metrics: Option<MetricsFile>,
    ping: Option<Ping>,
    diagnostics: Diagnostics,
}

impl Monitor {
    /// Checks what was asked for, before any network; `files` are the reports the metrics must not overwrite.
    pub(super) fn prepare(
        args: &cli::Verify,
        context: &Context,
        settings: &Settings,
        http: &HttpClient,
        run: &Run,
        files: &[ReportFile],
    ) -> Result<Self, Unprepared> {
        let ping = match &args.monitoring.ping_url {
            None => None,
            Some(url) => Some(Ping {
                http: http.clone(),
                url: PingUrl::parse(url, args.connection.allow_http)?,
                run_id: run.id.clone(),
                fail_on: args.monitoring.ping_fail_on.into(),
                backoff: Backoff::new(settings.api.retry_wait, context.seed),
            }),
        };
        let metrics = match &args.monitoring.metrics {
            None => None,
            Some(path) if files.iter().any(|file| file.occupies(path)) => {
                return Err(ReportFileError::Twice(path.clone()).into());
            }
            Some(path) => {
                let region = settings.store.region.clone();
                let project = settings.api.access.project.clone().unwrap_or_default();
                Some(MetricsFile::open(path, Labels { region, project })?)
            }
        };
        Ok(Self { metrics, ping, diagnostics: context.diagnostics.clone() })
    }

    /// The project was not given, and IAM found it: the metrics are that project's.
    pub(super) fn found(&mut self, region: String, project: &str) -> Result<(), MetricsFileError> {
        if let Some(metrics) = &self.metrics {
            let labels = Labels { region, project: project.to_owned() };
            self.metrics = Some(MetricsFile::open(metrics.path(), labels)?);
        }
        Ok(())
    }

    /// The run begins.
    pub(super) async fn started(&self) {
        if let Some(ping) = &self.ping {
            self.warn("start", ping.start().await);
        }
    }

    /// The run does not begin, because another one holds the ledger: noted, but no failure.
    pub(super) async fn held(&self, why: &str) {
        if let Some(ping) = &self.ping {
            self.warn("standstill", ping.log(why).await);
        }
    }

    /// The run is over and would exit so; how it exits, all told.
    pub(super) async fn ended(mut self, run: &Run, summary: &Summary, exit: Exit) -> Exit {
        let exit = match self.metrics.take() {
            None => exit,
            Some(metrics) => {
                let path = metrics.path().display().to_string();
                match metrics.replace(run, summary, exit.code()) {
                    Ok(()) => exit,
                    Err(error) => {
                        self.diagnostics.error(&format!("the metrics file {path} could not be written: {error}"));
                        Exit::NotRecorded
                    }
                }
            }
        };
        if let Some(ping) = &self.ping {
            self.warn("end", end_unless_signalled(ping, run, summary, exit).await);
        }
        exit
    }

    fn warn(&self, what: &str, told: Result<(), PingError>) {
        if let Err(error) = told {
            self.diagnostics.warning(&format!("the ping of the run's {what} failed: {error}"));
        }
    }
}

/// A signal gives the ping up: everything else is done.
async fn end_unless_signalled(ping: &Ping, run: &Run, summary: &Summary, exit: Exit) -> Result<(), PingError> {
    let line = totals(run, summary);
    let end = ping.end(exit, &line);
    let Ok(mut signals) = Signals::listen() else { return end.await };
    tokio::select! {
        biased;
        told = end => told,
        _ = signals.next() => Err(PingError::GivenUp),
    }
}
