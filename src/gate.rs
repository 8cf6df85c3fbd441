//! Whether a service may still be asked: one rejected key, one name that does not resolve or twenty failures of a kind
//! in a row close it for the rest of the run.
//!
//! More than five bad signatures in a row lock an access key for everybody (Workspace API, authentication), so until a
//! credential has been accepted once, requests go one at a time, and after a rejection none goes at all. A service that
//! throttles is left alone by all of them at once, see [`crate::throttle`].

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Backoff;
use crate::fixity::Code;
use crate::throttle::{Round, Throttle};

/// After so many failures of the same kind in a row a service is not asked again.
const FAILURES_IN_A_ROW: u32 = 20;

/// Guards one service (the Workspace API, or the store) for one run.
#[derive(Debug)]
pub struct Gate {
    service: &'static str,
    rejection: Rejection,
    first: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// Whether a credential was rejected, and how often it was renewed; shared by the gates of all services it is shown to.
#[derive(Debug, Clone, Default)]
pub struct Rejection(Arc<Standing>);

#[derive(Debug, Default)]
struct Standing {
    closed: Mutex<Option<Closed>>,
    renewals: AtomicU64,
}

impl Rejection {
    /// The key is another one from now on, which nobody has accepted yet.
    pub fn renewed(&self) {
        self.0.renewals.fetch_add(1, Ordering::SeqCst);
    }

    /// Which of the keys it is.
    fn key(&self) -> u64 {
        self.0.renewals.load(Ordering::SeqCst)
    }

    fn get(&self) -> Option<Closed> {
        self.0.closed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, closed: Closed) {
        self.0.closed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(closed);
    }
}

#[derive(Debug)]
struct State {
    /// The last key that was accepted.
    accepted: Option<u64>,
    throttle: Throttle,
    closed: Option<Closed>,
    unresolved: BTreeMap<String, Closed>,
    streak: Option<(Code, u32)>,
}

/// Why a service is not asked any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// What every record that would have needed the service is marked with.
    pub code: Code,
    /// In words.
    pub message: String,
}

/// Leave to send one request. Until it is settled or dropped no other is given while the credential is unproven or the
/// service throttles.
#[derive(Debug)]
pub struct Pass<'a> {
    gate: &'a Gate,
    /// The key it was given for.
    key: u64,
    round: Round,
    _alone: Option<tokio::sync::MutexGuard<'a, ()>>,
}

impl Gate {
    /// An open gate; `service` names it in messages ("the Workspace API", "the store"), `rejection` belongs to the
    /// credential it is asked with, `backoff` says how long a service that throttles is left alone.
    #[must_use]
    pub fn new(service: &'static str, rejection: Rejection, backoff: Backoff) -> Self {
        let throttle = Throttle::new(backoff);
        let state = State { accepted: None, throttle, closed: None, unresolved: BTreeMap::new(), streak: None };
        Self { service, rejection, first: tokio::sync::Mutex::new(()), state: Mutex::new(state) }
    }

    /// Waits until a request to `host` may be sent.
    pub async fn enter(&self, host: &str) -> Result<Pass<'_>, Closed> {
        self.open(host)?;
        if self.is_free() {
            return Ok(self.pass(None));
        }
        let alone = self.first.lock().await;
        loop {
            let until = self.state().throttle.until(Instant::now());
            let Some(until) = until else { break };
            tokio::time::sleep_until(until).await;
        }
        self.open(host)?;
        Ok(self.pass((!self.is_free()).then_some(alone)))
    }

    /// How long the service is still left alone.
    pub fn pause(&self) -> Duration {
        let now = Instant::now();
        self.state().throttle.until(now).map_or(Duration::ZERO, |until| until - now)
    }

    /// How often the service was left alone so far, because it throttles.
    #[must_use]
    pub fn pauses(&self) -> u64 {
        self.state().throttle.pauses()
    }

    /// An operation got its answer: the streak of failures is over.
    pub fn worked(&self) {
        self.state().streak = None;
    }

    /// An operation failed for good, all its tries included, in a way that speaks of the service and not of one record.
    pub fn failed(&self, code: Code, message: &str) {
        let mut state = self.state();
        let count = match state.streak {
            Some((kind, count)) if kind == code => count + 1,
            _ => 1,
        };
        state.streak = Some((code, count));
        self.close_after(count, &mut state, code, message);
    }

    /// The name of `host` does not resolve: it is not looked up again.
    pub fn unresolved(&self, host: &str, message: &str) {
        let closed = Closed { code: Code::Connection, message: format!("not asked: {message}") };
        self.state().unresolved.insert(host.to_owned(), closed);
    }

    fn close_after(&self, failures: u32, state: &mut State, code: Code, message: &str) {
        if failures >= FAILURES_IN_A_ROW && state.closed.is_none() {
            let service = self.service;
            let message = format!("not asked: {service} failed {failures} times in a row, the last time so: {message}");
            state.closed = Some(Closed { code, message });
        }
    }

    /// Whether requests need not go one at a time.
    fn is_free(&self) -> bool {
        let state = self.state();
        state.accepted == Some(self.rejection.key()) && !state.throttle.is_on()
    }

    fn pass<'a>(&'a self, alone: Option<tokio::sync::MutexGuard<'a, ()>>) -> Pass<'a> {
        Pass { gate: self, key: self.rejection.key(), round: self.state().throttle.round(), _alone: alone }
    }

    fn open(&self, host: &str) -> Result<(), Closed> {
        if let Some(closed) = self.rejection.get() {
            return Err(closed);
        }
        let state = self.state();
        match state.closed.as_ref().or_else(|| state.unresolved.get(host)) {
            Some(closed) => Err(closed.clone()),
            None => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The service took the credential, and had time for the request: others need not go one at a time on its account.
    pub fn accepted(self) {
        let mut state = self.gate.state();
        state.accepted = state.accepted.max(Some(self.key));
        state.throttle.answered(self.round);
    }

    /// The service has too many requests, as `message` says, and wants to be left alone, for as long as it `asked` where
    /// it did. After twenty such answers in a row, each after a longer pause, it is not asked again.
    pub fn throttled(self, asked: Option<Duration>, message: &str) {
        let mut state = self.gate.state();
        let in_vain = state.throttle.refused(self.round, Instant::now(), asked);
        self.gate.close_after(in_vain, &mut state, Code::Throttled, message);
    }

    /// The service rejected the credential, as `message` says: nothing is sent with it any more.
    pub fn rejected(self, message: &str) {
        let message = format!("not asked, so as not to lock the key: {message}");
        self.gate.rejection.set(Closed { code: Code::Unauthorized, message });
    }
}

#[cfg(test)]
mod tests;
