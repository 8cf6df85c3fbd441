//! The pinned read: every byte of one version of an object, in order, however often the connection breaks.

use std::time::Duration;

use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError};
use tokio_util::sync::CancellationToken;

use super::client::{Place, Store};
use super::error::StoreError;
use super::head::Head;
use super::pin::{Admitted, Pin, Refused, admit};
use super::resume::{Next, Resume, Setback};
use crate::evidence::{Attempt, AttemptError};
use crate::fixity::{Code, Meter, Observed};
use crate::http::{HttpError, Lane};

/// Which of the two reads of an object this is.
#[derive(Debug, Clone, Copy)]
pub enum Pass<'a> {
    /// Sets the pin.
    First,
    /// On new connections, under the pin of the first.
    Second(&'a Pin),
}

/// All that one read of an object established.
#[derive(Debug)]
pub struct Reading {
    /// What was observed of the whole object, or why not all of it was read.
    pub result: Result<Observed, ReadError>,
    /// The pin, once the first answer had come.
    pub pin: Option<Pin>,
    /// How many bytes were read in order.
    pub position: u64,
    /// Every request.
    pub attempts: Vec<Attempt>,
}

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
    /// What came is not what was asked for.
    #[error("the store does not answer as asked: {0}")]
    Unusable(String),
    /// The run was interrupted.
    #[error("the run was interrupted {0} bytes into the object")]
    Interrupted(u64),
}

/// What a watcher of one read is told.
#[derive(Debug)]
pub enum Step<'a> {
    /// The first bytes are on their way.
    Started(Option<u64>),
    /// The read stands here.
    Progress(u64),
    /// It broke off and goes on after a wait.
    Retry(u64, &'a ReadError, Duration),
}

impl ReadError {
    /// The code of the reason this becomes.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Store(error) => error.code(),
            Self::Changed(_) => Code::ChangedDuringRead,
            Self::Truncated { .. } => Code::Truncated,
            Self::Unusable(_) => Code::UnreadableAnswer,
            Self::Interrupted(_) => Code::Interrupted,
        }
    }

    fn setback(&self) -> Setback {
        match self {
            Self::Store(error) if error.may_pass() => Setback::Passing,
            Self::Store(error) => match (error.code(), error.status()) {
                (Code::ServiceError, Some(400 | 405 | 501)) => Setback::NotUnderstood,
                (Code::AccessDenied, _) => Setback::Denied,
                _ => Setback::Final,
            },
            Self::Truncated { .. } => Setback::Passing,
            Self::Unusable(_) => Setback::Unusable,
            Self::Changed(_) | Self::Interrupted(_) => Setback::Final,
        }
    }
}

/// The state of one read between its requests.
struct Progress {
    meter: Meter,
    pin: Option<Pin>,
    resume: Resume,
}

impl Store {
    /// Reads the whole object at `place`, going on under its pin whenever the connection breaks.
    ///
    /// Cancelling ends the read with what is known.
    pub async fn read(
        &self,
        place: &Place,
        pass: Pass<'_>,
        watch: &dyn Fn(Step<'_>),
        cancel: &CancellationToken,
    ) -> Reading {
        let pin = match pass {
            Pass::First => None,
            Pass::Second(pin) => Some(pin.clone()),
        };
        let lane = if pin.is_some() { Lane::Fresh } else { Lane::Shared };
        let mut progress = Progress { meter: Meter::new(), pin, resume: Resume::new(self.settings.read_retries) };
        let mut attempts = Vec::new();
        let error = loop {
            let started_at = self.clock.now();
            let from = progress.position();
            let mut request = RequestNote::default();
            let ended = tokio::select! {
                biased;
                () = cancel.cancelled() => None,
                ended = self.request(place, lane, &mut progress, &mut request, watch) => Some(ended),
            };
            let ended = ended.unwrap_or_else(|| Err(ReadError::Interrupted(progress.position())));
            let asked_at_all = !matches!(ended, Err(ReadError::Store(StoreError::NotAsked(_))));
            if asked_at_all {
                let error = ended.as_ref().err();
                attempts.push(Attempt {
                    from: if request.restarted { 0 } else { from },
                    bytes: request.bytes,
                    error: error.map(|error| AttemptError { code: error.code(), message: error.to_string() }),
                    request_id: request.id,
                    started_at,
                    finished_at: self.clock.now(),
                });
            }
            let error = match ended {
                Ok(()) => {
                    self.gate.worked();
                    let position = progress.position();
                    return Reading { result: Ok(progress.meter.finish()), pin: progress.pin, position, attempts };
                }
                Err(error) => error,
            };
            let (afresh, retry) =
                match progress.resume.after(error.setback(), progress.pin.as_ref(), progress.meter.bytes()) {
                    Next::Give => break error,
                    Next::AtOnce { afresh } => (afresh, None),
                    Next::Again { afresh, retry } => (afresh, Some(retry)),
                };
            if afresh {
                progress.meter = Meter::new();
            }
            let Some(retry) = retry else { continue };
            let wait = match &error {
                ReadError::Store(error) if error.code() == Code::Throttled => self.gate.pause(),
                ReadError::Store(error) => self.backoff.wait_at_least(error.retry_after(), retry),
                _ => self.backoff.wait(retry),
            };
            watch(Step::Retry(progress.position(), &error, wait));
            tokio::select! {
                biased;
                () = cancel.cancelled() => break ReadError::Interrupted(progress.position()),
                () = tokio::time::sleep(wait) => {}
            }
        };
        if let ReadError::Store(error) = &error {
            self.note(error);
        }
        Reading { position: progress.position(), result: Err(error), pin: progress.pin, attempts }
    }

    /// One request and its body, into the meter.
    async fn request(
        &self,
        place: &Place,
        lane: Lane,
        progress: &mut Progress,
        note: &mut RequestNote,
        watch: &dyn Fn(Step<'_>),
    ) -> Result<(), ReadError> {
        let (asked, conditions) = progress.resume.request(progress.pin.as_ref(), progress.position());
        let (head, body) = self.get(place, &conditions, lane).await.inspect_err(|error| {
            if let StoreError::Refused(refusal) = error {
                note.id.clone_from(&refusal.answer.request_id);
            }
        })?;
        note.id.clone_from(&head.request_id);
        let skip = match admit(asked, progress.pin.as_ref(), &head) {
            Ok(Admitted::GoesOn { skip }) => skip,
            Ok(Admitted::FromStart) => {
                progress.meter = Meter::new();
                progress.pin = Some(Pin::renewed(progress.pin.as_ref(), &head));
                note.restarted = true;
                watch(Step::Started(head.content_length));
                0
            }
            Err(Refused::Changed(how)) => return Err(ReadError::Changed(how)),
            Err(Refused::Unusable(how)) => return Err(ReadError::Unusable(how)),
        };
        progress.take(body, skip, note, watch).await?;
        if progress.total().is_none() {
            self.learn_length(place, progress).await;
        }
        progress.whole(&head)
    }

    /// Asks how long the object is, after an answer that ended in good order without having said so. Only the same ETag
    /// ties the two answers together.
    async fn learn_length(&self, place: &Place, progress: &mut Progress) {
        if let (Ok(found), Some(pin)) = (self.look_up(place).await, &mut progress.pin)
            && pin.is_tied_to(found.etag.as_deref())
        {
            pin.bytes = found.bytes;
        }
    }
}

/// What is noted of one request while it runs, so that an interruption loses none of it.
#[derive(Debug, Default)]
struct RequestNote {
    id: Option<String>,
    bytes: u64,
    restarted: bool,
}

impl Progress {
    fn position(&self) -> u64 {
        self.meter.bytes()
    }

    fn total(&self) -> Option<u64> {
        self.pin.as_ref().and_then(|pin| pin.bytes)
    }

    /// Takes a body, after `skip` bytes that are known already, until the object or the body ends.
    async fn take(
        &mut self,
        mut body: ByteStream,
        mut skip: u64,
        note: &mut RequestNote,
        watch: &dyn Fn(Step<'_>),
    ) -> Result<(), ReadError> {
        let total = self.total();
        while total.is_none_or(|total| self.position() < total) {
            let Some(chunk) = body.try_next().await.map_err(|error| body_error(&error))? else { break };
            note.bytes += chunk.len() as u64;
            // A chunk is never longer than memory, so the length fits.
            let known = usize::try_from(skip).map_or(chunk.len(), |skip| skip.min(chunk.len()));
            skip -= known as u64;
            self.meter.update(&chunk[known..]);
            self.resume.reached(self.position());
            watch(Step::Progress(self.position()));
        }
        Ok(())
    }

    /// Whether the read has reached the end of the object, as far as its length is known.
    fn whole(&self, head: &Head) -> Result<(), ReadError> {
        match self.total() {
            Some(total) if self.position() < total => Err(ReadError::Truncated { missing: total - self.position() }),
            Some(total) if self.position() > total => {
                Err(ReadError::Unusable(format!("more than the {total} bytes of the object came ({})", head.status)))
            }
            _ => Ok(()),
        }
    }
}

fn body_error(error: &ByteStreamError) -> ReadError {
    ReadError::Store(match HttpError::behind(error) {
        Some(http) => StoreError::Http(http),
        None => StoreError::Unreadable(DisplayErrorContext(error).to_string()),
    })
}
