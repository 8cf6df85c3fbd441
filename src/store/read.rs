//! The pinned read: every byte of one version of an object, in order, however often the connection breaks.

use std::time::Duration;

use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError};
use tokio_util::sync::CancellationToken;

use super::client::{Conditions, Place, Store};
use super::error::StoreError;
use super::head::Head;
use super::pin::{Admitted, Asked, Pin, Refused, admit};
use crate::evidence::{Attempt, AttemptError};
use crate::fixity::{Code, Meter, Observed};
use crate::http::{HttpError, Lane};

/// A retry is refunded after this much progress.
const REFUND_AFTER: u64 = 1 << 20;

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

    fn may_pass(&self) -> bool {
        match self {
            Self::Store(error) => error.may_pass(),
            Self::Truncated { .. } | Self::Unusable(_) => true,
            Self::Changed(_) | Self::Interrupted(_) => false,
        }
    }
}

/// How the next request is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The whole object.
    Whole,
    /// The rest, if the ETag still holds.
    Matched,
    /// The rest of that version: for stores that refuse the plain form.
    Versioned,
}

/// The state of one read between its requests.
struct Progress {
    meter: Meter,
    pin: Option<Pin>,
    form: Form,
    /// The furthest the read ever was, and where it was when retries were last refunded.
    furthest: u64,
    refunded_at: u64,
    retries: u32,
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
        let mut progress =
            Progress { meter: Meter::new(), pin, form: Form::Whole, furthest: 0, refunded_at: 0, retries: 0 };
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
                    self.note_read(&place.bucket);
                    self.gate.worked();
                    let position = progress.position();
                    return Reading { result: Ok(progress.meter.finish()), pin: progress.pin, position, attempts };
                }
                Err(error) => error,
            };
            match self.next_form(&mut progress, &error) {
                Next::Give => break error,
                Next::AtOnce => continue,
                Next::Again => {}
            }
            let asked_wait = match &error {
                ReadError::Store(error) => error.retry_after(),
                _ => None,
            };
            let wait = asked_wait.unwrap_or(Duration::ZERO).max(self.backoff.wait(progress.retries));
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

    /// Decides how a read that broke off goes on.
    fn next_form(&self, progress: &mut Progress, error: &ReadError) -> Next {
        // A form the store refuses is no verdict about the object: the next plainer one is tried, at once.
        if let ReadError::Store(error) = error
            && let Some(plainer) = progress.plainer_form(error)
        {
            progress.form = plainer;
            if plainer == Form::Whole {
                progress.meter = Meter::new();
            }
            return Next::AtOnce;
        }
        if !error.may_pass() {
            return Next::Give;
        }
        if progress.furthest - progress.refunded_at >= REFUND_AFTER {
            progress.refunded_at = progress.furthest;
            progress.retries = 0;
        }
        progress.retries += 1;
        if progress.retries > self.settings.read_retries {
            return Next::Give;
        }
        let resumable = progress.pin.as_ref().is_some_and(|pin| pin.strong_etag().is_some());
        if matches!(error, ReadError::Unusable(_)) || !resumable || progress.position() == 0 {
            progress.form = Form::Whole;
            progress.meter = Meter::new();
        } else if progress.form == Form::Whole {
            progress.form = Form::Matched;
        }
        Next::Again
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
        let (asked, conditions) = progress.conditions();
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
                progress.form = Form::Whole;
                progress.pin = Some(Pin::of(&head));
                note.restarted = true;
                watch(Step::Started(head.content_length));
                0
            }
            Err(Refused::Changed(how)) => return Err(ReadError::Changed(how)),
            Err(Refused::Unusable(how)) => return Err(ReadError::Unusable(how)),
        };
        progress.take(&head, body, skip, note, watch).await
    }
}

/// What comes after a request that did not bring the last byte.
enum Next {
    /// Nothing: the error stands.
    Give,
    /// Another request without a wait, since the store was only asked in a form it does not know.
    AtOnce,
    /// Another request after a wait.
    Again,
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

    fn conditions(&self) -> (Asked, Conditions) {
        let etag = self.pin.as_ref().and_then(Pin::strong_etag).map(str::to_owned);
        let version_id = self.pin.as_ref().and_then(|pin| pin.version_id.clone());
        let position = self.position();
        match self.form {
            Form::Whole => (Asked::Whole, Conditions { if_match: etag, ..Conditions::default() }),
            Form::Matched => {
                (Asked::From(position), Conditions { from: Some(position), if_match: etag, version_id: None })
            }
            Form::Versioned => (Asked::From(position), Conditions { from: Some(position), if_match: None, version_id }),
        }
    }

    /// The next plainer form after one that the store refused as such.
    fn plainer_form(&self, error: &StoreError) -> Option<Form> {
        let not_understood = matches!(error.status(), Some(400 | 405 | 501)) && !error.may_pass();
        let version = self.pin.as_ref().is_some_and(|pin| pin.version_id.is_some());
        match self.form {
            Form::Matched if not_understood && version => Some(Form::Versioned),
            Form::Matched if not_understood => Some(Form::Whole),
            // The permission to read a version by its id is one of its own; its absence is no verdict.
            Form::Versioned if not_understood || error.status() == Some(403) => Some(Form::Whole),
            _ => None,
        }
    }

    /// Takes a body, after `skip` bytes that are known already, until the object or the body ends.
    async fn take(
        &mut self,
        head: &Head,
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
            self.furthest = self.furthest.max(self.position());
            watch(Step::Progress(self.position()));
        }
        match total {
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
