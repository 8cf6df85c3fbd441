//! This machine's clock against those of the servers.

use super::finding::{Check, Finding, Status};
use crate::http::{Greeting, HttpError};

/// Signatures are refused when the clocks are further apart (API Signing Guide; S3 alike).
const TOLERANCE_SECONDS: u64 = 15 * 60;

/// So far apart no clock is that somebody keeps right, the second of the header and the way here included.
const WORTH_A_LOOK_SECONDS: u64 = 60;

/// What a server said when it was knocked at.
type Knocked = Result<Greeting, HttpError>;

/// What the times of the Workspace API and of the store say.
pub(super) fn finding(api: &Knocked, store: &Knocked) -> Finding {
    let apart =
        |name, greeting: &Knocked| greeting.as_ref().ok().and_then(Greeting::apart).map(|seconds| (name, seconds));
    let both = [apart("the Workspace API", api), apart("the store", store)];
    let worst = both.into_iter().flatten().max_by_key(|(_, seconds)| seconds.unsigned_abs());
    let Some((server, seconds)) = worst else {
        let message = "not checked, because no server said what time it is".to_owned();
        return Finding { check: Check::Clock, status: Status::Skip, message, remedy: None };
    };
    let off = || {
        let direction = if seconds < 0 { "behind" } else { "ahead of" };
        format!("this machine's clock is {} min {direction} that of {server}", seconds.unsigned_abs() / 60)
    };
    match seconds.unsigned_abs() {
        off_by if off_by > TOLERANCE_SECONDS => {
            Finding::fail(Check::Clock, off(), "set it right: beyond 15 min no signature is accepted")
        }
        off_by if off_by > WORTH_A_LOOK_SECONDS => Finding::warn(
            Check::Clock,
            off(),
            "keep it right, by NTP for instance: beyond 15 min no signature is accepted",
        ),
        _ => Finding::ok(Check::Clock, "within a minute of the servers'"),
    }
}

/// Whether no signature would be accepted.
pub(super) fn is_off(api: &Knocked, store: &Knocked) -> bool {
    finding(api, store).status == Status::Fail
}
