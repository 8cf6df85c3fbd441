//! What closes a gate, for whom, and who waits at it.

use super::*;
use futures_util::FutureExt as _;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(future)
}

fn gate(service: &'static str, rejection: Rejection) -> Gate {
    Gate::new(service, rejection, Backoff::new(Duration::from_millis(1), Some(7)))
}

#[test]
fn the_first_request_goes_alone_and_acceptance_opens_the_gate() {
    block_on(async {
        let gate = gate("the store", Rejection::default());
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
        let gate = gate("the store", Rejection::default());
        drop(gate.enter("h").await);
        let _next = gate.enter("h").await.expect("open");
        assert!(gate.enter("h").now_or_never().is_none());
    });
}

#[test]
fn a_rejection_closes_it_for_those_who_wait_too() {
    block_on(async {
        let gate = gate("the Workspace API", Rejection::default());
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
        let [api, store] = ["the Workspace API", "the store"].map(|name| gate(name, rejection.clone()));
        store.enter("h").await.expect("open").rejected("the store rejected the credential");
        assert_eq!(api.enter("h").await.expect_err("closed").code, Code::Unauthorized);
    });
}

#[test]
fn twenty_failures_of_one_kind_in_a_row_close_it_and_nothing_less() {
    block_on(async {
        let gate = gate("the store", Rejection::default());
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
fn while_a_service_throttles_no_request_starts_and_then_one_goes_alone() {
    block_on(async {
        let gate = gate("the store", Rejection::default());
        gate.enter("h").await.expect("open").accepted();
        let [first, second] = [gate.enter("h").await.expect("open"), gate.enter("h").await.expect("open")];
        first.throttled(Some(Duration::from_millis(20)), "429");
        let paused = Instant::now();
        assert!(gate.enter("h").now_or_never().is_none() && gate.pause() > Duration::ZERO);
        second.accepted();
        let probe = gate.enter("h").await.expect("open");
        assert!(paused.elapsed() >= Duration::from_millis(20));
        assert!(gate.enter("h").now_or_never().is_none(), "one goes alone");
        probe.accepted();
        let _both = [gate.enter("h").await.expect("open"), gate.enter("h").await.expect("open")];
    });
}

#[test]
fn a_service_that_throttles_twenty_requests_in_a_row_is_not_asked_again() {
    block_on(async {
        let gate = Gate::new("the store", Rejection::default(), Backoff::new(Duration::ZERO, None));
        for _ in 0..20 {
            gate.enter("h").await.expect("open").throttled(None, "429");
        }
        let closed = gate.enter("h").await.expect_err("closed");
        assert_eq!(closed.message, "not asked: the store failed 20 times in a row, the last time so: 429");
    });
}

#[test]
fn a_name_that_does_not_resolve_closes_only_its_host() {
    block_on(async {
        let gate = gate("the store", Rejection::default());
        gate.unresolved("a.example", "the name a.example does not resolve");
        assert!(gate.enter("a.example").await.is_err());
        assert!(gate.enter("b.example").await.is_ok());
    });
}

#[tokio::test]
async fn a_key_that_was_renewed_is_shown_alone_again_until_it_is_accepted() {
    let rejection = Rejection::default();
    let gate = Gate::new("the store", rejection.clone(), Backoff::new(Duration::from_millis(1), Some(1)));
    gate.enter("h").await.expect("open").accepted();
    let of_the_old_key = gate.enter("h").await.expect("open");
    rejection.renewed();
    let first = gate.enter("h").await.expect("open");
    of_the_old_key.accepted();
    let second = tokio::time::timeout(Duration::from_millis(20), gate.enter("h"));
    assert!(second.await.is_err(), "the new key went twice before it was accepted");
    first.accepted();
    let [_one, _other] = [gate.enter("h").await.expect("open"), gate.enter("h").await.expect("open")];
}
