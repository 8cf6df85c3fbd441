//! The Workspace API: asks for a record, and keeps the answer byte for byte.

mod client;
mod error;
mod sign;
mod wire;

pub use client::{ApiCredential, Details, Workspace, WorkspaceSettings};
pub use error::{ApiError, Failure};
