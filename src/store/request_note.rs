//! What is noted of one request for an object's bytes, from which it becomes evidence.

use aws_sdk_s3::primitives::ByteStream;
use jiff::Timestamp;

use super::error::StoreError;
use super::head::Head;
use super::read_error::ReadError;
use crate::clock::Clock;
use crate::evidence::{Attempt, AttemptError};

/// What is noted of one request while it runs, so that an interruption loses none of it.
#[derive(Debug)]
pub(super) struct RequestNote {
    started_at: Timestamp,
    id: Option<String>,
    status: Option<u16>,
    /// How many bytes came.
    pub(super) bytes: u64,
    /// Whether it began the object anew.
    pub(super) restarted: bool,
    /// Whether it was sent at all.
    pub(super) asked: bool,
}

impl RequestNote {
    pub(super) fn begin(clock: &Clock) -> Self {
        Self { started_at: clock.now(), id: None, status: None, bytes: 0, restarted: false, asked: false }
    }

    /// Takes id and status out of an answer, whatever it was.
    pub(super) fn sent(
        &mut self,
        answer: Result<(Head, ByteStream), StoreError>,
    ) -> Result<(Head, ByteStream), ReadError> {
        match &answer {
            Ok((head, _)) => {
                self.id.clone_from(&head.request_id);
                self.status = Some(head.status);
            }
            Err(StoreError::Refused(refusal)) => {
                self.id.clone_from(&refusal.answer.request_id);
                self.status = refusal.answer.status;
            }
            Err(StoreError::NotAsked(_)) => self.asked = false,
            Err(_) => {}
        }
        Ok(answer?)
    }

    /// The request as evidence; `None` if it was never sent.
    pub(super) fn attempt(self, from: u64, error: Option<&ReadError>, clock: &Clock) -> Option<Attempt> {
        self.asked.then(|| Attempt {
            from,
            bytes: self.bytes,
            error: error.map(|error| AttemptError { code: error.code(), message: error.to_string() }),
            status: self.status,
            request_id: self.id,
            started_at: self.started_at,
            finished_at: clock.now(),
        })
    }
}
