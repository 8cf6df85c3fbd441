//! The store: objects over S3, set up for OBS, read under a pin and never spliced from two versions.

mod absence;
mod ahead;
mod buffers;
mod client;
mod conditions;
mod connector;
mod content_range;
mod copy;
mod error;
mod first_byte;
mod head;
mod lookups;
mod metering;
mod part;
mod parts;
mod patience;
mod pin;
mod read;
mod read_error;
mod request_note;
mod resume;
mod versions;

pub use absence::Absence;
pub use client::{Addressing, Found, Place, Store, StoreSettings};
pub use error::StoreError;
pub use lookups::Lookups;
pub use metering::Hashing;
pub use parts::Parts;
pub use pin::Pin;
pub use read::{Pass, Reading, Step};
pub use read_error::ReadError;
