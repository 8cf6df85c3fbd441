//! The ledger: what was established in every run, appended and never changed, in one SQLite file.
//!
//! Every row of evidence — a run, its end, a sighting, a verification, … — takes the next number of one sequence and carries
//! a head: `SHA-256(previous head ‖ row digest)`. The row digest is that of a JSON array of **all** columns of the row,
//! keys spelled out (endpoint, project, record id, run id) and the report's bytes standing in as their own SHA-256; so
//! no column can be changed unnoticed, and one record can be shown without the bytes of the others. The array is what
//! SQLite's own `json_array` makes, so that `sqlite3` and `sha256sum` are enough to check it: see the view `chain`.
//!
//! It knows `fixity`, `record` and `evidence`, and of `report` only how a value is written as JSON, so that a report in
//! the ledger has the bytes it has everywhere.
//!
//! Whoever can write the file can make all of the chain anew. So its head is kept where that does not reach: in the
//! signed report of each run, and noted beside the ledger (`FILE.head`). [`Audit`] holds one against the other.
//!
//! Reading ([`Reader`]) never waits for a run; writing ([`Ledger`]) is for one run at a time.

mod acknowledgement;
mod append;
mod audit;
mod backup;
mod chain;
mod coverage;
mod declaration;
mod discontinuity;
mod error;
mod export;
mod file;
mod history;
mod lock;
mod note;
mod plan;
mod prove;
mod read;
mod run;
mod schema;
mod standing;
mod status;
mod unlisted;
mod walk;

pub use acknowledgement::{Acknowledged, Acknowledgement, state};
pub use audit::{Audit, Claim, Claimed};
pub use chain::Head;
pub use declaration::{Change, ChangeKind, Declaration, Field, compare, is_relocation};
pub use discontinuity::{Behind, Discontinuity};
pub use error::LedgerError;
pub use export::{ExportError, csv, jsonl};
pub use history::{Event, HistoryRow};
pub use plan::{Backlog, Plan, Planned};
pub use prove::Proven;
pub use read::Reader;
pub use run::{Listed, OpenRun, RunEnd};
pub use standing::{FirstDeclaration, LastIntact, Latest, Standing, Why};
pub use status::{LastRun, Status};
pub use walk::{About, Break};

use std::path::{Path, PathBuf};

use lock::Lock;

/// Whose records: the identity of a record is endpoint, project and record id, so that several projects share a ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Scope {
    /// Address of the Workspace API, `https://host[:port]`.
    pub endpoint: String,
    /// Id of the project.
    pub project: String,
}

/// A ledger held for writing; no other run can hold it until this one is dropped or its process ends.
#[derive(Debug)]
pub struct Ledger {
    // Before the lock, so that the database is closed while the ledger is still held.
    reader: Reader,
    path: PathBuf,
    /// That it is behind the head noted beside it, until the first row it gets says so.
    behind: Option<Behind>,
    _lock: Lock,
}

impl Ledger {
    /// Opens the ledger for a run; one that is not there yet, or an empty file, becomes an empty ledger.
    ///
    /// A file that is none of this program's ledgers is refused and not touched.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let path = file::resolve(path)?;
        let lock = Lock::take(&path)?;
        let reader = Reader::of(file::open_to_write(&path)?)?;
        let behind = Behind::of(&reader, note::read(&path)?)?;
        Ok(Self { reader, path, behind, _lock: lock })
    }

    /// That it does not go on where it ended, put back from a backup for instance; the first row it gets says so.
    #[must_use]
    pub const fn behind(&self) -> Option<&Behind> {
        self.behind.as_ref()
    }

    /// What can be asked of it.
    #[must_use]
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }
}

#[cfg(test)]
mod tests;
