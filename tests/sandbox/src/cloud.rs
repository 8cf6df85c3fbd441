//! What all services and the test share: settings, records, objects, faults, the journal.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::Clock;
use crate::fault::{AccessCalls, ApiCalls, ApiFault, StoreCalls, StoreFault};
use crate::gate::Gate;
use crate::issued::Issued;
use crate::journal::Journal;
use crate::keys::{PROJECT_ID, REGION};
use crate::rules::Rules;
use crate::store::Buckets;
use crate::workspace::Records;

pub(crate) struct Cloud {
    pub(crate) clock: Clock,
    pub(crate) journal: Journal,
    pub(crate) gate: Gate,
    pub(crate) credentials: Credentials,
    pub(crate) records: Records,
    pub(crate) api_faults: Rules<ApiCalls, ApiFault>,
    pub(crate) buckets: Buckets,
    pub(crate) store_faults: Rules<StoreCalls, StoreFault>,
    pub(crate) issued: Issued,
    pub(crate) access_faults: Rules<AccessCalls, ApiFault>,
    projects: Mutex<Vec<(String, String)>>,
    sessionless: Mutex<Option<u16>>,
    virtual_hosts_only: AtomicBool,
    store_region: Mutex<String>,
    latency: Mutex<Option<Duration>>,
}

/// What the one account's credentials are worth just now.
#[derive(Default)]
pub(crate) struct Credentials {
    temporary: AtomicBool,
    expired: AtomicBool,
    foreign_bucket: AtomicBool,
}

impl Credentials {
    /// Whether the keys are temporary ones, of no use without their security token.
    pub(crate) fn temporary(&self) -> bool {
        self.temporary.load(Ordering::SeqCst)
    }

    pub(crate) fn set_temporary(&self) {
        self.temporary.store(true, Ordering::SeqCst);
    }

    pub(crate) fn expired(&self) -> bool {
        self.expired.load(Ordering::SeqCst)
    }

    /// Whether the store belongs to another account.
    pub(crate) fn foreign_bucket(&self) -> bool {
        self.foreign_bucket.load(Ordering::SeqCst)
    }

    pub(crate) fn set_foreign_bucket(&self) {
        self.foreign_bucket.store(true, Ordering::SeqCst);
    }

    pub(crate) fn set_expired(&self, expired: bool) {
        self.expired.store(expired, Ordering::SeqCst);
    }
}

impl Cloud {
    pub(crate) fn new() -> Self {
        Self {
            clock: Clock::default(),
            journal: Journal::default(),
            gate: Gate::new(),
            credentials: Credentials::default(),
            records: Records::default(),
            api_faults: Rules::new(),
            buckets: Buckets::default(),
            store_faults: Rules::new(),
            issued: Issued::new(),
            access_faults: Rules::new(),
            projects: Mutex::new(vec![(PROJECT_ID.to_owned(), REGION.to_owned())]),
            sessionless: Mutex::new(None),
            virtual_hosts_only: AtomicBool::new(false),
            store_region: Mutex::new(REGION.to_owned()),
            latency: Mutex::new(None),
        }
    }

    pub(crate) fn virtual_hosts_only(&self) -> bool {
        self.virtual_hosts_only.load(Ordering::SeqCst)
    }

    pub(crate) fn set_virtual_hosts_only(&self) {
        self.virtual_hosts_only.store(true, Ordering::SeqCst);
    }

    /// Ids and names.
    pub(crate) fn projects(&self) -> Vec<(String, String)> {
        self.projects.lock().expect("no panic while reading a setting").clone()
    }

    pub(crate) fn set_projects(&self, projects: Vec<(String, String)>) {
        *self.projects.lock().expect("no panic while reading a setting") = projects;
    }

    /// The status a metadata service answers with that knows no sessions.
    pub(crate) fn sessionless(&self) -> Option<u16> {
        *self.sessionless.lock().expect("no panic while reading a setting")
    }

    pub(crate) fn set_sessionless(&self, status: u16) {
        *self.sessionless.lock().expect("no panic while reading a setting") = Some(status);
    }

    pub(crate) fn store_region(&self) -> String {
        self.store_region.lock().expect("no panic while reading a setting").clone()
    }

    pub(crate) fn set_store_region(&self, region: &str) {
        region.clone_into(&mut self.store_region.lock().expect("no panic while reading a setting"));
    }

    pub(crate) fn latency(&self) -> Option<Duration> {
        *self.latency.lock().expect("no panic while reading a setting")
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        *self.latency.lock().expect("no panic while reading a setting") = Some(latency);
    }
}
