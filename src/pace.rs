//! How fast a run gets on, and how many records at once follow from it.

use tokio::time::Instant;

use crate::climb::Climb;

/// What a record costs beside its bytes, in bytes: its three requests take about the CPU time of hashing a mebibyte.
const RECORD: u64 = 1 << 20;

/// Measures a run by the records that finish: of each level first those that began under another one, which say nothing of
/// it, then a round of twice as many as run at once.
#[derive(Debug)]
pub struct Pace {
    climb: Climb,
    /// So many records finish before the round begins.
    settling: usize,
    /// Records and work of this round.
    finished: usize,
    work: u64,
    since: Instant,
    pauses: u64,
}

impl Pace {
    /// Begins now.
    #[must_use]
    pub fn new(climb: Climb) -> Self {
        Self { settling: climb.level(), climb, finished: 0, work: 0, since: Instant::now(), pauses: 0 }
    }

    /// How many records at once.
    #[must_use]
    pub const fn level(&self) -> usize {
        self.climb.level()
    }

    /// A record has finished, having read so many bytes; so often a service that throttles was left alone by now.
    pub fn finished(&mut self, bytes: u64, pauses: u64, now: Instant) {
        let level = self.level();
        if pauses > self.pauses {
            self.climb.back_off();
        } else if self.settling > 0 {
            self.settling -= 1;
            if self.settling == 0 {
                self.begin_round(now);
            }
            return;
        } else {
            self.finished += 1;
            self.work = self.work.saturating_add(bytes).saturating_add(RECORD);
            if self.finished < 2 * level {
                return;
            }
            // A rate needs no more digits than a float has.
            #[expect(clippy::cast_precision_loss)]
            self.climb.measured(self.work as f64 / now.saturating_duration_since(self.since).as_secs_f64());
        }
        self.pauses = pauses;
        self.settling = if self.level() == level { 0 } else { self.level() };
        self.begin_round(now);
    }

    fn begin_round(&mut self, now: Instant) {
        (self.finished, self.work, self.since) = (0, 0, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Finishes rounds of records of `bytes` each, `rate` records a second.
    fn rounds(pace: &mut Pace, count: usize, bytes: u64, rate: impl Fn(usize) -> f64) -> Vec<usize> {
        let mut now = pace.since;
        let mut levels = Vec::new();
        for _ in 0..count {
            let level = pace.level();
            levels.push(level);
            for _ in 0..pace.settling + 2 * level {
                now += Duration::from_secs_f64(1.0 / rate(level));
                pace.finished(bytes, 0, now);
            }
        }
        levels
    }

    fn each(level: usize) -> f64 {
        f64::from(u32::try_from(level).expect("small"))
    }

    #[test]
    fn while_records_wait_for_answers_more_of_them_run() {
        let mut pace = Pace::new(Climb::new(8, 64));
        assert_eq!(rounds(&mut pace, 5, 1000, each), [8, 16, 32, 64, 64]);
    }

    #[test]
    fn where_the_network_is_full_no_more_run() {
        let mut pace = Pace::new(Climb::new(8, 64));
        assert_eq!(rounds(&mut pace, 4, 1 << 30, |_| 2.0), [8, 16, 8, 8]);
    }

    #[test]
    fn records_without_bytes_are_work_too() {
        let mut pace = Pace::new(Climb::new(8, 64));
        assert_eq!(rounds(&mut pace, 4, 0, |_| 2.0), [8, 16, 8, 8]);
    }

    #[test]
    fn a_level_is_measured_by_a_round_of_records_that_began_at_it() {
        let mut pace = Pace::new(Climb::new(8, 64));
        let mut now = pace.since;
        let mut finish = |count: usize, every: f64| {
            for _ in 0..count {
                now += Duration::from_secs_f64(every);
                pace.finished(0, 0, now);
            }
            pace.level()
        };
        assert_eq!((finish(8 + 15, 1.0), finish(1, 1.0)), (8, 16));
        finish(15, 1.0);
        assert_eq!(finish(1, 1000.0), 16, "the last that began at the level before");
        assert_eq!((finish(31, 0.5), finish(1, 0.5)), (16, 32));
    }

    #[test]
    fn a_throttled_run_goes_on_with_half_as_many() {
        let mut pace = Pace::new(Climb::new(8, 64));
        pace.finished(1000, 1, Instant::now());
        assert_eq!(pace.level(), 4);
        pace.finished(1000, 1, Instant::now());
        assert_eq!(pace.level(), 4, "told once");
    }
}
