//! Reports: what was established, as text, JSON or JSON lines, to any writer, record by record.

mod file;
mod group;
mod hint;
mod json;
mod jsonl;
mod line;
mod size;
mod text;
mod visible;

use std::io;

use jiff::Timestamp;
use serde::Serialize;

pub use file::{ReportFile, ReportFileError};
pub use json::JsonReport;
pub(crate) use json::canonical_json;
pub use jsonl::JsonLinesReport;
pub use line::Brief;
pub use size::decimal_bytes;
pub use text::TextReport;
pub use visible::visible;

use crate::evidence::{RecordReport, millis};
use crate::summary::Summary;

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

/// What was selected to be verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Selection {
    /// Records named, each counted once.
    pub ids: u64,
    /// The file ids were taken from, if one was.
    pub ids_from: Option<String>,
}

/// Something reports are written by: each record as soon as it is known, the totals at the end.
pub trait ReportWriter {
    /// Writes one record and flushes it.
    fn record(&mut self, report: &RecordReport) -> io::Result<()>;

    /// Writes what stands at the end and flushes it.
    fn finish(&mut self, run: &Run, summary: &Summary) -> io::Result<()>;
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

const TOOL: Tool = Tool { name: "recverify", version: env!("CARGO_PKG_VERSION") };
