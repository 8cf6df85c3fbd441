//! The gate that holds answers back until a test lets them go.

use tokio::sync::watch;

pub(crate) struct Gate {
    open: watch::Sender<bool>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { open: watch::Sender::new(false) }
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
        self.open.subscribe().wait_for(|open| *open).await.expect("the gate outlives whoever waits at it");
    }
}
