//! Which requests a fault strikes: rules in order, each with a matcher and a count.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often a fault strikes, counted in requests its matcher fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    spared: u32,
    left: Option<u32>,
}

impl Times {
    /// For as long as the sandbox lives.
    pub const fn always() -> Self {
        Self { spared: 0, left: None }
    }

    /// The next fitting request only.
    pub const fn once() -> Self {
        Self::first(1)
    }

    /// The next `n` fitting requests.
    pub const fn first(n: u32) -> Self {
        Self { spared: 0, left: Some(n) }
    }

    /// Spares the next `n` fitting requests, then begins.
    #[must_use]
    pub const fn after(self, n: u32) -> Self {
        Self { spared: n, ..self }
    }
}

struct Rule<M, F> {
    matcher: M,
    times: Times,
    fault: F,
}

/// The rules of one service; the first live one that fits wins.
pub(crate) struct Rules<M, F> {
    rules: Mutex<Vec<Rule<M, F>>>,
    struck: AtomicU64,
}

impl<M, F: Clone> Rules<M, F> {
    pub(crate) fn new() -> Self {
        Self { rules: Mutex::new(Vec::new()), struck: AtomicU64::new(0) }
    }

    pub(crate) fn add(&self, matcher: M, times: Times, fault: F) {
        let mut rules = self.rules.lock().expect("no panic while choosing a fault");
        rules.push(Rule { matcher, times, fault });
    }

    pub(crate) fn clear(&self) {
        self.rules.lock().expect("no panic while choosing a fault").clear();
    }

    /// How many faults have struck.
    pub(crate) fn struck(&self) -> u64 {
        self.struck.load(Ordering::SeqCst)
    }

    /// The fault for a request, counted as having struck.
    pub(crate) fn strike(&self, fits: impl Fn(&M, &F) -> bool) -> Option<F> {
        let mut rules = self.rules.lock().expect("no panic while choosing a fault");
        for rule in rules.iter_mut() {
            if rule.times.left == Some(0) || !fits(&rule.matcher, &rule.fault) {
                continue;
            }
            if rule.times.spared > 0 {
                rule.times.spared -= 1;
                continue;
            }
            if let Some(left) = &mut rule.times.left {
                *left -= 1;
            }
            self.struck.fetch_add(1, Ordering::SeqCst);
            return Some(rule.fault.clone());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_live_rule_that_fits_wins_and_is_counted() {
        let rules = Rules::new();
        rules.add('a', Times::once().after(1), "second a");
        rules.add('a', Times::first(2), "two other a");
        let ask = |wanted| rules.strike(|&matcher, _| matcher == wanted);
        assert_eq!(ask('b'), None);
        assert_eq!(ask('a'), Some("two other a"));
        assert_eq!(ask('a'), Some("second a"));
        assert_eq!(ask('a'), Some("two other a"));
        assert_eq!(ask('a'), None);
    }
}
