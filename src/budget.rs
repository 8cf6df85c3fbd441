//! How much one run may read and how long it may start records; what is beyond is left for the next.

use std::time::Duration;

use tokio::time::Instant;

/// The bounds of a run. Records in flight are finished; one record always runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Budget {
    /// Bytes of objects.
    pub bytes: Option<u64>,
    /// No record starts later than this.
    pub until: Option<Instant>,
}

/// What has been spent of a budget.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spending {
    /// Bytes read by finished records.
    read: u64,
    /// Bytes declared by records in flight.
    reserved: u64,
    started: bool,
}

impl Budget {
    /// A budget that begins now.
    #[must_use]
    pub fn new(bytes: Option<u64>, duration: Option<Duration>) -> Self {
        Self { bytes, until: duration.map(|duration| Instant::now() + duration) }
    }
}

impl Spending {
    /// Whether one more record, of this declared size if it is known, may start.
    #[must_use]
    pub fn allows(&self, budget: &Budget, declared: Option<u64>, now: Instant) -> bool {
        if !self.started {
            return true;
        }
        let in_time = budget.until.is_none_or(|until| now < until);
        let spent = self.read.saturating_add(self.reserved);
        let affordable = budget.bytes.is_none_or(|most| match declared {
            Some(size) => spent.saturating_add(size) <= most,
            None => spent < most,
        });
        in_time && affordable
    }

    /// A record of this declared size starts.
    pub fn start(&mut self, declared: Option<u64>) {
        self.started = true;
        self.reserved = self.reserved.saturating_add(declared.unwrap_or(0));
    }

    /// It has ended, having read so many bytes.
    pub fn end(&mut self, declared: Option<u64>, read: u64) {
        self.reserved = self.reserved.saturating_sub(declared.unwrap_or(0));
        self.read = self.read.saturating_add(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(spending: &Spending, budget: &Budget, declared: Option<u64>) -> bool {
        spending.allows(budget, declared, Instant::now())
    }

    #[test]
    fn one_record_always_runs() {
        let budget = Budget { bytes: Some(1), until: Some(Instant::now()) };
        let mut spending = Spending::default();
        assert!(allows(&spending, &budget, Some(1_000_000)));
        spending.start(Some(1_000_000));
        assert!(!allows(&spending, &budget, Some(0)));
    }

    #[test]
    fn what_is_in_flight_counts_by_its_declared_size_and_then_by_what_was_read() {
        let budget = Budget { bytes: Some(100), until: None };
        let mut spending = Spending::default();
        spending.start(Some(60));
        assert!(allows(&spending, &budget, Some(40)));
        assert!(!allows(&spending, &budget, Some(41)));
        assert!(allows(&spending, &budget, None), "an unknown size may start while anything is left");
        spending.end(Some(60), 90);
        assert!(allows(&spending, &budget, Some(10)));
        assert!(!allows(&spending, &budget, Some(11)));
        spending.end(None, 10);
        assert!(!allows(&spending, &budget, None));
    }

    #[test]
    fn after_its_time_nothing_more_starts() {
        let now = Instant::now();
        let budget = Budget { bytes: None, until: Some(now) };
        let mut spending = Spending::default();
        spending.start(None);
        assert!(!spending.allows(&budget, None, now));
        assert!(spending.allows(&budget, None, now.checked_sub(Duration::from_millis(1)).expect("the past")));
    }

    #[test]
    fn a_budget_begins_when_it_is_made() {
        let before = Instant::now();
        let budget = Budget::new(Some(7), Some(Duration::from_mins(1)));
        assert_eq!(budget.bytes, Some(7));
        assert!(budget.until.is_some_and(|until| until >= before + Duration::from_mins(1)));
        assert_eq!(Budget::new(None, None).until, None);
    }
}
