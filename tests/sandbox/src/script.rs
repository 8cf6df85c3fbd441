//! An answer's body as a script: what is sent, when, and how it ends.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};

use crate::cloud::Cloud;
use crate::line::Line;

pub(crate) enum Step {
    /// Sends these bytes.
    Send(Bytes),
    /// Sends these bytes again and again.
    Repeat(Bytes),
    /// Waits until all that was sent has left.
    Flush,
    /// Waits.
    Pause(Duration),
    /// Waits until a test releases what is held.
    Hold(Arc<Cloud>),
    /// Does something to the sandbox, at this very point of the answer.
    Act(Box<dyn FnOnce() + Send>),
    /// Closes the connection here.
    Close,
    /// Resets the connection here.
    Reset,
    /// Sends nothing more and keeps the connection open.
    Stall,
}

/// A body without a step more ends as HTTP wants it.
pub(crate) struct Script {
    steps: VecDeque<Step>,
    line: Arc<Line>,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Script {
    pub(crate) fn new(line: &Arc<Line>, steps: impl IntoIterator<Item = Step>) -> Self {
        let steps = steps.into_iter().filter(|step| !matches!(step, Step::Send(bytes) if bytes.is_empty())).collect();
        Self { steps, line: Arc::clone(line), pause: None }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        loop {
            if let Some(pause) = &mut this.pause {
                ready!(pause.as_mut().poll(cx));
                this.pause = None;
            }
            match this.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Repeat(bytes)) => {
                    this.steps.push_front(Step::Repeat(bytes.clone()));
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Flush) => {
                    let line = Arc::clone(&this.line);
                    this.pause = Some(Box::pin(async move { line.flushed().await }));
                }
                Some(Step::Pause(duration)) => {
                    this.pause = Some(Box::pin(tokio::time::sleep(duration)));
                }
                Some(Step::Hold(cloud)) => {
                    this.pause = Some(Box::pin(async move { cloud.gate.passed().await }));
                }
                Some(Step::Act(act)) => act(),
                Some(Step::Close) => return Poll::Ready(Some(Err(broken_off()))),
                Some(Step::Reset) => {
                    this.line.reset_on_close();
                    return Poll::Ready(Some(Err(broken_off())));
                }
                Some(Step::Stall) => this.pause = Some(Box::pin(std::future::pending())),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.pause.is_none()
    }
}

/// Makes hyper close the connection.
pub(crate) fn broken_off() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "broken off on purpose")
}
