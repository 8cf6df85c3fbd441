//! Whether a service may still be asked: one rejected key, one name that does not resolve or twenty failures of a kind
//! in a row close it for the rest of the run.
//!
//! More than five bad signatures in a row lock an access key for everybody (Workspace API, authentication), so until a
//! credential has been accepted once, requests go one at a time, and after a rejection none goes at all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::fixity::Code;

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

/// Whether a credential was rejected; shared by the gates of all services it is shown to.
#[derive(Debug, Clone, Default)]
pub struct Rejection(Arc<Mutex<Option<Closed>>>);

impl Rejection {
    fn get(&self) -> Option<Closed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, closed: Closed) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(closed);
    }
}

#[derive(Debug, Default)]
struct State {
    accepted: bool,
    closed: Option<Closed>,
    unresolved: BTreeMap<String, Closed>,
    streak: Option<(Code, u32)>,
    throttles: u64,
}

/// Why a service is not asked any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// What every record that would have needed the service is marked with.
    pub code: Code,
    /// In words.
    pub message: String,
}

/// Leave to send one request. Until it is settled or dropped no other is given while the credential is unproven.
#[derive(Debug)]
pub struct Pass<'a> {
    gate: &'a Gate,
    _alone: Option<tokio::sync::MutexGuard<'a, ()>>,
}

impl Gate {
    /// An open gate; `service` names it in messages ("the Workspace API", "the store"), `rejection` belongs to the
    /// credential it is asked with.
    #[must_use]
    pub fn new(service: &'static str, rejection: Rejection) -> Self {
        Self { service, rejection, first: tokio::sync::Mutex::new(()), state: Mutex::default() }
    }

    /// Waits until a request to `host` may be sent.
    pub async fn enter(&self, host: &str) -> Result<Pass<'_>, Closed> {
        self.open(host)?;
        if self.state().accepted {
            return Ok(Pass { gate: self, _alone: None });
        }
        let alone = self.first.lock().await;
        self.open(host)?;
        let alone = (!self.state().accepted).then_some(alone);
        Ok(Pass { gate: self, _alone: alone })
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
        if count >= FAILURES_IN_A_ROW && state.closed.is_none() {
            let service = self.service;
            state.closed = Some(Closed {
                code,
                message: format!("not asked: {service} failed {count} times in a row, the last time so: {message}"),
            });
        }
    }

    /// The name of `host` does not resolve: it is not looked up again.
    pub fn unresolved(&self, host: &str, message: &str) {
        let closed = Closed { code: Code::Connection, message: format!("not asked: {message}") };
        self.state().unresolved.insert(host.to_owned(), closed);
    }

    /// The service asked for fewer requests.
    pub fn throttled(&self) {
        self.state().throttles += 1;
    }

    /// How often it did so far.
    #[must_use]
    pub fn throttles(&self) -> u64 {
        self.state().throttles
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
    /// The service took the credential: from now on requests need not go one at a time.
    pub fn accepted(self) {
        self.gate.state().accepted = true;
    }

    /// The service rejected the credential, as `message` says: nothing is sent with it any more.
    pub fn rejected(self, message: &str) {
        let message = format!("not asked, so as not to lock the key: {message}");
        self.gate.rejection.set(Closed { code: Code::Unauthorized, message });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
    }

    #[test]
    fn the_first_request_goes_alone_and_acceptance_opens_the_gate() {
        block_on(async {
            let gate = Gate::new("the store", Rejection::default());
            let first = gate.enter("h").await.expect("open");
            let mut second = std::pin::pin!(gate.enter("h"));
            assert!(second.as_mut().now_or_never().is_none());
            first.accepted();
            let _second = second.await.expect("open");
            assert!(gate.enter("h").await.is_ok());
        });
    }

    #[test]
    fn a_request_that_proved_nothing_lets_one_more_try_alone() {
        block_on(async {
            let gate = Gate::new("the store", Rejection::default());
            drop(gate.enter("h").await);
            let _next = gate.enter("h").await.expect("open");
            assert!(gate.enter("h").now_or_never().is_none());
        });
    }

    #[test]
    fn a_rejection_closes_it_for_those_who_wait_too() {
        block_on(async {
            let gate = Gate::new("the Workspace API", Rejection::default());
            let first = gate.enter("h").await.expect("open");
            let mut second = std::pin::pin!(gate.enter("h"));
            assert!(second.as_mut().now_or_never().is_none());
            first.rejected("the API rejected the credential");
            let closed = second.await.expect_err("closed");
            assert_eq!(closed.code, Code::Unauthorized);
            assert_eq!(closed.message, "not asked, so as not to lock the key: the API rejected the credential");
        });
    }

    #[test]
    fn a_key_rejected_by_one_service_is_not_shown_to_the_other() {
        block_on(async {
            let rejection = Rejection::default();
            let [api, store] = ["the Workspace API", "the store"].map(|name| Gate::new(name, rejection.clone()));
            store.enter("h").await.expect("open").rejected("the store rejected the credential");
            assert_eq!(api.enter("h").await.expect_err("closed").code, Code::Unauthorized);
        });
    }

    #[test]
    fn twenty_failures_of_one_kind_in_a_row_close_it_and_nothing_less() {
        block_on(async {
            let gate = Gate::new("the store", Rejection::default());
            for _ in 0..19 {
                gate.failed(Code::ServiceError, "503");
            }
            gate.failed(Code::Connection, "reset");
            for _ in 0..19 {
                gate.failed(Code::ServiceError, "503");
            }
            gate.worked();
            for _ in 0..19 {
                gate.failed(Code::ServiceError, "503");
            }
            assert!(gate.enter("h").await.is_ok());
            gate.failed(Code::ServiceError, "503");
            let closed = gate.enter("h").await.expect_err("closed");
            assert_eq!(closed.message, "not asked: the store failed 20 times in a row, the last time so: 503");
        });
    }

    #[test]
    fn a_name_that_does_not_resolve_closes_only_its_host() {
        block_on(async {
            let gate = Gate::new("the store", Rejection::default());
            gate.unresolved("a.example", "the name a.example does not resolve");
            assert!(gate.enter("a.example").await.is_err());
            assert!(gate.enter("b.example").await.is_ok());
        });
    }
}
