//! All the places one run reports to; one that fails costs none of the others.

use std::io;
use std::path::PathBuf;

use crate::evidence::RecordReport;
use crate::report::{ReportFile, ReportWriter, Run};
use crate::streams::Diagnostics;
use crate::summary::Summary;

/// Standard streams and files, each until its first failure.
pub(super) struct Sinks {
    streams: Vec<Option<Box<dyn ReportWriter>>>,
    files: Vec<Option<ReportFile>>,
    diagnostics: Diagnostics,
    failed: bool,
}

/// What came of all places.
pub(super) struct Finished {
    /// Whether every report is whole, and signed if that was asked for.
    pub(super) whole: bool,
    /// The files that are in their places.
    pub(super) placed: Vec<PathBuf>,
}

/// No place is left that takes a report.
#[derive(Debug)]
pub(super) struct NowhereToReport;

impl Sinks {
    pub(super) fn new(streams: Vec<Box<dyn ReportWriter>>, files: Vec<ReportFile>, diagnostics: Diagnostics) -> Self {
        let streams = streams.into_iter().map(Some).collect();
        Self { streams, files: files.into_iter().map(Some).collect(), diagnostics, failed: false }
    }

    /// Hands a record to every place that still works.
    pub(super) fn record(&mut self, report: &RecordReport) -> Result<(), NowhereToReport> {
        for place in &mut self.streams {
            let failure = place.as_mut().and_then(|writer| writer.record(report).err());
            note(&mut self.failed, &self.diagnostics, place, "the report on a standard stream", failure);
        }
        for place in &mut self.files {
            let name = place.as_ref().map_or_else(String::new, name);
            let failure = place.as_mut().and_then(|file| file.record(report).err());
            note(&mut self.failed, &self.diagnostics, place, &name, failure);
        }
        let any = self.streams.iter().any(Option::is_some) || self.files.iter().any(Option::is_some);
        if any { Ok(()) } else { Err(NowhereToReport) }
    }

    /// Finishes all of them.
    pub(super) fn finish(mut self, run: &Run, summary: &Summary) -> Finished {
        let mut placed = Vec::new();
        // Files first: once standard output says how it went, they are in place.
        for mut place in std::mem::take(&mut self.files) {
            let name = place.as_ref().map_or_else(String::new, name);
            let Some(file) = place.take() else { continue };
            let path = file.path().to_owned();
            let failure = match file.finish(run, summary) {
                Ok(sealed) => {
                    placed.push(path);
                    if let Err(error) = sealed {
                        self.diagnostics.error(&format!("{name} is written, but {error}"));
                        self.failed = true;
                    }
                    None
                }
                Err(error) => Some(error),
            };
            note(&mut self.failed, &self.diagnostics, &mut place, &name, failure);
        }
        for place in &mut self.streams {
            let failure = place.as_mut().and_then(|writer| writer.finish(run, summary).err());
            note(&mut self.failed, &self.diagnostics, place, "the report on a standard stream", failure);
        }
        Finished { whole: !self.failed, placed }
    }
}

fn name(file: &ReportFile) -> String {
    format!("the report {}", file.path().display())
}

/// A place that failed once is given up: half a report must not look like a whole one.
fn note<T>(
    failed: &mut bool,
    diagnostics: &Diagnostics,
    place: &mut Option<T>,
    name: &str,
    failure: Option<io::Error>,
) {
    if let Some(error) = failure {
        diagnostics.error(&format!("{name} could not be written: {error}"));
        *failed = true;
        *place = None;
    }
}
