//! Every request that arrived, in order, and a way to wait for one.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use http::{HeaderMap, Method};

/// How long [`Journal::wait_for`] waits before it gives the test up.
const PATIENCE: Duration = Duration::from_mins(1);

/// One of the sandbox's services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The Workspace API.
    Workspace,
    /// The S3 store.
    Store,
    /// IAM.
    Iam,
    /// The metadata service of a cloud server.
    Metadata,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Who was asked.
    pub service: Service,
    /// Connections are numbered from 1 in the order they were accepted, each service apart.
    pub connection: usize,
    /// Method of the request line.
    pub method: Method,
    /// Path of the request line, percent-encoded as sent.
    pub path: String,
    /// Query of the request line without the `?`, percent-encoded as sent; empty if there was none.
    pub query: String,
    /// Headers as sent.
    pub headers: HeaderMap,
    /// When its headers had been read.
    pub arrived: Instant,
    /// Status of the answer; `None` while it is held back, and for good if the connection was dropped instead.
    pub status: Option<u16>,
}

impl Seen {
    /// A header's value, if it was sent and is ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[derive(Default)]
pub(crate) struct Journal {
    seen: Mutex<Vec<Seen>>,
    changed: Condvar,
}

impl Journal {
    /// Notes a request and gives its place, for [`Journal::answered`].
    pub(crate) fn arrived(&self, request: Seen) -> usize {
        let mut seen = self.seen.lock().expect("no panic while noting a request");
        seen.push(request);
        self.changed.notify_all();
        seen.len() - 1
    }

    pub(crate) fn answered(&self, place: usize, status: u16) {
        let mut seen = self.seen.lock().expect("no panic while noting a request");
        seen[place].status = Some(status);
        self.changed.notify_all();
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic while noting a request").clone()
    }

    pub(crate) fn wait_for(&self, satisfied: impl Fn(&[Seen]) -> bool) {
        let seen = self.seen.lock().expect("no panic while noting a request");
        let (seen, timeout) = self
            .changed
            .wait_timeout_while(seen, PATIENCE, |seen| !satisfied(seen))
            .expect("no panic while noting a request");
        assert!(
            !timeout.timed_out(),
            "the awaited request did not arrive within {PATIENCE:?}; {} arrived: {:#?}",
            seen.len(),
            seen.iter()
                .map(|s| format!("{:?} {} {}?{} -> {:?}", s.service, s.method, s.path, s.query, s.status))
                .collect::<Vec<_>>()
        );
    }
}
