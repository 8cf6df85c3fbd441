//! What a run came to as Prometheus metrics, for the text file collector of the node exporter.
//!
//! All are gauges about the last run, labelled with region and project. The exposition format is that of the Prometheus
//! documentation, *Exposition formats*, text format 0.0.4.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Run;
use super::place::Place;
use crate::fixity::Outcome;
use crate::summary::Summary;

const LAST_SUCCESS: &str = "recverify_last_success_timestamp_seconds";

/// Whose metrics they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Region of the bucket.
    pub region: String,
    /// Project of the records.
    pub project: String,
}

/// A file of metrics that is replaced as a whole once the run has ended.
///
/// Everybody may read it, since the collector runs as another user; it names no record and nobody.
pub struct MetricsFile {
    place: Place,
    labels: Labels,
    /// As the file has it so far; `None` when no run of these labels succeeded yet.
    last_success: Option<String>,
}

/// Why metrics cannot be written where they were asked for.
#[derive(Debug, thiserror::Error)]
#[error("the metrics file {path} cannot be written: {source}")]
pub struct MetricsFileError {
    path: PathBuf,
    source: io::Error,
}

impl MetricsFile {
    /// Reads when a run last succeeded, and opens a temporary file beside the old one.
    pub fn open(path: &Path, labels: Labels) -> Result<Self, MetricsFileError> {
        let failed = |source| MetricsFileError { path: path.to_owned(), source };
        let place = Place::beside(path).map_err(failed)?;
        let last_success = match std::fs::read(path) {
            Ok(old) => last_success(&String::from_utf8_lossy(&old), &labels),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        Ok(Self { place, labels, last_success })
    }

    /// Where it stands.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// Puts the metrics of a run in place of the old ones. Exit code 0 is a success, and nothing else is.
    pub fn replace(self, run: &Run, summary: &Summary, exit_code: u8) -> io::Result<()> {
        let last_success = if exit_code == 0 { Some(seconds(run.finished_at)) } else { self.last_success };
        let text = metrics(&self.labels, run, summary, exit_code, last_success.as_deref());
        self.place.handle()?.write_all(text.as_bytes())?;
        self.place.readable_by_all()?;
        self.place.take()
    }
}

/// The text of them all.
fn metrics(labels: &Labels, run: &Run, summary: &Summary, exit_code: u8, last_success: Option<&str>) -> String {
    let labels = labels.text();
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, values: &[(String, String)]| {
        // Writing to a String cannot fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        for (more, value) in values {
            let _ = writeln!(text, "{name}{{{labels}{more}}} {value}");
        }
    };
    let one = |value: String| [(String::new(), value)];
    let outcomes = Outcome::ALL.map(|outcome| (format!(",outcome=\"{outcome}\""), summary.count(outcome).to_string()));
    gauge("recverify_records", "Records of the last run by outcome.", &outcomes);
    let help = "Records the last run selected, those without an outcome included.";
    gauge("recverify_selected_records", help, &one(summary.selected.to_string()));
    let postponed = [
        ("skipped", summary.skipped),
        ("expired", summary.expired),
        ("not_ready", summary.not_ready),
        ("left", summary.left),
    ];
    let postponed = postponed.map(|(state, count)| (format!(",state=\"{state}\""), count.to_string()));
    let help = "Records the last run did not verify: intact not long ago, expired, not uploaded yet, or left for the next run.";
    gauge("recverify_postponed_records", help, &postponed);
    let help = "Records of the last run in a state that an operator has acknowledged.";
    gauge("recverify_acknowledged_records", help, &one(summary.acknowledged.to_string()));
    let help = "Bytes of objects the last run read over the network, repeated ones included.";
    gauge("recverify_read_bytes", help, &one(summary.bytes.to_string()));
    let duration = run.finished_at.duration_since(run.started_at).as_secs_f64();
    gauge("recverify_run_duration_seconds", "How long the last run took.", &one(format!("{duration:.3}")));
    gauge("recverify_last_run_exit_code", "What the last run exited with.", &one(exit_code.to_string()));
    let help = "When the last run ended, as Unix time.";
    gauge("recverify_last_run_timestamp_seconds", help, &one(seconds(run.finished_at)));
    if let Some(backlog) = summary.backlog {
        let help = "Records of the ledger that wait to be verified.";
        gauge("recverify_backlog_records", help, &one(backlog.to_string()));
    }
    if let Some(since) = summary.oldest_unverified_at {
        let age = run.finished_at.duration_since(since).as_secs();
        let help = "How long the record that waits longest for its first intact verification has been known.";
        gauge("recverify_oldest_unverified_age_seconds", help, &one(age.to_string()));
    }
    if let Some(at) = summary.soonest_expiry_at {
        let help = "When the recording that expires soonest of those that wait is over, as Unix time.";
        gauge("recverify_soonest_expiry_timestamp_seconds", help, &one(seconds(at)));
    }
    if summary.backlog.is_some() {
        let help = "Whether a record waits longer for its first verification than it should.";
        gauge("recverify_coverage_overdue", help, &one(u8::from(run.overdue.is_some()).to_string()));
    }
    if let Some(at) = last_success {
        let help = "When a run last ended with everything intact (exit code 0), as Unix time.";
        gauge(LAST_SUCCESS, help, &one(at.to_owned()));
    }
    text
}

/// The value a former run of the same labels left; a file of anything else leaves none.
fn last_success(old: &str, labels: &Labels) -> Option<String> {
    let begin = format!("{LAST_SUCCESS}{{{}}} ", labels.text());
    let value = old.lines().find_map(|line| line.strip_prefix(&begin))?.trim();
    value.parse::<f64>().ok().filter(|at| at.is_finite()).map(|_| value.to_owned())
}

/// Unix time with milliseconds.
fn seconds(at: Timestamp) -> String {
    let millis = at.as_millisecond();
    format!("{}.{:03}", millis.div_euclid(1000), millis.rem_euclid(1000))
}

impl Labels {
    fn text(&self) -> String {
        format!("region=\"{}\",project=\"{}\"", escaped(&self.region), escaped(&self.project))
    }
}

/// A label's value: backslash, quote and line feed are escaped, nothing else can be.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use std::os::unix::fs::PermissionsExt as _;

    fn labels() -> Labels {
        Labels { region: "eu".to_owned(), project: "p".to_owned() }
    }

    fn summary() -> Summary {
        let mut summary = Summary { selected: 12, skipped: 7, not_ready: 2, ..Summary::default() };
        for report in [sample::intact(), sample::altered(), sample::unverified()] {
            summary.add(&report);
        }
        summary
    }

    #[test]
    fn every_metric_has_help_type_and_labels() {
        let expected = "\
# HELP recverify_records Records of the last run by outcome.
# TYPE recverify_records gauge
recverify_records{region=\"eu\",project=\"p\",outcome=\"altered\"} 1
recverify_records{region=\"eu\",project=\"p\",outcome=\"missing\"} 0
recverify_records{region=\"eu\",project=\"p\",outcome=\"inconsistent\"} 0
recverify_records{region=\"eu\",project=\"p\",outcome=\"unverified\"} 1
recverify_records{region=\"eu\",project=\"p\",outcome=\"undeclared\"} 0
recverify_records{region=\"eu\",project=\"p\",outcome=\"intact\"} 1
# HELP recverify_selected_records Records the last run selected, those without an outcome included.
# TYPE recverify_selected_records gauge
recverify_selected_records{region=\"eu\",project=\"p\"} 12
# HELP recverify_postponed_records Records the last run did not verify: intact not long ago, expired, not uploaded yet, or left for the next run.
# TYPE recverify_postponed_records gauge
recverify_postponed_records{region=\"eu\",project=\"p\",state=\"skipped\"} 7
recverify_postponed_records{region=\"eu\",project=\"p\",state=\"expired\"} 0
recverify_postponed_records{region=\"eu\",project=\"p\",state=\"not_ready\"} 2
recverify_postponed_records{region=\"eu\",project=\"p\",state=\"left\"} 0
# HELP recverify_acknowledged_records Records of the last run in a state that an operator has acknowledged.
# TYPE recverify_acknowledged_records gauge
recverify_acknowledged_records{region=\"eu\",project=\"p\"} 0
# HELP recverify_read_bytes Bytes of objects the last run read over the network, repeated ones included.
# TYPE recverify_read_bytes gauge
recverify_read_bytes{region=\"eu\",project=\"p\"} 20
# HELP recverify_run_duration_seconds How long the last run took.
# TYPE recverify_run_duration_seconds gauge
recverify_run_duration_seconds{region=\"eu\",project=\"p\"} 90.000
# HELP recverify_last_run_exit_code What the last run exited with.
# TYPE recverify_last_run_exit_code gauge
recverify_last_run_exit_code{region=\"eu\",project=\"p\"} 1
# HELP recverify_last_run_timestamp_seconds When the last run ended, as Unix time.
# TYPE recverify_last_run_timestamp_seconds gauge
recverify_last_run_timestamp_seconds{region=\"eu\",project=\"p\"} 1768521630.000
# HELP recverify_last_success_timestamp_seconds When a run last ended with everything intact (exit code 0), as Unix time.
# TYPE recverify_last_success_timestamp_seconds gauge
recverify_last_success_timestamp_seconds{region=\"eu\",project=\"p\"} 12.500
";
        assert_eq!(metrics(&labels(), &sample::run(), &summary(), 1, Some("12.500")), expected);
    }

    #[test]
    fn the_last_success_outlives_runs_that_are_none_and_is_readable_by_all() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("recverify.prom");
        let said = |exit_code| {
            let file = MetricsFile::open(&path, labels()).expect("a place to write");
            file.replace(&sample::run(), &summary(), exit_code).expect("written");
            last_success(&std::fs::read_to_string(&path).expect("metrics"), &labels())
        };
        assert_eq!(said(4), None);
        let success = Some("1768521630.000".to_owned());
        assert_eq!(said(0), success);
        for exit_code in [1, 3, 4, 6, 143] {
            assert_eq!(said(exit_code), success, "{exit_code}");
        }
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
    }

    #[test]
    fn a_success_of_another_project_or_a_broken_file_is_not_taken_over() {
        let other = Labels { project: "q".to_owned(), ..labels() };
        let old = metrics(&other, &sample::run(), &summary(), 0, Some("12.500"));
        assert_eq!(last_success(&old, &labels()), None);
        assert_eq!(last_success(&old, &other).as_deref(), Some("12.500"));
        for value in ["NaN", "soon", ""] {
            assert_eq!(last_success(&format!("{LAST_SUCCESS}{{{}}} {value}\n", labels().text()), &labels()), None);
        }
    }

    #[test]
    fn label_values_are_escaped() {
        let labels = Labels { region: "a\\b\"c\nd".to_owned(), project: String::new() };
        assert_eq!(labels.text(), "region=\"a\\\\b\\\"c\\nd\",project=\"\"");
    }
}
