//! The report as JSON lines: one record a line as soon as it is known, then one line with run and summary.

use std::io::{self, Write};

use serde::Serialize;

use super::json::write_json;
use super::tool::{TOOL, Tool};
use super::{ReportWriter, Run, SCHEMA, STATEMENT};
use crate::evidence::RecordReport;
use crate::summary::Summary;

/// Writes lines, each of them flushed.
pub struct JsonLinesReport<W: Write> {
    out: W,
}

#[derive(Serialize)]
struct LastLine<'a> {
    schema: &'static str,
    tool: &'static Tool,
    statement: &'static str,
    run: &'a Run,
    summary: &'a Summary,
}

impl<W: Write> JsonLinesReport<W> {
    /// A report of no records so far.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        json_line(&mut self.out, value)?;
        self.out.flush()
    }
}

impl<W: Write> ReportWriter for JsonLinesReport<W> {
    fn record(&mut self, report: &RecordReport) -> io::Result<()> {
        self.line(report)
    }

    fn finish(&mut self, run: &Run, summary: &Summary) -> io::Result<()> {
        self.line(&LastLine { schema: SCHEMA, tool: &TOOL, statement: STATEMENT, run, summary })
    }
}

/// Writes a value as one line of JSON, safe for a terminal.
pub fn json_line<W: Write>(mut out: W, value: &impl Serialize) -> io::Result<()> {
    write_json(&mut out, value)?;
    out.write_all(b"\n")
}
