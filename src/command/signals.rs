//! The signals that end a run early: the first one asks it to stop, the second leaves at once.

use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use crate::exit::Signal;

/// Listens for SIGINT, SIGTERM and SIGHUP from its making on. A terminal that is closed ends a run as the system does.
pub(super) struct Signals {
    interrupt: Stream,
    terminate: Stream,
    /// `None` where it is ignored.
    hangup: Option<Stream>,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        let hangup = if hangup_is_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, hangup })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Signal {
        let hung_up = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            _ = hung_up => Signal::Terminate,
        }
    }
}

/// Whether the program was started to outlive its terminal, by nohup(1) for instance: listening would undo that. Linux
/// tells the ignored signals in proc(5), SIGHUP by the lowest bit; where nothing tells, nothing is ignored.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
