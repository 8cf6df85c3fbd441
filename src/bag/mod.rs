//! Bags: a directory that says of its own files what they have to be (*The BagIt File Packaging Format*, RFC 8493).
//!
//! Written for one recording each, and read strictly, whoever wrote them. A bag proves that its bytes are those of its
//! manifest; what the manifest is worth, others have to say.

mod info;
mod manifest;
mod name;
mod read;
mod write;

pub use info::{BagInfo, Label};
pub use manifest::{Manifest, ManifestError};
pub use name::{directory_name, file_name};
pub use read::{Bag, Fault, Unreadable, read};
pub use write::{Contents, Payload, write};

/// The payload manifest, and that of the tag files (RFC 8493, 2.1.3 and 2.2.1).
pub(crate) const MANIFEST: &str = "manifest-sha256.txt";
pub(crate) const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";

/// The declaration of a bag (RFC 8493, 2.1.1), and what describes it (2.2.2).
const DECLARATION: &str = "bagit.txt";
const INFO: &str = "bag-info.txt";

/// The answer of the Workspace API, byte for byte.
pub const ANSWER: &str = "answer.json";
/// The report of the one record.
pub const REPORT: &str = "report.json";
