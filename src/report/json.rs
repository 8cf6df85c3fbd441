//! The report as one JSON document, `recverify/report/v1`, written as it grows.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};

use super::tool::TOOL;
use super::visible::is_treacherous;
use super::{ReportWriter, Run, SCHEMA, STATEMENT};
use crate::evidence::RecordReport;
use crate::summary::Summary;

/// Writes one document; it is complete, and valid JSON, once finished.
pub struct JsonReport<W: Write> {
    out: W,
    records: u64,
}

impl<W: Write> JsonReport<W> {
    /// A report of no records so far.
    pub fn new(out: W) -> Self {
        Self { out, records: 0 }
    }

    fn begin(&mut self) -> io::Result<()> {
        write!(self.out, "{{\"schema\":\"{SCHEMA}\",\"tool\":")?;
        write_json(&mut self.out, &*TOOL)?;
        self.out.write_all(b",\"statement\":")?;
        write_json(&mut self.out, &STATEMENT)?;
        self.out.write_all(b",\"records\":[")
    }
}

impl<W: Write> ReportWriter for JsonReport<W> {
    fn record(&mut self, report: &RecordReport) -> io::Result<()> {
        if self.records == 0 {
            self.begin()?;
        }
        self.out.write_all(if self.records == 0 { b"\n" } else { b",\n" })?;
        self.records += 1;
        write_json(&mut self.out, report)?;
        self.out.flush()
    }

    fn finish(&mut self, run: &Run, summary: &Summary) -> io::Result<()> {
        if self.records == 0 {
            self.begin()?;
        }
        self.out.write_all(b"\n],\"run\":")?;
        write_json(&mut self.out, run)?;
        self.out.write_all(b",\"summary\":")?;
        write_json(&mut self.out, summary)?;
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}

/// A value as every report has it, compact and escaped: what the ledger keeps and digests.
pub(crate) fn canonical_json(value: &impl Serialize) -> io::Result<String> {
    let mut bytes = Vec::with_capacity(1024);
    write_json(&mut bytes, value)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Writes a value as JSON in which control, C1 and bidi characters are escaped; what it says stays the same.
pub(super) fn write_json<W: Write>(out: W, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Escaped)).map_err(io::Error::from)
}

struct Escaped;

impl Formatter for Escaped {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_treacherous) {
            let (plain, found) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            // `find` gave the place of a character, so there is one.
            let Some(c) = found.chars().next() else { break };
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &found[c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        serde_json::ser::CompactFormatter.write_char_escape(writer, escape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn treacherous_characters_are_escaped() {
        let mut out = Vec::new();
        write_json(&mut out, &"a\u{202e}b\u{7f}\u{9b}\n\u{e0001}").expect("written to memory");
        assert_eq!(String::from_utf8(out).as_deref(), Ok("\"a\\u202eb\\u007f\\u009b\\n\\udb40\\udc01\""));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same_and_has_nothing_treacherous(text in any::<String>()) {
            let mut out = Vec::new();
            write_json(&mut out, &text).expect("written to memory");
            let written = String::from_utf8(out).expect("JSON is UTF-8");
            prop_assert!(!written.contains(is_treacherous));
            prop_assert_eq!(serde_json::from_str::<String>(&written).expect("valid JSON"), text);
        }
    }
}
