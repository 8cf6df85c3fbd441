//! A report in a file: written beside its place under another name, and put there whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::name::{UnknownPlaceholder, expand};
use super::place::{Place, directory_of, same_place};
use super::seal::{Seal, SealError, Signed, remove_earlier, sidecars};
use super::{ChecksumReport, CsvReport, JsonLinesReport, JsonReport, JunitReport, ReportWriter, Run, TextReport};
use crate::evidence::RecordReport;
use crate::signature::Signer;
use crate::summary::Summary;

/// A report that becomes visible under its name only once it is complete and on disk.
///
/// It is readable by its owner alone, since it names people and what they recorded, unless it takes the place of a file
/// that others may read.
pub struct ReportFile {
    place: Place,
    writer: Box<dyn ReportWriter>,
    seal: Option<Seal>,
}

/// Why a report cannot be written where it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ReportFileError {
    /// The extension says nothing.
    #[error("{0} has no extension that names a report format; use .txt, .json, .jsonl, .csv, .xml or .sha256")]
    Extension(PathBuf),
    /// Braces around a word that stands for nothing.
    #[error("{{{placeholder}}} in the report name {path} stands for nothing; {{run_id}} and {{date}} do")]
    Placeholder {
        /// The name as given.
        path: PathBuf,
        /// What stands between the braces.
        placeholder: String,
    },
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
    /// Opens a temporary file beside `path`, whose extension says what is written; with a signer it is going to be signed.
    pub fn create(path: &Path, signer: Option<&Rc<Signer>>) -> Result<Self, ReportFileError> {
        let unwritable = |source| ReportFileError::Unwritable { path: path.to_owned(), source };
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        let build: fn(BufWriter<File>) -> Box<dyn ReportWriter> = match extension {
            "txt" => |out| Box::new(TextReport::filed(out)),
            "json" => |out| Box::new(JsonReport::new(out)),
            "jsonl" => |out| Box::new(JsonLinesReport::new(out)),
            "csv" => |out| Box::new(CsvReport::new(out)),
            "xml" => |out| Box::new(JunitReport::new(out)),
            "sha256" => |out| Box::new(ChecksumReport::new(out)),
            _ => return Err(ReportFileError::Extension(path.to_owned())),
        };
        let directory = directory_of(path);
        if !directory.is_dir() {
            return Err(ReportFileError::NoDirectory { path: path.to_owned(), directory: directory.to_owned() });
        }
        let place = Place::beside(path).map_err(unwritable)?;
        let handle = place.handle().map_err(unwritable)?;
        let seal = signer.map(|signer| Seal::beside(path, signer)).transpose().map_err(unwritable)?;
        Ok(Self { place, writer: build(BufWriter::new(handle)), seal })
    }

    /// Fills in what the names leave to the run, and opens all of the files or none.
    pub fn create_all(names: &[PathBuf], run: &Run, signer: Option<&Rc<Signer>>) -> Result<Vec<Self>, ReportFileError> {
        let unknown = |path: &PathBuf, UnknownPlaceholder(placeholder)| ReportFileError::Placeholder {
            path: path.clone(),
            placeholder,
        };
        let expanded = names.iter().map(|name| expand(name, run).map_err(|error| unknown(name, error)));
        let paths = expanded.collect::<Result<Vec<_>, _>>()?;
        for (at, path) in paths.iter().enumerate() {
            if paths[..at].iter().any(|earlier| same_place(earlier, path)) {
                return Err(ReportFileError::Twice(path.clone()));
            }
        }
        paths.iter().map(|path| Self::create(path, signer)).collect()
    }

    /// Where it is going to stand.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// Whether it, or what is going to stand beside it, has this place.
    #[must_use]
    pub fn occupies(&self, path: &Path) -> bool {
        same_place(self.path(), path) || sidecars(self.path()).any(|beside| same_place(&beside, path))
    }

    /// Writes one record.
    pub fn record(&mut self, report: &RecordReport) -> io::Result<()> {
        self.writer.record(report)
    }

    /// Writes the end and puts the report in its place, where it survives a crash of the machine, then its signature
    /// beside it. A report is kept whether it could be signed or not.
    pub fn finish(mut self, run: &Run, summary: &Summary) -> io::Result<Result<(), SealError>> {
        self.writer.finish(run, summary)?;
        let written = self.place.handle()?;
        let signed = self.seal.map(|seal| seal.sign(written)).transpose();
        let removed = remove_earlier(self.place.path());
        self.place.readable_as_before()?;
        self.place.take()?;
        Ok(removed.and(signed).and_then(|signed| signed.map_or(Ok(()), Signed::take)))
    }
}
