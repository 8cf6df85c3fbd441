//! How long a service that throttles is left alone: one pause for all requests to it.
//!
//! Pure decisions. After a pause one request goes alone: refused again, it starts a longer pause; answered, it lets the
//! others follow. So a service that is busy gets one request a pause, however many records wait for it.

use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Backoff;

/// After so many answers without a refusal the length of former pauses is forgotten.
const FORGOTTEN_AFTER: u32 = 10;

/// The pauses of one service.
#[derive(Debug)]
pub struct Throttle {
    backoff: Backoff,
    /// The end of the pause, kept until a request sent after it is answered.
    until: Option<Instant>,
    pauses: Round,
    /// By how much pauses have grown.
    growth: u32,
    /// Refusals without an answer between them, those of requests sent before a pause apart.
    in_vain: u32,
    answers: u32,
}

/// After how many pauses a request was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Round(u64);

impl Throttle {
    /// No pause yet; they last as the waits of `backoff`.
    #[must_use]
    pub const fn new(backoff: Backoff) -> Self {
        Self { backoff, until: None, pauses: Round(0), growth: 0, in_vain: 0, answers: 0 }
    }

    /// What a request that is sent now belongs to.
    #[must_use]
    pub const fn round(&self) -> Round {
        self.pauses
    }

    /// How many pauses there were.
    #[must_use]
    pub const fn pauses(&self) -> u64 {
        self.pauses.0
    }

    /// Whether requests go one at a time: from a refusal on, until one sent after the pause is answered.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.until.is_some()
    }

    /// When the next request may be sent; `None` if now.
    #[must_use]
    pub fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }

    /// A request was refused because there are too many; `asked` is how long the service wants to be left alone. Gives
    /// the number of refusals in a row.
    ///
    /// Of many refused together one starts the pause: the others were on their way and say nothing new.
    pub fn refused(&mut self, round: Round, now: Instant, asked: Option<Duration>) -> u32 {
        if let Some(until) = self.until.filter(|_| round < self.pauses) {
            self.until = Some(until.max(now + asked.unwrap_or_default()));
            return self.in_vain;
        }
        self.growth = if self.is_on() { self.growth + 1 } else { self.growth.max(1) };
        self.until = Some(now + self.backoff.wait_at_least(asked, self.growth));
        self.pauses.0 += 1;
        self.in_vain += 1;
        self.answers = 0;
        self.in_vain
    }

    /// A request was answered. One sent before the pause does not end it.
    pub fn answered(&mut self, round: Round) {
        if round < self.pauses {
            return;
        }
        if self.until.take().is_some() {
            // The pause was long enough; the next one may be shorter.
            self.growth = self.growth.saturating_sub(1);
        }
        self.in_vain = 0;
        self.answers += 1;
        if self.answers >= FORGOTTEN_AFTER {
            self.growth = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn throttle() -> Throttle {
        Throttle::new(Backoff::new(SECOND, Some(7)))
    }

    /// Starts a pause with a request sent just now, and says how long it is.
    fn pause(throttle: &mut Throttle, asked: Option<Duration>) -> Duration {
        let now = Instant::now();
        throttle.refused(throttle.round(), now, asked);
        throttle.until(now).map_or(Duration::ZERO, |until| until - now)
    }

    fn is_about(wait: Duration, full: Duration) -> bool {
        (full / 2..=full).contains(&wait)
    }

    #[test]
    fn pauses_in_vain_double() {
        let mut throttle = throttle();
        for full in [1, 2, 4, 8, 16, 30, 30] {
            assert!(is_about(pause(&mut throttle, None), SECOND * full), "{full} s");
        }
    }

    #[test]
    fn what_the_service_asks_for_counts_where_it_is_longer() {
        let mut throttle = throttle();
        assert_eq!(pause(&mut throttle, Some(SECOND * 60)), SECOND * 60);
        assert!(is_about(pause(&mut throttle, Some(Duration::ZERO)), SECOND * 2));
    }

    #[test]
    fn requests_refused_together_start_one_pause_and_the_longest_wish_holds() {
        let mut throttle = throttle();
        let (now, sent) = (Instant::now(), throttle.round());
        let counted = [None, None, Some(SECOND * 9)].map(|asked| throttle.refused(sent, now, asked));
        assert_eq!((counted, throttle.until(now)), ([1, 1, 1], Some(now + SECOND * 9)));
        assert!(is_about(pause(&mut throttle, None), SECOND * 2), "it grew once");
    }

    #[test]
    fn only_a_request_sent_after_the_pause_ends_it() {
        let mut throttle = throttle();
        let before = throttle.round();
        pause(&mut throttle, None);
        throttle.answered(before);
        assert!(throttle.is_on());
        throttle.answered(throttle.round());
        assert!(!throttle.is_on() && throttle.until(Instant::now()).is_none());
    }

    #[test]
    fn a_pause_that_helped_is_not_outgrown_by_the_next_and_many_answers_forget_all() {
        let mut throttle = throttle();
        for _ in 0..4 {
            pause(&mut throttle, None);
        }
        throttle.answered(throttle.round());
        assert!(is_about(pause(&mut throttle, None), SECOND * 4));
        for _ in 0..10 {
            throttle.answered(throttle.round());
        }
        assert!(is_about(pause(&mut throttle, None), SECOND));
    }

    #[test]
    fn pauses_are_counted_and_each_is_over_at_its_end() {
        let mut throttle = throttle();
        assert_eq!(throttle.pauses(), 0);
        let now = Instant::now();
        for counted in [1, 2] {
            throttle.refused(throttle.round(), now, Some(SECOND * 60));
            assert_eq!(throttle.pauses(), counted);
        }
        assert_eq!(throttle.until(now + SECOND * 59), Some(now + SECOND * 60));
        assert_eq!(throttle.until(now + SECOND * 60), None);
    }
}
