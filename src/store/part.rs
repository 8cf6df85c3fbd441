//! One part of an object, fetched ahead of its turn under the pin of the read it belongs to.
//!
//! A part decides nothing: whatever keeps it from coming whole, the read itself gets to that place later, asks for the
//! bytes that are wanting, and judges by its own answers.

use std::cell::Cell;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::buffers::Held;
use super::client::{Place, Store};
use super::pin::{Admitted, Pin, Refused, admit};
use super::read_error::ReadError;
use super::request_note::RequestNote;
use super::resume::{Next, Resume};
use crate::evidence::Attempt;
use crate::http::Lane;

/// What is to be fetched: the bytes from `from` on that lie before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: u64,
    pub(super) end: u64,
}

/// A part as far as it came.
#[derive(Debug)]
pub(super) struct Part {
    span: Span,
    position: u64,
    /// Its bytes in order, from its first one on.
    pub(super) chunks: Vec<Bytes>,
    /// Every request for it.
    pub(super) attempts: Vec<Attempt>,
    /// Its share of the memory budget.
    _held: Held,
}

/// What all parts of a read come to at any time.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Parts that are being fetched.
    pub(super) running: Cell<usize>,
    /// Bytes that came, those of the read's own requests included.
    pub(super) received: Cell<u64>,
}

impl Traffic {
    pub(super) fn receive(&self, bytes: u64) {
        self.received.set(self.received.get() + bytes);
    }
}

impl Part {
    /// Whether all of it came.
    pub(super) fn is_whole(&self) -> bool {
        self.position == self.span.end
    }
}

impl Store {
    /// Fetches a part, going on whenever the connection breaks. Cancelling `stop` ends it with what has come.
    pub(super) async fn fetch_part(
        &self,
        place: &Place,
        pin: &Pin,
        span: Span,
        held: Held,
        traffic: &Traffic,
        stop: &CancellationToken,
    ) -> Part {
        let mut part = Part { span, position: span.from, chunks: Vec::new(), attempts: Vec::new(), _held: held };
        let mut resume = Resume::of_part(self.settings.read_retries, span.from);
        loop {
            let from = part.position;
            let mut note = RequestNote::begin(&self.clock);
            let ended = tokio::select! {
                biased;
                () = stop.cancelled() => None,
                ended = self.request_part(place, pin, &resume, &mut part, &mut note, traffic) => Some(ended),
            };
            let error = ended.and_then(Result::err);
            part.attempts.extend(note.attempt(from, error.as_ref(), &self.clock));
            let Some(error) = error else { break };
            resume.reached(part.position);
            let Next::Again { afresh: false, retry } = resume.after(error.setback(), Some(pin), part.position) else {
                break;
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep(self.wait_before(&error, retry)) => {}
            }
        }
        part
    }

    /// One request for what is wanting of a part.
    async fn request_part(
        &self,
        place: &Place,
        pin: &Pin,
        resume: &Resume,
        part: &mut Part,
        note: &mut RequestNote,
        traffic: &Traffic,
    ) -> Result<(), ReadError> {
        let (asked, mut conditions) = resume.request(Some(pin), part.position);
        conditions.last = Some(part.span.end - 1);
        note.asked = true;
        let (head, mut body) = note.sent(self.get(place, &conditions, Lane::Shared).await)?;
        match admit(asked, Some(pin), &head) {
            Ok(Admitted::GoesOn { skip: 0 }) => {}
            // The whole object once for each part would cost more than the parts save.
            Ok(_) => return Err(ReadError::Unusable("the whole object came where a part was asked for".to_owned())),
            Err(Refused::Changed(how)) => return Err(ReadError::Changed(how)),
            Err(Refused::Unusable(how)) => return Err(ReadError::Unusable(how)),
        }
        while !part.is_whole() {
            let chunk = body.try_next().await.map_err(|error| ReadError::of_body(&error))?;
            let Some(chunk) = chunk else {
                return Err(ReadError::Truncated { missing: part.span.end - part.position });
            };
            note.bytes += chunk.len() as u64;
            traffic.receive(chunk.len() as u64);
            let wanted =
                usize::try_from(part.span.end - part.position).map_or(chunk.len(), |left| left.min(chunk.len()));
            part.position += wanted as u64;
            part.chunks.push(chunk.slice(..wanted));
        }
        Ok(())
    }
}
