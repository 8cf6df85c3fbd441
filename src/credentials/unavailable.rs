//! Why a service cannot even be asked: no keys, or no project, could be had over the network.

use crate::evidence::Reason;

/// What could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Temporary keys.
    Keys,
    /// The id of the project.
    Project,
}

/// Something that has to be had before a service is asked, and could not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .reason.message)]
pub struct Unavailable {
    /// What.
    pub wanted: Wanted,
    /// The reason every record gets that would have needed it.
    pub reason: Box<Reason>,
}

impl Unavailable {
    pub(super) fn new(wanted: Wanted, reason: Reason) -> Self {
        Self { wanted, reason: Box::new(reason) }
    }
}
