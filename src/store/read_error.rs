//! Why not all bytes of one version of an object were read.

use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStreamError;

use super::error::StoreError;
use super::resume::Setback;
use crate::fixity::Code;
use crate::http::HttpError;

/// Why not all bytes of one version were read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store or the way to it failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The object was replaced on the way.
    #[error("the object was replaced while it was read: {0}")]
    Changed(String),
    /// The body ended early.
    #[error("the store's answer ended {missing} bytes early")]
    Truncated {
        /// How many bytes never came.
        missing: u64,
    },
    /// Nobody knows how long the object is, and it went on and on.
    #[error("more than {0} bytes came, and the store did not say how long the object is")]
    Endless(u64),
    /// What came is not what was asked for.
    #[error("the store does not answer as asked: {0}")]
    Unusable(String),
    /// The run was interrupted.
    #[error("the run was interrupted {0} bytes into the object")]
    Interrupted(u64),
}

impl ReadError {
    /// The code of the reason this becomes.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Store(error) => error.code(),
            Self::Changed(_) => Code::ChangedDuringRead,
            Self::Truncated { .. } => Code::Truncated,
            Self::Endless(_) => Code::LengthUnknown,
            Self::Unusable(_) => Code::UnreadableAnswer,
            Self::Interrupted(_) => Code::Interrupted,
        }
    }

    /// A body that broke off.
    pub(super) fn of_body(error: &ByteStreamError) -> Self {
        Self::Store(match HttpError::behind(error) {
            Some(http) => StoreError::Http(http),
            None => StoreError::Unreadable(DisplayErrorContext(error).to_string()),
        })
    }

    /// What it means for going on.
    pub(super) fn setback(&self) -> Setback {
        match self {
            Self::Store(error) if error.may_pass() => Setback::Passing,
            Self::Store(StoreError::NoAccess(_)) | Self::Endless(_) | Self::Changed(_) | Self::Interrupted(_) => {
                Setback::Final
            }
            Self::Store(error) => match (error.code(), error.status()) {
                (Code::ServiceError, Some(400 | 405 | 501)) => Setback::NotUnderstood,
                (Code::AccessDenied, _) => Setback::Denied,
                _ => Setback::Final,
            },
            Self::Truncated { .. } => Setback::Passing,
            Self::Unusable(_) => Setback::Unusable,
        }
    }
}
