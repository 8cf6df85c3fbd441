//! Signatures over files, in the format of OpenSSH, so that anybody can check them with `ssh-keygen -Y verify`.
//!
//! A signature stands beside what it signs as `FILE.sig`, with the key that made it as `FILE.allowed_signers`. Nobody
//! has to believe that key: whoever checks compares it with one had by another way.

mod signer;
mod verified;

pub use signer::{Signer, SignerError, sidecar};
pub use verified::{SignatureError, Signed, SignerRefused};

/// What a signature of ours is for; one made for anything else does not count (`ssh-keygen -n`).
pub const NAMESPACE: &str = "recverify-report";

/// Who signs, as an allowed signers file has it (`ssh-keygen -I`): a role. Who holds the key is known by its fingerprint.
pub const PRINCIPAL: &str = "recverify";
