//! The made-up credentials the sandbox accepts.
//!
//! The secret ones are distinctive, so that a test can search every output for them.

/// Access key of the one account.
pub const ACCESS_KEY: &str = "SANDBOXACCESSKEY0001";
/// Secret key that belongs to [`ACCESS_KEY`].
pub const SECRET_KEY: &str = "sandbox-secret-key-MUST-NOT-APPEAR-6f1d";
/// Security token that goes with the keys while the sandbox wants temporary ones.
pub const SECURITY_TOKEN: &str = "sandbox-security-token+MUST/NOT/APPEAR==9c2e";
/// Token the Workspace API accepts instead of a signature.
pub const TOKEN: &str = "sandbox-auth-token-MUST-NOT-APPEAR-4b7a";
/// The one project.
pub const PROJECT_ID: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
/// The region of both services.
pub const REGION: &str = "eu-west-101";
/// Access key of the account the bucket belongs to, where that is another one.
pub const OBS_ACCESS_KEY: &str = "SANDBOXOBSACCESSKEY1";
/// Secret key that belongs to [`OBS_ACCESS_KEY`].
pub const OBS_SECRET_KEY: &str = "sandbox-obs-secret-key-MUST-NOT-APPEAR-a7c0";
/// Security token without which [`OBS_ACCESS_KEY`] is of no use.
pub const OBS_SECURITY_TOKEN: &str = "sandbox-obs-security-token+MUST/NOT/APPEAR==51be";
