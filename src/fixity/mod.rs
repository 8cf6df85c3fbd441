//! Fixity: digest and size of a file, and what comparing the observed with the declared establishes.
//!
//! Everything here is pure: no network, no clock, no files. The words are those of digital preservation.

mod compare;
mod diagnosis;
mod digest;
mod meter;
mod outcome;
mod reason;
mod size;

pub use compare::{Comparison, SecondRead, compare, judge_second_read};
pub use diagnosis::{Clues, Expected, diagnose};
pub use digest::{DigestError, Sha256Digest};
pub use meter::{Markup, Meter, Observed};
pub use outcome::Outcome;
pub use reason::Code;
pub use size::{Fits, SizeRule, fits};
