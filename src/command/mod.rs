//! The commands: wiring only, one file each.

mod ids;
mod show;
mod signals;
mod sinks;
mod verify;

use crate::clock::Clock;
use crate::credentials::Variables;
use crate::exit::Exit;
use crate::streams::{Diagnostics, Output};

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
    /// Ends a command whose words or settings are wrong: one line, before any network.
    fn usage(&self, error: &dyn std::fmt::Display) -> Exit {
        self.diagnostics.error(&error.to_string());
        Exit::Usage
    }
}

/// One thread for the network: 20 % less CPU than the default of several, which wake each other.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
