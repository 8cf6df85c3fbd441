//! The key that is good now: as given, or a temporary one that is renewed some minutes before it ends.
//!
//! Whoever needs it first renews it, for everybody; meanwhile the others go on with the one that still holds. A renewal
//! that fails is tried again a little later, and only when the last key has ended does its reason become that of records.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::agency::Agency;
use super::exchange::Exchange;
use super::temporary::Temporary;
use super::{AccessKey, Network, Unavailable, Wanted};
use crate::evidence::Reason;
use crate::fixity::Code;
use crate::gate::Rejection;

/// So long before its end a key is renewed.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// So long after a renewal no other one is tried: it failed, or brought a key that ends soon again.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// Keys of one kind for one run. Cloning shares them.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    source: String,
    supply: Option<Supply>,
    state: Mutex<State>,
    /// Held by whoever renews.
    turn: tokio::sync::Mutex<()>,
    rejection: Rejection,
    network: Network,
}

/// Where temporary keys come from.
#[derive(Debug)]
pub(super) enum Supply {
    Agency(Agency),
    Exchange(Box<Exchange>),
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    /// When the key is to be renewed; `None` for never.
    renew_at: Option<Timestamp>,
    /// Why the last renewal brought nothing.
    failure: Option<Unavailable>,
}

#[derive(Debug, Clone)]
struct Held {
    key: AccessKey,
    until: Option<Timestamp>,
}

/// What there is to say of a keyring, nothing of it secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Where its keys come from.
    pub source: String,
    /// The key last held: its id, whether it is temporary, and until when, where that is known.
    pub key: Option<(String, bool, Option<Timestamp>)>,
}

impl Keyring {
    /// A key that was given, and is good until a service says otherwise.
    pub(super) fn given(key: AccessKey, source: String, network: Network) -> Self {
        network.redactor.learn(key.secrets());
        let state = State { held: Some(Held { key, until: None }), ..State::default() };
        Self::new(source, None, state, network)
    }

    /// Keys that are got when they are needed.
    pub(super) fn supplied(supply: Supply, source: String, network: Network) -> Self {
        let state = State { renew_at: Some(Timestamp::MIN), ..State::default() };
        Self::new(source, Some(supply), state, network)
    }

    /// Keys IAM would give, were its address known.
    pub(super) fn out_of_reach(source: String, network: Network) -> Self {
        let message = "there is no address of IAM to exchange the token at; use --iam-endpoint or --region";
        let failure = Unavailable::new(Wanted::Keys, Reason::new(Code::Unauthorized, message));
        Self::new(source, None, State { failure: Some(failure), ..State::default() }, network)
    }

    fn new(source: String, supply: Option<Supply>, state: State, network: Network) -> Self {
        let (state, turn) = (Mutex::new(state), tokio::sync::Mutex::default());
        Self(Arc::new(Inner { source, supply, state, turn, rejection: Rejection::default(), network }))
    }

    /// The key to sign with, renewed if it is about to end.
    pub async fn current(&self) -> Result<AccessKey, Unavailable> {
        let inner = &*self.0;
        let due = |state: &State| state.renew_at.is_some_and(|at| inner.network.clock.now() >= at);
        let Some(supply) = &inner.supply else { return self.good() };
        if !due(&inner.state()) {
            return self.good();
        }
        let _turn = match (inner.turn.try_lock(), self.good()) {
            (Ok(turn), _) => turn,
            (Err(_), Ok(key)) => return Ok(key),
            (Err(_), Err(_)) => inner.turn.lock().await,
        };
        if due(&inner.state()) {
            let renewed = match supply {
                Supply::Agency(agency) => agency.keys().await,
                Supply::Exchange(exchange) => exchange.keys().await,
            };
            self.take(renewed);
        }
        self.good()
    }

    /// The key last held, as it is: for what signs a request that [`Keyring::current`] gave leave to.
    #[must_use]
    pub fn latest(&self) -> Option<AccessKey> {
        self.0.state().held.as_ref().map(|held| held.key.clone())
    }

    /// What there is to say of it.
    #[must_use]
    pub fn holding(&self) -> Holding {
        let state = self.0.state();
        let key = state.held.as_ref().map(|Held { key, until }| (key.id.clone(), key.security_token.is_some(), *until));
        Holding { source: self.0.source.clone(), key }
    }

    /// Whether its keys were rejected, shared by everything they are shown to.
    #[must_use]
    pub fn rejection(&self) -> Rejection {
        self.0.rejection.clone()
    }

    /// The key held, unless it ended.
    fn good(&self) -> Result<AccessKey, Unavailable> {
        let state = self.0.state();
        match &state.held {
            Some(Held { key, until }) if until.is_none_or(|until| self.0.network.clock.now() < until) => {
                Ok(key.clone())
            }
            held => Err(state
                .failure
                .clone()
                .map_or_else(|| ended(held.as_ref()), |failure| not_renewed(failure, held.is_some()))),
        }
    }

    /// Takes what a renewal came to.
    fn take(&self, renewed: Result<Temporary, Unavailable>) {
        let now = self.0.network.clock.now();
        let mut state = self.0.state();
        let later = now.checked_add(PAUSE).unwrap_or(now);
        match renewed {
            Ok(Temporary { key, until }) => {
                self.0.network.redactor.learn(key.secrets());
                let early = until.checked_sub(MARGIN).unwrap_or(until);
                state.renew_at = Some(early.max(later));
                self.0.rejection.renewed();
                state.held = Some(Held { key, until: Some(until) });
                state.failure = None;
            }
            Err(failure) => {
                state.renew_at = Some(later);
                state.failure = Some(failure);
            }
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A failure to renew, after the last key has ended.
fn not_renewed(failure: Unavailable, held_one: bool) -> Unavailable {
    if !held_one {
        return failure;
    }
    let mut failure = failure;
    failure.reason.message = format!("the temporary keys ended and were not renewed: {}", failure.reason.message);
    failure
}

fn ended(held: Option<&Held>) -> Unavailable {
    let until = held.and_then(|held| held.until).map_or_else(String::new, |until| format!(", at {until}"));
    let message = format!("the temporary keys had ended when they came{until}; check the clock of this machine");
    Unavailable::new(Wanted::Keys, Reason::new(Code::Unauthorized, message))
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keyring").field(&self.holding()).finish()
    }
}
