//! Whether an answer comes in drops: the bytes that came, held against the time spent waiting for them.

use std::time::Duration;

use tokio::time::Instant;

/// Fewer bytes than this in one window are drops. With 192 connections, as many as a run opens, and the 60 s of the
/// default it is 52 kB/s for all together.
const LEAST: u64 = 16 << 10;

/// The measure of one answer. Time in which nobody asked for more of it does not count: it says nothing of the service.
#[derive(Debug)]
pub(super) struct Drip {
    window: Duration,
    waiting_since: Option<Instant>,
    waited: Duration,
    bytes: u64,
}

impl Drip {
    pub(super) fn new(window: Duration) -> Self {
        Self { window, waiting_since: None, waited: Duration::ZERO, bytes: 0 }
    }

    /// Notes that more is waited for.
    pub(super) fn waits(&mut self, now: Instant) {
        self.waiting_since.get_or_insert(now);
    }

    /// Notes bytes that came; how many there were in the window now over, if they were drops.
    pub(super) fn came(&mut self, bytes: usize, now: Instant) -> Option<u64> {
        self.waited += self.waiting_since.take().map_or(Duration::ZERO, |since| now - since);
        self.bytes += bytes as u64;
        if self.waited < self.window {
            return None;
        }
        self.waited = Duration::ZERO;
        Some(std::mem::take(&mut self.bytes)).filter(|bytes| *bytes < LEAST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Feeds pieces of so many bytes, one a second, and says when they are called drops.
    fn drops_after(piece: usize, pieces: u32) -> Option<(u32, u64)> {
        let (mut drip, mut now) = (Drip::new(60 * SECOND), Instant::now());
        (1..=pieces).find_map(|n| {
            drip.waits(now);
            now += SECOND;
            drip.came(piece, now).map(|bytes| (n, bytes))
        })
    }

    #[test]
    fn a_byte_a_second_is_drops_after_one_window() {
        assert_eq!(drops_after(1, 100), Some((60, 60)));
    }

    #[test]
    fn a_slow_line_is_not() {
        assert_eq!(drops_after(16 * 1024 / 60 + 1, 1000), None);
    }

    #[test]
    fn time_in_which_nobody_asked_does_not_count() {
        let (mut drip, start) = (Drip::new(SECOND), Instant::now());
        assert_eq!(drip.came(1, start + 100 * SECOND), None);
        drip.waits(start + 100 * SECOND);
        drip.waits(start + 150 * SECOND);
        assert_eq!(drip.came(1, start + 200 * SECOND), Some(2));
    }
}
