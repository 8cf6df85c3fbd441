//! How a large object is divided: whether it pays, into what, and among how many connections.

use std::num::NonZeroUsize;

use crate::climb::Climb;

/// How large objects are divided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parts {
    /// How many connections an object has; `None`: as many as pay.
    pub number: Option<NonZeroUsize>,
    /// How long a part is, in bytes; `None`: by what is left of the object.
    pub size: Option<u64>,
}

/// As many connections as an object gets where nobody said otherwise.
const MOST: usize = 12;

/// The length of parts where nobody said otherwise; towards the end they get shorter, so that all end together.
const LONGEST: u64 = 4 << 20;
const SHORTEST: u64 = 1 << 20;

/// Objects of so many longest parts are divided.
const WORTH_IT: u64 = 4;

impl Parts {
    /// Whether an object with so many bytes left is divided.
    pub(super) fn pay(&self, left: u64) -> bool {
        let asked_for = self.number.is_some_and(|number| number.get() > 1) || self.size.is_some();
        match self.number {
            Some(number) if number.get() == 1 => false,
            _ if asked_for => left > self.longest(),
            _ => left >= WORTH_IT * self.longest(),
        }
    }

    fn longest(&self) -> u64 {
        self.size.unwrap_or(LONGEST).max(1)
    }

    /// The length of the next part, with so many bytes not asked for yet and so many connections.
    pub(super) fn next(&self, left: u64, connections: usize) -> u64 {
        let shared = left / (2 * connections as u64).max(1);
        self.size.unwrap_or_else(|| shared.clamp(SHORTEST, LONGEST)).clamp(1, left.max(1))
    }

    /// How many connections there are, and how their number is found.
    pub(super) fn climb(&self) -> Climb {
        match self.number {
            Some(number) => Climb::fixed(number.get()),
            None => Climb::new(1, MOST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn parts(number: Option<usize>, size: Option<u64>) -> Parts {
        Parts { number: number.and_then(NonZeroUsize::new), size }
    }

    #[test]
    fn small_objects_and_one_connection_are_not_divided() {
        assert!(!parts(None, None).pay(16 * MIB - 1));
        assert!(parts(None, None).pay(16 * MIB));
        assert!(!parts(Some(1), Some(1)).pay(1 << 40));
    }

    #[test]
    fn whoever_asks_for_parts_gets_them_from_two_on() {
        assert!(parts(Some(4), None).pay(4 * MIB + 1));
        assert!(!parts(Some(4), None).pay(4 * MIB));
        assert!(parts(None, Some(1000)).pay(1001));
    }

    #[test]
    fn parts_get_shorter_towards_the_end_so_that_all_end_together() {
        let auto = parts(None, None);
        assert_eq!(auto.next(1 << 30, 8), 4 * MIB);
        assert_eq!(auto.next(32 * MIB, 8), 2 * MIB);
        assert_eq!(auto.next(MIB / 2, 8), MIB / 2);
        assert_eq!(parts(None, Some(1000)).next(1 << 30, 8), 1000);
        assert_eq!(parts(None, Some(1000)).next(7, 8), 7);
    }

    #[test]
    fn connections_are_as_many_as_asked_for_or_as_pay() {
        assert_eq!(parts(Some(4), None).climb(), Climb::fixed(4));
        assert_eq!(parts(None, Some(1000)).climb(), Climb::new(1, 12));
    }
}
