//! The store: objects over S3, set up for OBS, read under a pin and never spliced from two versions.

mod absence;
mod client;
mod connector;
mod content_range;
mod error;
mod head;
mod pin;
mod read;
mod resume;

pub use absence::Absence;
pub use client::{Addressing, Found, Place, Store, StoreSettings};
pub use error::StoreError;
pub use pin::Pin;
pub use read::{Pass, ReadError, Reading, Step};
