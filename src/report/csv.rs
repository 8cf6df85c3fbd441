//! The report as CSV for spreadsheets: one line an object, and one for a record without objects.
//!
//! UTF-8 with a byte order mark, RFC 4180 (commas, CRLF, quotes doubled). The columns, in this order:
//!
//! | column | of | meaning |
//! | --- | --- | --- |
//! | `record_id`, `record_outcome` | record | the id asked for, and the gravest of what was found |
//! | `record_reason`, `record_message` | record | code and words why it is not intact |
//! | `warnings` | record | codes of its warnings, blanks between |
//! | `desktop_id`, `desktop_name`, `username`, `start_time` | record | as the record has them |
//! | `declared_size` | record | bytes, whatever they measure |
//! | `role`, `bucket`, `key` | object | `video` or `event`, and where it lies |
//! | `outcome`, `reason`, `message` | object | what was found, and why it is not intact |
//! | `declared_sha256`, `observed_sha256` | object | as declared; of the whole object as read |
//! | `observed_bytes` | object | read in order before the read ended |
//! | `version_id`, `last_modified` | object | as the store says |
//! | `started_at`, `finished_at` | object | RFC 3339, UTC, milliseconds |
//!
//! **No cell can become a formula.** A cell that begins, behind blanks, with `=`, `+`, `-`, `@` or a full-width form of
//! one has an apostrophe put before it, and so has such a character behind a `;`, where spreadsheets of some languages
//! begin a cell. Control and bidi characters, tab and line ends among them, are written as `\u{…}`, as in text. So a
//! cell shows what was there, but is not always the very text: that is in the JSON report.

use std::io::{self, Write};

use super::{ReportWriter, Run, visible};
use crate::evidence::{ObjectReport, Reason, RecordReport, report_time};
use crate::fixity::Code;
use crate::summary::Summary;

const HEADER: &str = "\u{feff}record_id,record_outcome,record_reason,record_message,warnings,desktop_id,desktop_name,\
                      username,start_time,declared_size,role,bucket,key,outcome,reason,message,declared_sha256,\
                      observed_sha256,observed_bytes,version_id,last_modified,started_at,finished_at\r\n";

/// Writes lines; the first of them names the columns.
pub struct CsvReport<W: Write> {
    out: W,
    begun: bool,
}

impl<W: Write> CsvReport<W> {
    /// A report of no records so far.
    pub fn new(out: W) -> Self {
        Self { out, begun: false }
    }

    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            self.out.write_all(HEADER.as_bytes())?;
        }
        Ok(())
    }

    fn line(&mut self, report: &RecordReport, object: Option<&ObjectReport>) -> io::Result<()> {
        let cells = record_cells(report).into_iter().chain(object_cells(object));
        let line: Vec<_> = cells.map(|cell| cell.map_or_else(String::new, |text| csv_cell(&text))).collect();
        write!(self.out, "{}\r\n", line.join(","))
    }
}

impl<W: Write> ReportWriter for CsvReport<W> {
    fn record(&mut self, report: &RecordReport) -> io::Result<()> {
        self.begin()?;
        if report.objects.is_empty() {
            self.line(report, None)?;
        }
        report.objects.iter().try_for_each(|object| self.line(report, Some(object)))?;
        self.out.flush()
    }

    fn finish(&mut self, _: &Run, _: &Summary) -> io::Result<()> {
        self.begin()?;
        self.out.flush()
    }
}

fn record_cells(report: &RecordReport) -> [Option<String>; 10] {
    let of_record =
        |field: fn(&crate::record::Record) -> &Option<String>| report.record.as_ref().and_then(|r| field(r).clone());
    let warnings: Vec<_> = report.warnings.iter().map(|warning| warning.code.as_str()).collect();
    [
        Some(report.record_id.to_string()),
        Some(report.outcome.to_string()),
        code(report.reason.as_ref()),
        message(report.reason.as_ref()),
        Some(warnings.join(" ")),
        of_record(|record| &record.desktop_id),
        of_record(|record| &record.desktop_name),
        of_record(|record| &record.username),
        of_record(|record| &record.start_time),
        report.declared_size.bytes.map(|bytes| bytes.to_string()),
    ]
}

fn object_cells(object: Option<&ObjectReport>) -> [Option<String>; 13] {
    let Some(object) = object else { return Default::default() };
    [
        Some(object.role.to_string()),
        object.bucket.clone(),
        object.key.clone(),
        Some(object.outcome.to_string()),
        code(object.reason.as_ref()),
        message(object.reason.as_ref()),
        object.declared_sha256.clone(),
        object.observed_sha256.map(|digest| digest.to_string()),
        object.observed_bytes.map(|bytes| bytes.to_string()),
        object.version_id.clone(),
        object.last_modified.clone(),
        object.started_at.map(report_time),
        object.finished_at.map(report_time),
    ]
}

fn code(reason: Option<&Reason>) -> Option<String> {
    reason.map(|reason| Code::as_str(reason.code).to_owned())
}

fn message(reason: Option<&Reason>) -> Option<String> {
    reason.map(|reason| reason.message.clone())
}

/// The text as a cell of any CSV of ours.
pub(crate) fn csv_cell(text: &str) -> String {
    quoted(&defused(text))
}

/// The text, visible, with an apostrophe before whatever could begin a formula.
fn defused(text: &str) -> String {
    let text = visible(text);
    let mut safe = String::with_capacity(text.len() + 1);
    let mut at_start = true;
    for c in text.chars() {
        if at_start && matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') {
            safe.push('\'');
        }
        at_start = c == ';' || (at_start && c.is_whitespace());
        safe.push(c);
    }
    safe
}

/// In quotes where RFC 4180 asks for them, or where a reader could trim blanks away.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', ';']) || cell.trim() != cell {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use proptest::prelude::*;

    fn written(reports: &[RecordReport]) -> String {
        let mut out = Vec::new();
        sample::write(&mut CsvReport::new(&mut out), reports);
        String::from_utf8(out).expect("CSV is UTF-8")
    }

    fn read(text: &str) -> Vec<Vec<String>> {
        let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let lines = reader.records().map(|line| line.expect("a sound line"));
        lines.map(|line| line.iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn each_object_has_a_line_and_so_has_a_record_without_any() {
        let record =
            "r-2,altered,digest_differs,\"two reads say <a> & \"\"b\"\"\",,d-1,desk,ann,2026-01-14T08:00:00.000Z,5";
        let times = "2026-01-15T23:59:01.000Z,2026-01-15T23:59:02.250Z";
        let [video, event, other] =
            [b"video", b"event", b"other"].map(|content| crate::fixity::Sha256Digest::of(content).to_string());
        let expected = format!(
            "{HEADER}\
             {record},video,bucket,v.mp4,altered,digest_differs,\"two reads say <a> & \"\"b\"\"\",{video},{other},5,,,{times}\r\n\
             {record},event,bucket,e.jsonl,intact,,,{event},{event},5,,,{times}\r\n\
             r-3,unverified,stalled,nothing came from api for 30 s,unknown_status reads_disagree,,,,,,,,,,,,,,,,,,\r\n"
        );
        assert_eq!(written(&[sample::altered(), sample::unverified()]), expected);
    }

    #[test]
    fn a_run_without_records_has_its_columns_still() {
        assert_eq!(written(&[]), HEADER);
    }

    #[test]
    fn what_could_begin_a_formula_is_text() {
        let cases = [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =1", "  '=1"),
            ("＝1", "'＝1"),
            ("\t=1", "\\u{9}=1"),
            ("\r=1", "\\u{d}=1"),
            ("a;=1; -2", "a;'=1; '-2"),
            ("a-b=c@d", "a-b=c@d"),
            ("", ""),
        ];
        for (text, cell) in cases {
            assert_eq!(defused(text), cell, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_one_cell_that_begins_no_formula(name in any::<String>()) {
            let mut report = sample::intact();
            report.objects[0].key = Some(name.clone());
            let lines = read(&written(&[report]));
            prop_assert_eq!(lines.len(), 3);
            prop_assert!(lines.iter().all(|line| line.len() == 23));
            let cell = &lines[1][12];
            prop_assert_eq!(cell, &defused(&name));
            prop_assert!(!cell.split(';').any(|part| part.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r'])));
        }
    }
}
