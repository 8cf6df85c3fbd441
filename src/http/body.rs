//! The body of an answer as it comes, its errors sorted, its length capped where that was asked for.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use tokio::time::Instant;

use super::HttpError;
use super::drip::Drip;
use super::peer::Peer;

/// Raw bytes, never decoded.
#[derive(Debug)]
pub struct Body {
    inner: reqwest::Body,
    peer: Peer,
    stall_timeout: Duration,
    drip: Drip,
    /// The cap, and what of it is left.
    cap: Option<(usize, usize)>,
    /// When a document has to be there: the stall time-out begins anew with each byte, so drops of it would never end.
    deadline: Option<Instant>,
}

/// Drops are looked for over so many stall time-outs.
const DRIP_WINDOW: u32 = 2;

/// How long a document, as opposed to an object, may take.
const DOCUMENT_TIME: Duration = Duration::from_mins(2);

impl Body {
    pub(super) fn new(inner: reqwest::Body, peer: Peer, stall_timeout: Duration) -> Self {
        let drip = Drip::new(DRIP_WINDOW * stall_timeout);
        Self { inner, peer, stall_timeout, drip, cap: None, deadline: None }
    }

    /// The same body as that of a document: it ends in [`HttpError::TooLarge`] once more than `cap` bytes have come, and
    /// in [`HttpError::Slow`] once two minutes have passed.
    #[must_use]
    pub fn capped(self, cap: usize) -> Self {
        Self { cap: Some((cap, cap)), deadline: Some(Instant::now() + DOCUMENT_TIME), ..self }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let frame = match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Pending => {
                self.drip.waits(Instant::now());
                return Poll::Pending;
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => {
                return Poll::Ready(Some(Err(HttpError::classify(&error, &self.peer, self.stall_timeout))));
            }
            Poll::Ready(Some(Ok(frame))) => frame,
        };
        if self.deadline.is_some_and(|deadline| Instant::now() > deadline) {
            let host = self.peer.host.clone();
            return Poll::Ready(Some(Err(HttpError::Slow { host, after: DOCUMENT_TIME })));
        }
        let length = frame.data_ref().map_or(0, Bytes::len);
        if let Some(bytes) = self.drip.came(length, Instant::now()) {
            let (host, after) = (self.peer.host.clone(), DRIP_WINDOW * self.stall_timeout);
            return Poll::Ready(Some(Err(HttpError::Dripped { host, bytes, after })));
        }
        if let Some((cap, left)) = &mut self.cap {
            match left.checked_sub(length) {
                Some(rest) => *left = rest,
                None => return Poll::Ready(Some(Err(HttpError::TooLarge(*cap)))),
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}
