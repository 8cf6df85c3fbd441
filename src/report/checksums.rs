//! The digests of intact objects as `sha256sum -c` takes them, to check copies laid out as `BUCKET/KEY`.
//!
//! One line an object that is intact, whatever its record is: digest, two blanks, bucket and key. A name with a
//! backslash, a line feed or a carriage return is escaped as GNU coreutils does it, and a backslash before the digest
//! says so. Everything else in a name stands as it is, for a tool has to find the file by it: do not print this one to
//! a terminal. If nothing is intact the file is empty, which `sha256sum -c` reports as an error.

use std::borrow::Cow;
use std::io::{self, Write};

use super::{ReportWriter, Run};
use crate::evidence::{ObjectReport, RecordReport};
use crate::fixity::Outcome;
use crate::summary::Summary;

/// Writes lines, each of them flushed.
pub struct ChecksumReport<W: Write> {
    out: W,
}

impl<W: Write> ChecksumReport<W> {
    /// A report of no objects so far.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> ReportWriter for ChecksumReport<W> {
    fn record(&mut self, report: &RecordReport) -> io::Result<()> {
        let lines: String = report.objects.iter().filter_map(line).collect();
        self.out.write_all(lines.as_bytes())?;
        self.out.flush()
    }

    fn finish(&mut self, _: &Run, _: &Summary) -> io::Result<()> {
        self.out.flush()
    }
}

fn line(object: &ObjectReport) -> Option<String> {
    let (Outcome::Intact, Some(digest)) = (object.outcome, object.observed_sha256) else { return None };
    let name = format!("{}/{}", object.bucket.as_ref()?, object.key.as_ref()?);
    let escaped = escaped(&name);
    let mark = if matches!(escaped, Cow::Owned(_)) { "\\" } else { "" };
    Some(format!("{mark}{digest}  {escaped}\n"))
}

/// The name, changed only where coreutils would change it (*md5sum invocation*, "escaped").
fn escaped(name: &str) -> Cow<'_, str> {
    if name.contains(['\\', '\n', '\r']) {
        Cow::Owned(name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r"))
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixity::Sha256Digest;
    use crate::report::sample;
    use std::process::Command;

    fn written(reports: &[RecordReport]) -> String {
        let mut out = Vec::new();
        sample::write(&mut ChecksumReport::new(&mut out), reports);
        String::from_utf8(out).expect("made of text")
    }

    #[test]
    fn only_what_is_intact_has_a_line() {
        let event = Sha256Digest::of(b"event");
        let video = Sha256Digest::of(b"video");
        assert_eq!(
            written(&[sample::intact(), sample::altered(), sample::unverified()]),
            format!("{video}  bucket/v.mp4\n{event}  bucket/e.jsonl\n{event}  bucket/e.jsonl\n")
        );
    }

    #[test]
    fn names_are_escaped_as_coreutils_does_it() {
        let mut report = sample::intact();
        report.objects.truncate(1);
        report.objects[0].key = Some("a\\b\nc\rd \u{202e}桌".to_owned());
        let video = Sha256Digest::of(b"video");
        assert_eq!(written(&[report]), format!("\\{video}  bucket/a\\\\b\\nc\\rd \u{202e}桌\n"));
    }

    #[test]
    fn sha256sum_accepts_every_line_and_sees_a_changed_file() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(dir.path().join("bucket")).expect("a bucket");
        let names =
            ["plain", " blank ", "back\\slash", "line\nfeed", "return\r", "*star", "\u{202e}bidi", "-dash", "桌面"];
        let reports = names.map(|name| {
            std::fs::write(dir.path().join("bucket").join(name), "video").expect("an object");
            let mut report = sample::intact();
            report.objects.truncate(1);
            report.objects[0].key = Some(name.to_owned());
            report
        });
        std::fs::write(dir.path().join("sums"), written(&reports)).expect("the report");
        let check = || {
            let mut command = Command::new("sha256sum");
            let output = command.args(["--strict", "-c", "sums"]).current_dir(dir.path()).output();
            let output = output.expect("sha256sum is there");
            (output.status.success(), String::from_utf8_lossy(&output.stdout).matches(": OK").count())
        };
        assert_eq!(check(), (true, names.len()));
        std::fs::write(dir.path().join("bucket/line\nfeed"), "other").expect("an object");
        assert_eq!(check(), (false, names.len() - 1));
    }
}
