//! What was found by one check, and what to do about it.

use serde::{Serialize, Serializer};

/// What is checked, in the order it is told. The words are public interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Flags, environment and credentials file.
    Settings,
    /// This machine's clock against those of the servers.
    Clock,
    /// Name, TLS and answer of the Workspace API.
    Api,
    /// Name, TLS and answer of the store.
    Store,
    /// What authenticates the API.
    Credentials,
    /// The project.
    Project,
    /// Leave to list records.
    List,
    /// Leave to ask for one record, and what it says.
    Record,
    /// The key that signs for the store.
    StoreCredentials,
    /// The bucket the record names.
    Bucket,
    /// How the bucket is named in a request.
    Addressing,
    /// Leave to read the video.
    ReadVideo,
    /// Leave to read the event file.
    ReadEvent,
    /// Whether a missing object can be told from a denied one.
    AbsentKey,
}

impl Check {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Clock => "clock",
            Self::Api => "api",
            Self::Store => "store",
            Self::Credentials => "credentials",
            Self::Project => "project",
            Self::List => "list",
            Self::Record => "record",
            Self::StoreCredentials => "store_credentials",
            Self::Bucket => "bucket",
            Self::Addressing => "addressing",
            Self::ReadVideo => "read_video",
            Self::ReadEvent => "read_event",
            Self::AbsentKey => "absent_key",
        }
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How a check ended. The words are public interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ok,
    /// It does, and is worth a look.
    Warn,
    /// It keeps a verification from what it is for.
    Fail,
    /// Not made, because of another one.
    Skip,
}

impl Status {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

/// One check made, or not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which.
    pub check: Check,
    /// How it ended.
    pub status: Status,
    /// What was found, without a full stop.
    pub message: String,
    /// What to do about it; `None` where there is nothing to do.
    pub remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: Check, message: impl Into<String>) -> Self {
        Self { check, status: Status::Ok, message: message.into(), remedy: None }
    }

    pub(super) fn warn(check: Check, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, status: Status::Warn, message: message.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn fail(check: Check, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Fail, ..Self::warn(check, message, remedy) }
    }

    /// Not made; what has to be put right first stands at the check it was not made because of.
    pub(super) fn skip(check: Check, because_of: Check) -> Self {
        let message = format!("not checked, because of {}", because_of.as_str());
        Self { check, status: Status::Skip, message, remedy: None }
    }

    /// What follows for a check from `proof`, if there is one that it is well, and else from what went wrong: `fault`,
    /// where that is about this very check, or `because_of`, the check that was in the way.
    pub(super) fn of(check: Check, proof: Option<String>, fault: Option<&Self>, because_of: Check) -> Self {
        match (proof, fault) {
            (_, Some(fault)) if fault.check == check => fault.clone(),
            (Some(message), _) => Self::ok(check, message),
            (None, Some(fault)) => Self::skip(check, fault.check),
            (None, None) => Self::skip(check, because_of),
        }
    }
}
