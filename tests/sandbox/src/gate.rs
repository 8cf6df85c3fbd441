//! The gate that holds answers back until a test lets them go.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use tokio::sync::watch;

/// How long [`Gate::wait_for`] waits before it gives the test up.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Gate {
    open: watch::Sender<bool>,
    held: Mutex<usize>,
    changed: Condvar,
}

/// One answer that is held.
struct Held<'a>(&'a Gate);

impl<'a> Held<'a> {
    fn at(gate: &'a Gate) -> Self {
        *gate.held.lock().expect("no panic while counting") += 1;
        gate.changed.notify_all();
        Self(gate)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.0.held.lock().expect("no panic while counting") -= 1;
        self.0.changed.notify_all();
    }
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { open: watch::Sender::new(false), held: Mutex::new(0), changed: Condvar::new() }
    }

    /// Lets everything through, what is held now and what comes later.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Holds what comes from now on.
    pub(crate) fn close(&self) {
        self.open.send_replace(false);
    }

    pub(crate) async fn passed(&self) {
        let _held = Held::at(self);
        self.open.subscribe().wait_for(|open| *open).await.expect("the gate outlives whoever waits at it");
    }

    pub(crate) fn wait_for(&self, number: usize) {
        let held = self.held.lock().expect("no panic while counting");
        let (held, timeout) =
            self.changed.wait_timeout_while(held, PATIENCE, |held| *held != number).expect("no panic while counting");
        assert!(!timeout.timed_out(), "{held} answers are held, not {number}, after {PATIENCE:?}");
    }
}
