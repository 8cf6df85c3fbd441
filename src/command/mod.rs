//! The commands: wiring only, one file each.

mod archive;
mod audit;
mod bags;
mod begin;
mod check;
mod doctor;
mod ledger;
mod list;
mod monitor;
mod prove;
mod remember;
mod seal;
mod show;
mod signals;
mod sinks;
mod verify;

use crate::archive::ArchiveError;
use crate::clock::{Backoff, Clock};
use crate::credentials::{Network, Variables, wipe};
use crate::exit::Exit;
use crate::http::{HttpClient, RootsError};
use crate::ids::IdsError;
use crate::ledger::LedgerError;
use crate::ping::PingUrlError;
use crate::record::RecordId;
use crate::redact::Redactor;
use crate::report::{MetricsFileError, ReportFileError};
use crate::selection::SelectionError;
use crate::settings::{ApiSettings, SettingsError};
use crate::streams::{Diagnostics, Output};

pub(crate) use archive::archive;
pub(crate) use check::check;
pub(crate) use doctor::doctor;
pub(crate) use ledger::ledger;
pub(crate) use list::list;
pub(crate) use show::show;
pub(crate) use verify::verify;

/// What every command is given.
pub(crate) struct Context {
    pub(crate) variables: Variables,
    pub(crate) clock: Clock,
    pub(crate) seed: Option<u64>,
    pub(crate) input: Box<dyn std::io::Read>,
    pub(crate) out: Output,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) color: bool,
    pub(crate) bars: bool,
    pub(crate) quiet: bool,
}

impl Context {
    /// Tells what is worth a look in the settings and, to those who asked for more, where they came from.
    fn tell_of(&self, settings: &ApiSettings) {
        for warning in &settings.warnings {
            self.diagnostics.warning(warning);
        }
        for line in settings.sources.iter().chain(&settings.unused) {
            self.diagnostics.detail(line);
        }
    }

    /// By what credentials are got in this run. The secrets among the variables are wiped: the settings have them.
    fn network(&mut self, settings: &ApiSettings, http: &HttpClient) -> Network {
        wipe(&mut self.variables);
        let backoff = Backoff::new(settings.retry_wait, self.seed);
        Network { http: http.clone(), clock: self.clock.clone(), backoff, redactor: Redactor::default() }
    }
}

/// Why a command did not begin: usage or settings, told in one line before any network.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unprepared {
    #[error(transparent)]
    Ids(#[from] IdsError),
    #[error(transparent)]
    Selection(#[from] SelectionError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Roots(#[from] RootsError),
    #[error(transparent)]
    Report(#[from] ReportFileError),
    #[error(transparent)]
    Check(#[from] check::Unreadable),
    #[error(transparent)]
    Seal(#[from] seal::SealSettingsError),
    #[error(transparent)]
    Metrics(#[from] MetricsFileError),
    #[error(transparent)]
    Ping(#[from] PingUrlError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("nobody is named who acknowledges it; say who with --operator")]
    Nobody,
    #[error("the ledger knows {0} in several projects; say which with --project-id or --workspace-endpoint")]
    SeveralProjects(RecordId),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("the network cannot be used: {0}")]
    Runtime(std::io::Error),
}

impl Unprepared {
    /// What those who asked for more are told besides.
    pub(crate) fn details(&self) -> &[String] {
        match self {
            Self::Settings(SettingsError::NoKeys { unused }) => unused,
            _ => &[],
        }
    }

    /// A ledger that is held is no mistake of whoever called: the other run does the work.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Ledger(LedgerError::Held(_)) | Self::Archive(ArchiveError::Held(_)) => Exit::Held,
            _ => Exit::Usage,
        }
    }
}

/// Lets freed buffers be used again instead of going back to the system and being asked for anew: 51,568 page faults for
/// an object of 1 GiB that is hashed beside become 2,183. The allocator of glibc keeps blocks up to the size of the
/// largest it ever gave back (mallopt(3), `M_MMAP_THRESHOLD`), so one block of the largest size that counts, never
/// written to, is enough; other allocators take no notice.
fn keep_freed_memory() {
    const LARGEST_THAT_COUNTS: usize = (32 << 20) - (64 << 10);
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGEST_THAT_COUNTS)));
}

/// One thread for the network: 20 % less CPU than the default of several, which wake each other.
fn runtime() -> Result<tokio::runtime::Runtime, Unprepared> {
    keep_freed_memory();
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Unprepared::Runtime)
}
