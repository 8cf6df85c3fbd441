//! What is noted of requests that look for an object and take none of its bytes.

use std::sync::{Mutex, PoisonError};

use super::error::StoreError;
use super::head::HeadCapture;
use crate::evidence::{AttemptError, Lookup, LookupBy};

/// A list that requests are noted in as they end.
#[derive(Debug, Default)]
pub struct Lookups(Mutex<Vec<Lookup>>);

impl Lookups {
    /// What was noted.
    #[must_use]
    pub fn into_list(self) -> Vec<Lookup> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request by the head of its answer, before that is taken.
    pub(super) fn note(&self, by: LookupBy, capture: &HeadCapture, error: Option<&StoreError>) {
        let head = capture.head();
        let lookup = Lookup {
            by,
            error: error.map(|error| AttemptError { code: error.code(), message: error.to_string() }),
            status: head.as_ref().map(|head| head.status),
            request_id: head.and_then(|head| head.request_id),
            started_at: capture.sent_at(),
            finished_at: capture.now(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(lookup);
    }
}
