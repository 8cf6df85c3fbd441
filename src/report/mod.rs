//! Reports: what was established, for people and for machines, to any writer, record by record.

mod attest;
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
mod run;
#[cfg(test)]
mod sample;
mod seal;
mod size;
mod spool;
mod text;
mod tool;
mod visible;

use std::io;

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
pub(crate) use place::{Place, place_whole};
pub use run::{Chain, ChainHead, ClockOffset, Credentials, Host, Identity, Operator, Run, Selection, Service};
pub use seal::SealError;
pub use size::decimal_bytes;
pub use spool::Spool;
pub use text::{TextReport, totals};
pub(crate) use tool::{NAME, Name};
pub use visible::visible;

use crate::evidence::RecordReport;
use crate::summary::Summary;

/// Name and version of the report's shape.
pub const SCHEMA: &str = "recverify/report/v1";

/// What an intact verdict proves and what it does not.
pub const STATEMENT: &str = "Intact means: in this run every byte of both files was read from the store, and the SHA-256 \
    of each equals the one the Workspace API declared for it. It does not prove that the declared digest was true when it \
    was declared, nor what the recording shows or leaves out. Without a time-stamp of an authority, the times are the \
    word of whoever ran the program.";

/// Something reports are written by: each record as soon as it is known, the totals at the end.
pub trait ReportWriter {
    /// Writes one record and flushes it.
    fn record(&mut self, report: &RecordReport) -> io::Result<()>;

    /// Writes what stands at the end and flushes it.
    fn finish(&mut self, run: &Run, summary: &Summary) -> io::Result<()>;
}
