//! How many at once pay: doubles while the rate grows, steps back when it no longer does.
//!
//! A pure decision, fed with measured rates. What is run at once (parts of an object, records of a run) and what the rate
//! counts is the caller's.

/// A doubling pays when the rate grows by this much; noise alone seldom gets there.
const PAYS: f64 = 1.2;

/// A level that was settled on is questioned again after so many measurements: networks change over a night.
const SETTLED_FOR: u32 = 16;

/// A search for the level, between 1 and a bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Climb {
    level: usize,
    bound: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// The user's own choice.
    Fixed,
    /// The next rate is the one to better.
    Measuring,
    /// The level was raised from `from`, where the rate was this.
    Trying { from: usize, rate: f64 },
    /// For so many more measurements.
    Settled(u32),
}

impl Climb {
    /// Begins at `start` and goes up to `bound`, each 1 at least.
    #[must_use]
    pub fn new(start: usize, bound: usize) -> Self {
        let bound = bound.max(1);
        Self { level: start.clamp(1, bound), bound, state: State::Measuring }
    }

    /// The level, if it is the user's own choice.
    #[must_use]
    pub fn fixed_level(&self) -> Option<usize> {
        (self.state == State::Fixed).then_some(self.level)
    }

    /// Stays at `level`.
    #[must_use]
    pub fn fixed(level: usize) -> Self {
        Self { level: level.max(1), bound: level.max(1), state: State::Fixed }
    }

    /// How many at once.
    #[must_use]
    pub const fn level(&self) -> usize {
        self.level
    }

    /// Takes the rate that was measured at the present level, in any unit.
    pub fn measured(&mut self, now: f64) {
        self.state = match self.state {
            State::Fixed => State::Fixed,
            State::Trying { from, rate } if now < rate * PAYS => {
                self.level = from;
                State::Settled(SETTLED_FOR)
            }
            State::Settled(left) if left > 1 => State::Settled(left - 1),
            State::Measuring | State::Trying { .. } | State::Settled(_) if self.level < self.bound => {
                let from = self.level;
                self.level = (2 * from).min(self.bound);
                State::Trying { from, rate: now }
            }
            State::Measuring | State::Trying { .. } | State::Settled(_) => State::Settled(SETTLED_FOR),
        };
    }

    /// It was too much for a service: half of it, for a while.
    pub fn back_off(&mut self) {
        if self.state != State::Fixed {
            self.level = (self.level / 2).max(1);
            self.state = State::Settled(SETTLED_FOR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a climb with what a network gives at each level.
    fn levels(climb: &mut Climb, steps: usize, rate: impl Fn(usize) -> f64) -> Vec<usize> {
        let step = |_| {
            let level = climb.level();
            climb.measured(rate(level));
            level
        };
        (0..steps).map(step).collect()
    }

    fn each(level: usize) -> f64 {
        f64::from(u32::try_from(level).expect("small"))
    }

    #[test]
    fn where_each_one_has_its_own_rate_it_climbs_to_the_bound_and_stays() {
        let mut climb = Climb::new(1, 12);
        assert_eq!(levels(&mut climb, 8, each), [1, 2, 4, 8, 12, 12, 12, 12]);
    }

    #[test]
    fn where_more_do_not_pay_it_steps_back_and_tries_again_much_later() {
        let mut climb = Climb::new(1, 12);
        let seen = levels(&mut climb, 20, |_| 100.0);
        assert_eq!(seen[..3], [1, 2, 1]);
        assert_eq!(seen.iter().filter(|level| **level == 2).count(), 2, "{seen:?}");
    }

    #[test]
    fn it_stops_where_the_way_is_full() {
        let mut climb = Climb::new(1, 64);
        assert_eq!(levels(&mut climb, 7, |level| each(level.min(8))), [1, 2, 4, 8, 16, 8, 8]);
    }

    #[test]
    fn backing_off_halves_and_never_falls_below_one() {
        let mut climb = Climb::new(5, 64);
        climb.back_off();
        assert_eq!(climb.level(), 2);
        climb.measured(1e9);
        assert_eq!(climb.level(), 2, "not at once");
        climb.back_off();
        climb.back_off();
        assert_eq!(climb.level(), 1);
    }

    #[test]
    fn a_fixed_level_stays() {
        let mut climb = Climb::fixed(3);
        climb.back_off();
        assert_eq!(levels(&mut climb, 3, each), [3, 3, 3]);
    }

    #[test]
    fn a_fifth_more_pays_and_less_does_not() {
        for (rate, level) in [(120.0, 4), (119.0, 1), (105.0, 1)] {
            let mut climb = Climb::new(1, 12);
            climb.measured(100.0);
            climb.measured(rate);
            assert_eq!(climb.level(), level, "{rate}");
        }
    }

    #[test]
    fn what_was_settled_on_is_questioned_after_sixteen_measurements() {
        let mut climb = Climb::new(1, 12);
        let seen = levels(&mut climb, 19, |_| 100.0);
        assert_eq!(seen.iter().rposition(|level| *level == 2), Some(18), "{seen:?}");
    }

    #[test]
    fn only_a_level_the_user_chose_is_fixed() {
        assert_eq!(Climb::fixed(3).fixed_level(), Some(3));
        assert_eq!(Climb::new(3, 12).fixed_level(), None);
    }
}
