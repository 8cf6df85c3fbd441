//! What a run may hold of objects in memory: one budget that every connection, part and queue draws from.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one open body may hold: hyper's receive buffer grows up to 408 KiB.
const CONNECTION: u64 = 512 << 10;

/// The budget is counted in these, since a semaphore counts in 32 bits.
const UNIT: u64 = 1 << 10;

/// The budget of one run.
#[derive(Debug)]
pub(super) struct Buffers {
    free: Arc<Semaphore>,
}

/// A share of the budget, given back when dropped.
#[derive(Debug)]
pub(super) struct Held {
    _permit: OwnedSemaphorePermit,
}

impl Buffers {
    /// A budget of so many bytes, and of one connection at least: without that nothing could be read.
    pub(super) fn new(bytes: u64) -> Self {
        let units = bytes.max(CONNECTION).div_ceil(UNIT).min(u64::from(u32::MAX));
        Self { free: Arc::new(Semaphore::new(usize::try_from(units).unwrap_or(Semaphore::MAX_PERMITS))) }
    }

    /// Waits for the share of one connection. Nobody who waits here may hold a share already: everything else is taken by
    /// [`Self::try_part`] and [`Self::try_hold`], which never wait, so no two reads can wait for each other.
    pub(super) async fn connection(&self) -> Held {
        match Arc::clone(&self.free).acquire_many_owned(units(CONNECTION)).await {
            Ok(permit) => Held { _permit: permit },
            // Only a closed semaphore refuses, and nothing closes it.
            Err(_) => std::future::pending().await,
        }
    }

    /// The share of one more connection whose bytes, so many, are kept until it is their turn; `None` if there is none
    /// left now.
    pub(super) fn try_part(&self, bytes: u64) -> Option<Held> {
        self.try_hold(bytes.saturating_add(CONNECTION))
    }

    /// So many bytes, if they are left now.
    pub(super) fn try_hold(&self, bytes: u64) -> Option<Held> {
        Arc::clone(&self.free).try_acquire_many_owned(units(bytes)).ok().map(|permit| Held { _permit: permit })
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    const MIB: u64 = 1 << 20;

    #[test]
    fn what_is_held_is_missing_until_it_is_given_back() {
        let buffers = Buffers::new(2 * MIB);
        let held = buffers.try_hold(2 * MIB).expect("all of it");
        assert!(buffers.try_hold(1).is_none());
        assert!(buffers.connection().now_or_never().is_none());
        drop(held);
        assert!(buffers.connection().now_or_never().is_some());
    }

    #[test]
    fn a_part_costs_its_connection_too() {
        let buffers = Buffers::new(4 * MIB);
        let parts: Vec<_> = std::iter::from_fn(|| buffers.try_part(MIB)).collect();
        assert_eq!(parts.len(), 2);
    }

    #[test]
    fn the_smallest_budget_still_reads_one_object() {
        let buffers = Buffers::new(0);
        let held = buffers.connection().now_or_never();
        assert!(held.is_some());
        assert!(buffers.connection().now_or_never().is_none());
        assert!(buffers.try_part(0).is_none());
    }
}
