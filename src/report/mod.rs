//! Reports: what was established, for people and for machines, to any writer, record by record.

mod checksums;
mod csv;
mod file;
mod group;
mod hint;
mod json;
mod jsonl;
mod junit;
mod line;
mod metrics;
mod name;
mod place;
#[cfg(test)]
mod sample;
mod size;
mod text;
mod visible;

use std::io;

use jiff::Timestamp;
use serde::Serialize;

pub use checksums::ChecksumReport;
pub use csv::CsvReport;
pub(crate) use csv::csv_cell;
pub use file::{ReportFile, ReportFileError};
pub use json::JsonReport;
pub(crate) use json::canonical_json;
pub use jsonl::{JsonLinesReport, json_line};
pub use junit::JunitReport;
pub use line::Brief;
pub use metrics::{Labels, MetricsFile, MetricsFileError};
pub(crate) use place::same_place;
pub use size::decimal_bytes;
pub use text::{TextReport, totals};
pub use visible::visible;

use crate::evidence::{Reason, RecordReport};
use crate::record::Criteria;
use crate::summary::Summary;
use crate::time::millis;

/// Name and version of the report's shape.
pub const SCHEMA: &str = "recverify/report/v1";

/// One invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// A UUID of version 7, so that runs sort by their start.
    pub id: String,
    /// When it started.
    #[serde(serialize_with = "millis")]
    pub started_at: Timestamp,
    /// When its last record was known.
    #[serde(serialize_with = "millis")]
    pub finished_at: Timestamp,
    /// What was selected.
    pub selection: Selection,
}

/// What was selected to be verified: records by name, or those of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Selection {
    /// Records named, each counted once.
    pub ids: Option<u64>,
    /// The file ids were taken from, if one was.
    pub ids_from: Option<String>,
    /// The window and its filters.
    pub window: Option<Criteria>,
    /// At most so many records of it, oldest first.
    pub limit: Option<u64>,
    /// Whether the selection was read to its end; its budget does not count.
    pub complete: bool,
    /// Why not, if not.
    pub shortfall: Option<Reason>,
}

/// Something reports are written by: each record as soon as it is known, the totals at the end.
pub trait ReportWriter {
    /// Writes one record and flushes it.
    fn record(&mut self, report: &RecordReport) -> io::Result<()>;

    /// Writes what stands at the end and flushes it.
    fn finish(&mut self, run: &Run, summary: &Summary) -> io::Result<()>;
}

/// Who writes.
#[derive(Serialize)]
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

/// This program.
pub(crate) const TOOL: Tool = Tool { name: "recverify", version: env!("CARGO_PKG_VERSION") };
