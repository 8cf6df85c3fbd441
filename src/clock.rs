//! Where time and randomness come from, so that both can be given from outside.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// Tells the time of day. Cloning shares the source.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Timestamp::now)
    }

    /// A clock that asks `now`.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// The time now, as the standard library has it.
    #[must_use]
    pub fn system_time(&self) -> SystemTime {
        SystemTime::from(self.now())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// When a service was asked, when its answer had come, both by this machine's clock, and its own time in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// When the request was sent.
    pub sent_at: Timestamp,
    /// When the answer was there.
    pub received_at: Timestamp,
    /// The `Date` of the answer; its fraction of a second is cut off.
    pub server_date: Timestamp,
}

impl Offset {
    /// By how many milliseconds this machine's clock is ahead of the service's, at least and at most.
    #[must_use]
    pub fn milliseconds(&self) -> (i64, i64) {
        let theirs = self.server_date.as_millisecond();
        (self.sent_at.as_millisecond() - theirs - 1000, self.received_at.as_millisecond() - theirs)
    }

    fn width(&self) -> i64 {
        self.received_at.as_millisecond() - self.sent_at.as_millisecond()
    }
}

/// Keeps of all answers the one that tells the offset best: the one that came the fastest.
#[derive(Debug, Default)]
pub struct OffsetMeter(Mutex<Option<Offset>>);

impl OffsetMeter {
    /// Notes an answer.
    pub fn note(&self, offset: Offset) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none_or(|kept| offset.width() < kept.width()) {
            *kept = Some(offset);
        }
    }

    /// The one that tells most; `None` if no answer had a time in it.
    #[must_use]
    pub fn narrowest(&self) -> Option<Offset> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits before retries: exponential, with full jitter from a random source that can be seeded.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
    random: Arc<Mutex<fastrand::Rng>>,
}

impl Backoff {
    /// Waits that double from `first` up to 30 s; `seed` makes the jitter repeatable.
    #[must_use]
    pub fn new(first: Duration, seed: Option<u64>) -> Self {
        let random = seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Self { first, cap: Duration::from_secs(30), random: Arc::new(Mutex::new(random)) }
    }

    /// How long to wait before try number `retry` + 1, the first retry being 1: between half of the full wait and all
    /// of it, so that a crowd spreads out and nobody returns at once.
    #[must_use]
    pub fn wait(&self, retry: u32) -> Duration {
        let full = self.first.saturating_mul(1 << retry.saturating_sub(1).min(16)).min(self.cap);
        let share = self.random.lock().unwrap_or_else(PoisonError::into_inner).f64();
        full.mul_f64(0.5 + share / 2.0)
    }

    /// The same, and no shorter than a service asked for.
    #[must_use]
    pub fn wait_at_least(&self, asked: Option<Duration>, retry: u32) -> Duration {
        asked.unwrap_or(Duration::ZERO).max(self.wait(retry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_answer_tells_the_offset_and_a_date_may_be_a_second_late() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let offset = |received_at: &str| Offset {
            sent_at: at("2026-01-15T08:00:00.100Z"),
            received_at: at(received_at),
            server_date: at("2026-01-15T08:00:00Z"),
        };
        let meter = OffsetMeter::default();
        assert_eq!(meter.narrowest(), None);
        for received_at in ["2026-01-15T08:00:01Z", "2026-01-15T08:00:00.130Z", "2026-01-15T08:00:02Z"] {
            meter.note(offset(received_at));
        }
        assert_eq!(meter.narrowest().map(|offset| offset.milliseconds()), Some((-900, 130)));
    }

    #[test]
    fn waits_double_up_to_the_cap_and_never_fall_below_half() {
        let backoff = Backoff::new(Duration::from_millis(200), Some(7));
        for (retry, full) in [(1, 200), (2, 400), (3, 800), (9, 30_000), (400, 30_000)] {
            let full = Duration::from_millis(full);
            for _ in 0..50 {
                let wait = backoff.wait(retry);
                assert!(wait >= full / 2 && wait <= full, "{retry}: {wait:?}");
            }
        }
    }

    #[test]
    fn the_same_seed_waits_the_same() {
        let [a, b] = [1, 1].map(|seed| Backoff::new(Duration::from_secs(1), Some(seed)));
        assert_eq!((1..9).map(|n| a.wait(n)).collect::<Vec<_>>(), (1..9).map(|n| b.wait(n)).collect::<Vec<_>>());
    }
}
