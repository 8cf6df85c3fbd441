//! The Workspace API: asks for a record, and keeps the answer byte for byte.

mod client;
mod details;
mod error;
mod listing;
mod paging;
pub mod wire;

pub use client::{Workspace, WorkspaceSettings};
pub use details::Details;
pub use error::{ApiError, Failure};
pub use listing::Listing;
