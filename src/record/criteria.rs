//! By what records are selected from all there are.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::time::millis;

/// Which records are listed. The window is always given: left out, the service would answer for the last 15 days only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Criteria {
    /// Recordings that began then or later.
    #[serde(serialize_with = "millis")]
    pub since: Timestamp,
    /// Recordings that began then or earlier.
    #[serde(serialize_with = "millis")]
    pub until: Timestamp,
    /// Of this desktop.
    pub desktop_id: Option<String>,
    /// Of any of these desktops, 100 at most.
    pub desktop_names: Vec<String>,
    /// Of this user.
    pub username: Option<String>,
    /// Of this type: FULL, INTERVAL, OPERATION, SESSION.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

impl Criteria {
    /// All recordings that began within the second of that time, and those beside it: the service may round.
    #[must_use]
    pub fn moment(at: Timestamp) -> Self {
        let second = SignedDuration::from_secs(1);
        Self {
            since: at.checked_sub(second).unwrap_or(at),
            until: at.checked_add(second).unwrap_or(at),
            desktop_id: None,
            desktop_names: Vec::new(),
            username: None,
            kind: None,
        }
    }

    /// Whether nothing but the window selects.
    #[must_use]
    pub fn is_window_alone(&self) -> bool {
        self.desktop_id.is_none() && self.desktop_names.is_empty() && self.username.is_none() && self.kind.is_none()
    }
}
