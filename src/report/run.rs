//! One invocation as reports have it: what was selected, by whom, where, as whom and how it was set up.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Spool;
use crate::clock::Offset;
use crate::evidence::{Reason, Warning};
use crate::fixity::Sha256Digest;
use crate::record::Criteria;
use crate::time::{millis, report_time};

/// One invocation.
#[derive(Debug, Serialize)]
pub struct Run {
    /// A UUID of version 7, so that runs sort by their start.
    pub id: String,
    /// When it started.
    #[serde(serialize_with = "millis")]
    pub started_at: Timestamp,
    /// When its last record was known.
    #[serde(serialize_with = "millis")]
    pub finished_at: Timestamp,
    /// What was selected.
    pub selection: Selection,
    /// The machine it ran on.
    pub host: Host,
    /// Who ran it.
    pub operator: Operator,
    /// The case it belongs to, as given.
    pub case: Option<String>,
    /// What the operator noted.
    pub note: Option<String>,
    /// The settings in force by the names of their flags, secrets left out.
    pub settings: BTreeMap<&'static str, Value>,
    /// As whom the services were asked.
    pub credentials: Credentials,
    /// How far this machine's clock was from those of the services that were asked.
    pub clocks: Vec<ClockOffset>,
    /// The report files it writes, as they were named.
    pub reports: Vec<String>,
    /// The fingerprint of the key that signs the reports, if they are signed: `SHA256:…`.
    pub signing_key: Option<String>,
    /// The authority asked to time-stamp them, if one is.
    pub timestamp_url: Option<String>,
    /// The head of the ledger's chain before the run and after it; absent without a ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
    /// What is worth a look about the run as a whole although it decided nothing.
    pub warnings: Vec<Warning>,
    /// Why the ledger's records are not looked at as often as they should be, if so.
    pub overdue: Option<Reason>,
    /// The ids of all records selected, those without an outcome included, in the order they were selected.
    pub expected: Spool,
    /// Every request for the listing, with its answer; empty where records were named.
    pub listing: Spool,
}

impl Run {
    /// The same run as the report of one of its records has it, which is written to a file of this name: nothing in it
    /// names another record, and nothing the run was asked for that does.
    #[must_use]
    pub fn of_one_record(&self, expected: Spool, finished_at: Timestamp, file: &str) -> Self {
        let selection =
            Selection { ids: Some(1), ids_from: None, window: None, limit: None, complete: true, shortfall: None };
        Self {
            id: self.id.clone(),
            started_at: self.started_at,
            finished_at,
            selection,
            host: self.host.clone(),
            operator: self.operator.clone(),
            case: self.case.clone(),
            note: self.note.clone(),
            settings: self.settings.clone(),
            credentials: self.credentials.clone(),
            clocks: self.clocks.clone(),
            reports: vec![file.to_owned()],
            signing_key: self.signing_key.clone(),
            timestamp_url: None,
            chain: None,
            warnings: Vec::new(),
            overdue: None,
            expected,
            listing: Spool::default(),
        }
    }
}

/// What was selected to be verified: records by name, or those of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Selection {
    /// Records named, each counted once.
    pub ids: Option<u64>,
    /// The file ids were taken from, if one was.
    pub ids_from: Option<String>,
    /// The window and its filters.
    pub window: Option<Criteria>,
    /// At most so many records of it, oldest first.
    pub limit: Option<u64>,
    /// Whether the selection was read to its end; its budget does not count.
    pub complete: bool,
    /// Why not, if not.
    pub shortfall: Option<Reason>,
}

/// A machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Host {
    /// The name it gives itself.
    pub name: String,
    /// Its system, as the system names itself.
    pub os: String,
    /// Kernel, its release and the architecture.
    pub kernel: String,
}

impl Host {
    /// This machine.
    #[must_use]
    pub fn this() -> Self {
        let system = rustix::system::uname();
        let text = |word: &std::ffi::CStr| word.to_string_lossy().into_owned();
        let kernel = [system.sysname(), system.release(), system.machine()].map(text).join(" ");
        let os = std::fs::read_to_string("/etc/os-release").ok().and_then(|release| pretty_name(&release));
        Self { name: text(system.nodename()), os: os.unwrap_or_else(|| text(system.sysname())), kernel }
    }
}

/// `PRETTY_NAME` of an os-release file (os-release(5)).
fn pretty_name(release: &str) -> Option<String> {
    let value = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim_matches(['"', '\'']).to_owned())
}

/// Who ran the program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// As given, or the login.
    pub name: Option<String>,
    /// The login, by the environment.
    pub login: Option<String>,
    /// The number of the user the process ran as.
    pub uid: u32,
}

impl Operator {
    /// Whoever runs this process, by another name if one was given.
    #[must_use]
    pub fn this(name: Option<String>, login: Option<String>) -> Self {
        Self { name: name.or_else(|| login.clone()), login, uid: rustix::process::getuid().as_raw() }
    }
}

/// As whom the services were asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Credentials {
    /// The Workspace API.
    pub workspace: Identity,
    /// The store.
    pub store: Identity,
}

/// What names a credential, without being one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Identity {
    /// A key pair.
    AccessKey {
        /// Its id.
        access_key_id: String,
        /// Whether it came with a security token, so that it ends by itself.
        temporary: bool,
    },
    /// A user token; it names nobody by itself.
    Token,
    /// None was got, or none was needed.
    #[default]
    None,
}

/// A service that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// The Workspace API.
    Workspace,
    /// The object store.
    Store,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Workspace => "Workspace API",
            Self::Store => "store",
        })
    }
}

/// How far this machine's clock was from a service's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockOffset {
    /// Whose.
    pub service: Service,
    /// By the answer that came the fastest.
    pub offset: Offset,
}

impl Serialize for ClockOffset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let (least, most) = self.offset.milliseconds();
        let mut clock = serializer.serialize_struct("ClockOffset", 6)?;
        clock.serialize_field("service", &self.service)?;
        clock.serialize_field("sent_at", &report_time(self.offset.sent_at))?;
        clock.serialize_field("received_at", &report_time(self.offset.received_at))?;
        clock.serialize_field("server_date", &report_time(self.offset.server_date))?;
        clock.serialize_field("ahead_ms_least", &least)?;
        clock.serialize_field("ahead_ms_most", &most)?;
        clock.end()
    }
}

/// Where the ledger's chain stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// Before the run's first row.
    pub before: ChainHead,
    /// After its last row.
    pub after: ChainHead,
}

/// A head of the ledger's chain; it stands for all the rows up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ChainHead {
    /// The number of the last of them.
    pub seq: i64,
    /// Its digest.
    pub sha256: Sha256Digest,
}
