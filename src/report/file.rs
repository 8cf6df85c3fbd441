//! A report in a file: written beside its place under another name, and put there whole or not at all.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{JsonLinesReport, JsonReport, ReportWriter, Run, TextReport};
use crate::evidence::RecordReport;
use crate::summary::Summary;

/// A report that becomes visible under its name only once it is complete and on disk.
///
/// It is readable by its owner alone: it names people and what they recorded.
pub struct ReportFile {
    path: PathBuf,
    /// Holds the temporary file until it is put in place; dropped, it removes it.
    file: NamedTempFile,
    writer: Box<dyn ReportWriter>,
}

/// Why a report cannot be written where it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ReportFileError {
    /// The extension says nothing.
    #[error("{0} has no extension that names a report format; use .txt, .json or .jsonl")]
    Extension(PathBuf),
    /// Two reports would overwrite each other.
    #[error("two reports would be written to {0}; give each a name of its own")]
    Twice(PathBuf),
    /// There is nothing to write it into.
    #[error("the report {path} cannot be written: there is no directory {directory}; make it first")]
    NoDirectory {
        /// Which report.
        path: PathBuf,
        /// Which directory.
        directory: PathBuf,
    },
    /// Nothing can be written beside it.
    #[error("the report {path} cannot be written: {source}")]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ReportFile {
    /// Checks the name and opens a temporary file beside it.
    pub fn create(path: &Path) -> Result<Self, ReportFileError> {
        let unwritable = |source| ReportFileError::Unwritable { path: path.to_owned(), source };
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        let build: fn(BufWriter<std::fs::File>) -> Box<dyn ReportWriter> = match extension {
            "txt" => |out| Box::new(TextReport::new(out, false)),
            "json" => |out| Box::new(JsonReport::new(out)),
            "jsonl" => |out| Box::new(JsonLinesReport::new(out)),
            _ => return Err(ReportFileError::Extension(path.to_owned())),
        };
        if path.is_dir() {
            return Err(unwritable(io::ErrorKind::IsADirectory.into()));
        }
        let directory = directory_of(path);
        if !directory.is_dir() {
            return Err(ReportFileError::NoDirectory { path: path.to_owned(), directory: directory.to_owned() });
        }
        let file = NamedTempFile::new_in(directory).map_err(unwritable)?;
        let handle = file.reopen().map_err(unwritable)?;
        Ok(Self { path: path.to_owned(), file, writer: build(BufWriter::new(handle)) })
    }

    /// Opens all of them, or none.
    pub fn create_all(paths: &[PathBuf]) -> Result<Vec<Self>, ReportFileError> {
        // One file has many spellings. A directory that cannot be resolved is complained about when it is written into.
        let place = |path: &PathBuf| (directory_of(path).canonicalize().ok(), path.file_name().map(ToOwned::to_owned));
        let places: Vec<_> = paths.iter().map(place).collect();
        for (at, path) in paths.iter().enumerate() {
            if places[..at].contains(&places[at]) {
                return Err(ReportFileError::Twice(path.clone()));
            }
        }
        paths.iter().map(|path| Self::create(path)).collect()
    }

    /// Where it is going to stand.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one record.
    pub fn record(&mut self, report: &RecordReport) -> io::Result<()> {
        self.writer.record(report)
    }

    /// Writes the end and puts the report in its place, where it survives a crash of the machine.
    pub fn finish(mut self, run: &Run, summary: &Summary) -> io::Result<()> {
        self.writer.finish(run, summary)?;
        self.file.as_file().sync_all()?;
        self.file.persist(&self.path).map_err(|error| error.error)?;
        std::fs::File::open(directory_of(&self.path))?.sync_all()
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
