//! What can happen while records are verified, for whoever watches.
//!
//! Display only: a watcher may miss an event. Evidence travels in the returned reports.

use std::time::Duration;

use crate::evidence::RecordReport;
use crate::fixity::{Code, Outcome};
use crate::record::{RecordId, Role};

/// One object among those being read in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef<'a> {
    /// Its record.
    pub record: &'a RecordId,
    /// Which of its files.
    pub role: Role,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// A run began.
    RunStarted {
        /// How many records it has; `None` while a listing is still being read.
        records: Option<u64>,
    },
    /// A record's two objects are about to be looked for.
    RecordStarted {
        /// Which.
        record: &'a RecordId,
    },
    /// The Workspace API is asked again.
    ApiRetry {
        /// About what: a record's id, or the listing.
        about: &'a str,
        /// Why.
        code: Code,
        /// In words.
        message: &'a str,
        /// After how long.
        wait: Duration,
    },
    /// The first bytes of an object are on their way.
    ReadStarted {
        /// Which.
        object: ObjectRef<'a>,
        /// Its length, where the store said so.
        bytes: Option<u64>,
        /// 1, or 2 for the second, independent read.
        pass: u8,
    },
    /// Bytes were read.
    ReadProgress {
        /// Of which object.
        object: ObjectRef<'a>,
        /// How far the read is now.
        position: u64,
    },
    /// A read broke off and goes on after a wait.
    ReadRetry {
        /// Which.
        object: ObjectRef<'a>,
        /// Where it stands.
        position: u64,
        /// Why it broke off.
        code: Code,
        /// In words.
        message: &'a str,
        /// After how long it goes on.
        wait: Duration,
    },
    /// An object has its outcome.
    ObjectFinished {
        /// Which.
        object: ObjectRef<'a>,
        /// What it is.
        outcome: Outcome,
    },
    /// A record has its outcome.
    RecordFinished {
        /// All that was established.
        report: &'a RecordReport,
    },
    /// The run is over.
    RunFinished,
}

/// Whoever watches a run.
pub trait Watch {
    /// Takes note of one event; must return at once.
    fn on(&self, event: &Event<'_>);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn on(&self, _event: &Event<'_>) {}
}
