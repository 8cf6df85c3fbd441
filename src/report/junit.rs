//! The report as JUnit XML, as CI systems read it: one test case a record.
//!
//! A finding is a `failure`, unverified and undeclared are an `error`; its `type` is the outcome, its `message` code and
//! words of the reason, its text the block the text report has. An intact record with warnings has that as `system-out`.
//! Records that were skipped, not ready or left are no test cases, since nothing was asked of them: `skipped` is always 0.
//! Names and texts are escaped; control and bidi characters, and the two others XML 1.0 forbids (§2.2), are written as
//! `\u{…}`.
//!
//! The counts stand in the head of the document and are known at its end, while records are written as they come: room
//! is left for the head, which is written into it at last, blanks inside its tag filling what is left over. Before that
//! there is no suite in it, so that half a report cannot be taken for a whole one.

use std::fmt::Write as _;
use std::io::{self, Seek, SeekFrom, Write};

use super::text::TextReport;
use super::visible::visible;
use super::{ReportWriter, Run};
use crate::evidence::{RecordReport, report_time};
use crate::fixity::Outcome;
use crate::summary::Summary;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Bytes left for the tag that begins the suite: more than it takes with every count at its largest.
const HEAD: usize = 320;

/// Writes to something that can go back to its beginning.
pub struct JunitReport<W: Write + Seek> {
    out: W,
    begun: bool,
}

impl<W: Write + Seek> JunitReport<W> {
    /// A report of no records so far.
    pub fn new(out: W) -> Self {
        Self { out, begun: false }
    }

    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            writeln!(self.out, "{DECLARATION}{:HEAD$}", "")?;
        }
        Ok(())
    }
}

impl<W: Write + Seek> ReportWriter for JunitReport<W> {
    fn record(&mut self, report: &RecordReport) -> io::Result<()> {
        self.begin()?;
        self.out.write_all(case(report)?.as_bytes())?;
        self.out.flush()
    }

    fn finish(&mut self, run: &Run, summary: &Summary) -> io::Result<()> {
        self.begin()?;
        self.out.write_all(b"</testsuite>\n")?;
        let head = head(run, summary);
        let fill =
            HEAD.checked_sub(head.len() + 1).ok_or_else(|| io::Error::other("the head of the XML is too long"))?;
        self.out.seek(SeekFrom::Start(DECLARATION.len() as u64))?;
        write!(self.out, "{head}{:fill$}>", "")?;
        self.out.seek(SeekFrom::End(0))?;
        self.out.flush()
    }
}

/// The tag that begins the suite, but for its last `>`.
fn head(run: &Run, summary: &Summary) -> String {
    let seconds = run.finished_at.duration_since(run.started_at).as_secs_f64();
    format!(
        "<testsuite name=\"recverify\" id=\"{}\" timestamp=\"{}\" time=\"{seconds:.3}\" tests=\"{}\" failures=\"{}\" \
         errors=\"{}\" skipped=\"{}\"",
        text(&run.id),
        report_time(run.started_at),
        summary.records,
        summary.open_findings(),
        summary.records - summary.intact - summary.open_findings() - summary.acknowledged,
        summary.acknowledged,
    )
}

fn case(report: &RecordReport) -> io::Result<String> {
    let mut case = format!("<testcase classname=\"recverify\" name=\"{}\"", text(report.record_id.as_str()));
    let begun = report.objects.iter().filter_map(|object| object.started_at).min();
    let ended = report.objects.iter().filter_map(|object| object.finished_at).max();
    if let (Some(begun), Some(ended)) = (begun, ended) {
        // Writing to a String cannot fail, here and below.
        let _ = write!(case, " time=\"{:.3}\"", ended.duration_since(begun).as_secs_f64());
    }
    if report.outcome == Outcome::Intact && report.warnings.is_empty() {
        case.push_str("/>\n");
        return Ok(case);
    }
    let element = match report.outcome {
        Outcome::Intact => "system-out",
        _ if report.acknowledged.is_some() => "skipped",
        outcome if outcome.is_finding() => "failure",
        _ => "error",
    };
    let _ = write!(case, "><{element}");
    if report.outcome != Outcome::Intact {
        let reason = report.reason.as_ref().map(|reason| format!("{}: {}", reason.code, reason.message));
        let message = reason.unwrap_or_else(|| report.outcome.to_string());
        if element != "skipped" {
            let _ = write!(case, " type=\"{}\"", report.outcome);
        }
        let _ = write!(case, " message=\"{}\"", text(&message));
    }
    let _ = writeln!(case, ">{}</{element}></testcase>", details(report)?);
    Ok(case)
}

/// What the text report says of this record alone.
fn details(report: &RecordReport) -> io::Result<String> {
    let mut block = Vec::new();
    TextReport::new(&mut block, false).record(report)?;
    Ok(String::from_utf8_lossy(&block).lines().map(text).collect::<Vec<_>>().join("\n"))
}

/// One line of text as it may stand in an element or an attribute.
fn text(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len() + 16);
    for c in visible(line).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.extend(c.escape_unicode()),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use proptest::prelude::*;
    use quick_xml::events::Event;
    use std::io::Cursor;

    fn written(reports: &[RecordReport]) -> String {
        let mut out = Cursor::new(Vec::new());
        sample::write(&mut JunitReport::new(&mut out), reports);
        String::from_utf8(out.into_inner()).expect("XML is UTF-8")
    }

    /// The document with the filling of its head taken out.
    fn unfilled(text: &str) -> String {
        let (head, rest) = text.split_once("  ").expect("filled with blanks");
        format!("{head}{}", rest.trim_start())
    }

    #[test]
    fn findings_fail_and_what_is_undecided_errs() {
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="recverify" id="019bc0f2-7a40-7000-8000-000000000001" timestamp="2026-01-15T23:59:00.000Z" time="90.000" tests="3" failures="1" errors="1" skipped="0">
<testcase classname="recverify" name="r-1" time="1.250"/>
<testcase classname="recverify" name="r-2" time="1.250"><failure type="altered" message="digest_differs: two reads say &lt;a&gt; &amp; &quot;b&quot;">altered       r-2
    recorded  2026-01-14T08:00:00.000Z on desk by ann
    video     bucket/v.mp4: altered
    declared  0cab1c9617404faf2b24e221e189ca5945813e14d3f766345b09ca13bbe28ffc
    observed  d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa, 5 bytes
    why       two reads say &lt;a&gt; &amp; &quot;b&quot; (digest_differs)
    next      keep the object and this report untouched, look for an older version of the object, and find out who wrote it last</failure></testcase>
<testcase classname="recverify" name="r-3"><error type="unverified" message="stalled: nothing came from api for 30 s">unverified    r-3
    why       nothing came from api for 30 s (stalled)
    next      verify again later
    warning   odd (unknown_status)
    warning   once (reads_disagree)</error></testcase>
</testsuite>
"#;
        assert_eq!(unfilled(&written(&[sample::intact(), sample::altered(), sample::unverified()])), expected);
    }

    #[test]
    fn a_run_without_records_is_an_empty_suite() {
        let text = written(&[]);
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="recverify" id="019bc0f2-7a40-7000-8000-000000000001" timestamp="2026-01-15T23:59:00.000Z" time="90.000" tests="0" failures="0" errors="0" skipped="0">
</testsuite>
"#;
        assert_eq!(unfilled(&text), expected);
        assert_eq!(text.len(), DECLARATION.len() + HEAD + "\n</testsuite>\n".len());
    }

    #[test]
    fn the_head_has_room_for_the_largest_counts() {
        let summary = Summary { records: u64::MAX, altered: u64::MAX, unverified: u64::MAX, ..Summary::default() };
        let mut run = sample::run();
        (run.started_at, run.finished_at) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
        assert!(head(&run, &summary).len() < HEAD);
    }

    #[test]
    fn a_report_that_was_not_finished_has_no_suite() {
        let mut out = Cursor::new(Vec::new());
        JunitReport::new(&mut out).record(&sample::altered()).expect("written to memory");
        let text = String::from_utf8(out.into_inner()).expect("XML is UTF-8");
        assert!(!text.contains("</testsuite>") && !text.contains("<testsuite "));
    }

    #[test]
    fn a_warning_of_an_intact_record_is_shown() {
        let mut report = sample::intact();
        report.warnings = sample::unverified().warnings;
        let expected = r#"<testcase classname="recverify" name="r-1" time="1.250"><system-out>intact        r-1  video 5 bytes, event 5 bytes
    warning   odd (unknown_status)
    warning   once (reads_disagree)</system-out></testcase>
"#;
        assert_eq!(case(&report).expect("written to memory"), expected);
    }

    proptest! {
        #[test]
        fn whatever_a_service_says_is_read_back_as_text(said in any::<String>()) {
            let mut report = sample::unverified();
            report.reason.as_mut().expect("a reason").message.clone_from(&said);
            let document = written(&[report]);
            let mut reader = quick_xml::Reader::from_str(&document);
            let mut message = None;
            loop {
                match reader.read_event().expect("well-formed") {
                    Event::Start(tag) if tag.name().as_ref() == b"error" => {
                        let attribute = tag.try_get_attribute("message").expect("sound attributes");
                        message = attribute.map(|value| value.normalized_value(quick_xml::XmlVersion::Explicit1_0).expect("known entities").into_owned());
                    }
                    Event::Eof => break,
                    _ => {}
                }
            }
            let shown = visible(&said).replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}");
            prop_assert_eq!(message, Some(format!("stalled: {shown}")));
        }
    }
}
