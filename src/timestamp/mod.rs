//! Time-stamps of RFC 3161: an authority signs that a file with this digest was there at its time.
//!
//! The request carries the SHA-256 of the file and nothing else of it. The answer is kept as it came, as `FILE.tsr`, so
//! that `openssl ts -verify` checks it; whether the authority is one to believe is for whoever checks.

mod authority;
mod request;
mod response;

pub use authority::{Authority, AuthorityError, AuthorityUrl, StampError};
pub use response::{Response, ResponseError};
