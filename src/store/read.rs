//! The pinned read: every byte of one version of an object, in order, however often the connection breaks.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ahead::Ahead;
use super::client::{Place, Store};
use super::copy::DiskCopy;
use super::head::Head;
use super::lookups::Lookups;
use super::metering::Metering;
use super::pin::{Admitted, Pin, Refused, admit};
use super::read_error::ReadError;
use super::request_note::RequestNote;
use super::resume::{Next, Resume};
use crate::evidence::{Attempt, Lookup};
use crate::fixity::Observed;
use crate::http::Lane;

/// Which of the two reads of an object this is.
#[derive(Debug, Clone, Copy)]
pub enum Pass<'a> {
    /// Sets the pin.
    First,
    /// On new connections, under the pin of the first.
    Second(&'a Pin),
    /// A first read of this version rather than of what is current.
    Version(&'a str),
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
    /// Every request that looked for its length.
    pub lookups: Vec<Lookup>,
    /// Whether the copy that was asked for is whole and on disk; `None` where the read was not whole.
    pub copied: Option<io::Result<()>>,
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

/// So much is read of an object nobody knows the length of: it cannot be called whole, and may have no end.
const MOST_WITHOUT_LENGTH: u64 = 256 << 20;

/// The state of one read between its requests.
struct Progress<'a> {
    metering: Metering,
    pin: Option<Pin>,
    resume: Resume,
    /// Parts that come by other connections, where the object is worth them.
    ahead: Option<Ahead<'a>>,
    attempts: Vec<Attempt>,
    lookups: Lookups,
}

/// How a request ended that did not fail.
enum Ended {
    /// With the last byte of the object.
    Whole,
    /// Where a part begins that comes by another connection.
    AtPart,
}

/// What a read works with.
#[derive(Clone, Copy)]
struct Task<'a> {
    place: &'a Place,
    lane: Lane,
    version: Option<&'a str>,
    copy_to: Option<&'a Path>,
    watch: &'a dyn Fn(Step<'_>),
    cancel: &'a CancellationToken,
}

impl Store {
    /// Reads the whole object at `place`, going on under its pin whenever the connection breaks.
    ///
    /// Waits for a share of the run's memory first. Cancelling ends the read with what is known. With `copy_to` the bytes
    /// that are hashed are written there too, anew whenever the object begins anew.
    pub async fn read(
        &self,
        place: &Place,
        pass: Pass<'_>,
        copy_to: Option<&Path>,
        watch: &dyn Fn(Step<'_>),
        cancel: &CancellationToken,
    ) -> Reading {
        let (pin, lane, version) = match pass {
            Pass::First => (None, Lane::Shared, None),
            Pass::Second(pin) => (Some(pin.clone()), Lane::Fresh, None),
            Pass::Version(version) => (None, Lane::Shared, Some(version)),
        };
        let task = Task { place, lane, version, copy_to, watch, cancel };
        let mut progress = Progress {
            metering: Metering::inline(),
            pin,
            resume: Resume::new(self.settings.read_retries),
            ahead: None,
            attempts: Vec::new(),
            lookups: Lookups::default(),
        };
        let _held = tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            held = self.buffers.connection() => Some(held),
        };
        let ended = self.read_on(task, &mut progress).await;
        if let Err(ReadError::Store(error)) = &ended {
            self.note(error);
        } else if ended.is_ok() {
            self.gate.worked();
        }
        let Progress { metering, pin, ahead, mut attempts, lookups, .. } = progress;
        if let Some(ahead) = ahead {
            attempts.extend(ahead.stop().await);
            attempts.sort_by_key(|attempt| attempt.started_at);
        }
        let position = metering.position();
        let (result, copied) = match ended {
            Ok(()) => {
                let (observed, copied) = metering.finish().await;
                (Ok(observed), copied)
            }
            Err(error) => (Err(error), None),
        };
        Reading { result, pin, position, attempts, lookups: lookups.into_list(), copied }
    }

    /// Goes on with a read until all of the object is in the meter or nothing more can be done.
    async fn read_on<'a>(&'a self, task: Task<'a>, progress: &mut Progress<'a>) -> Result<(), ReadError> {
        loop {
            let from = progress.position();
            let mut note = RequestNote::begin(&self.clock);
            let ended = tokio::select! {
                biased;
                () = task.cancel.cancelled() => None,
                ended = self.request(task, progress, &mut note) => Some(ended),
            };
            let ended = ended.unwrap_or_else(|| Err(ReadError::Interrupted(progress.position())));
            let from = if note.restarted { 0 } else { from };
            progress.attempts.extend(note.attempt(from, ended.as_ref().err(), &self.clock));
            let error = match ended {
                Ok(Ended::Whole) => return Ok(()),
                Ok(Ended::AtPart) => {
                    tokio::select! {
                        biased;
                        () = task.cancel.cancelled() => return Err(ReadError::Interrupted(progress.position())),
                        () = progress.take_parts(task.watch) => {}
                    }
                    if progress.is_at_end() {
                        return Ok(());
                    }
                    continue;
                }
                Err(error) => error,
            };
            let (afresh, retry) =
                match progress.resume.after(error.setback(), progress.pin.as_ref(), progress.metering.position()) {
                    Next::Give => return Err(error),
                    Next::AtOnce { afresh } => (afresh, None),
                    Next::Again { afresh, retry } => (afresh, Some(retry)),
                };
            if afresh {
                progress.start_over().await;
            }
            let Some(retry) = retry else { continue };
            let wait = self.wait_before(&error, retry);
            (task.watch)(Step::Retry(progress.position(), &error, wait));
            tokio::select! {
                biased;
                () = task.cancel.cancelled() => return Err(ReadError::Interrupted(progress.position())),
                () = tokio::time::sleep(wait) => {}
                never = progress.drive() => match never {},
            }
        }
    }

    /// How long to wait before another request after this error.
    pub(super) fn wait_before(&self, error: &ReadError, retry: u32) -> Duration {
        match error {
            ReadError::Store(error) => self.wait_after(error, retry),
            _ => self.backoff.wait(retry),
        }
    }

    /// One request and its body, into the meter.
    async fn request<'a>(
        &'a self,
        task: Task<'a>,
        progress: &mut Progress<'a>,
        note: &mut RequestNote,
    ) -> Result<Ended, ReadError> {
        let (asked, mut conditions) = progress.resume.request(progress.pin.as_ref(), progress.position());
        conditions.version_id = task.version.map(str::to_owned).or(conditions.version_id);
        let began = Instant::now();
        note.asked = true;
        // A part may hold the one leave a throttling store gives, so parts go on while this request waits for its own.
        let answer = tokio::select! {
            answer = self.get(task.place, &conditions, task.lane) => answer,
            never = progress.drive() => match never {},
        };
        let (head, body) = note.sent(answer)?;
        let skip = match admit(asked, progress.pin.as_ref(), &head) {
            Ok(Admitted::GoesOn { skip }) => skip,
            Ok(Admitted::FromStart) => {
                let earlier = progress.pin.take();
                let pin = Pin::renewed(earlier.as_ref(), &head);
                progress.start_over().await;
                let copy = task.copy_to.map(DiskCopy::begin);
                progress.metering = Metering::new(self.settings.hashing, pin.bytes, &self.buffers, copy);
                // Parts are asked for without a version.
                if earlier.is_none() && task.version.is_none() {
                    progress.ahead = Ahead::begin(self, task.place, &pin, began.elapsed(), task.cancel);
                }
                progress.pin = Some(pin);
                note.restarted = true;
                (task.watch)(Step::Started(head.content_length));
                0
            }
            Err(Refused::Changed(how)) => return Err(ReadError::Changed(how)),
            Err(Refused::Unusable(how)) => return Err(ReadError::Unusable(how)),
        };
        // Known beforehand, the length bounds a body that never ends.
        if progress.total().is_none() {
            self.learn_length(task.place, progress).await;
        }
        let framed = head.content_length.is_some();
        progress.receive(body, framed, skip, note, task.watch).await?;
        if progress.is_at_part() {
            return Ok(Ended::AtPart);
        }
        if progress.total().is_none() {
            self.learn_length(task.place, progress).await;
        }
        progress.whole(&head).map(|()| Ended::Whole)
    }

    /// Asks how long the object is, where its answer does not say so. Only the same ETag ties the two
    /// answers together. A look-up that fails is no failure of the read.
    async fn learn_length(&self, place: &Place, progress: &mut Progress<'_>) {
        let noted = &progress.lookups;
        let found = self.patiently(async || self.look_up_once(place, noted).await).await;
        if let (Ok(found), Some(pin)) = (found, &mut progress.pin)
            && pin.is_tied_to(found.etag.as_deref())
        {
            pin.bytes = found.bytes;
        }
    }
}

impl Progress<'_> {
    fn position(&self) -> u64 {
        self.metering.position()
    }

    fn total(&self) -> Option<u64> {
        self.pin.as_ref().and_then(|pin| pin.bytes)
    }

    fn is_at_end(&self) -> bool {
        self.total() == Some(self.position())
    }

    fn is_at_part(&self) -> bool {
        self.ahead.as_ref().and_then(Ahead::boundary) == Some(self.position())
    }

    /// Forgets what was read and gives back what it held; the parts belong to a reading that is over. The answer that begins
    /// the object anew says which meter it takes.
    async fn start_over(&mut self) {
        self.metering = Metering::inline();
        if let Some(ahead) = self.ahead.take() {
            self.attempts.extend(ahead.stop().await);
        }
    }

    /// Keeps the parts going while something else is waited for.
    async fn drive(&mut self) -> Infallible {
        let position = self.position();
        match &mut self.ahead {
            Some(ahead) => ahead.drive(position).await,
            None => std::future::pending().await,
        }
    }

    /// Takes a body, after `skip` bytes that are known already, until a part, the object or the body ends. One that is not
    /// framed by a length of its own has to end where the object does.
    async fn receive(
        &mut self,
        mut body: ByteStream,
        framed: bool,
        mut skip: u64,
        note: &mut RequestNote,
        watch: &dyn Fn(Step<'_>),
    ) -> Result<(), ReadError> {
        loop {
            self.attempts.extend(self.ahead.as_mut().map(Ahead::skip_empty).into_iter().flatten());
            let boundary = self.ahead.as_ref().and_then(Ahead::boundary);
            let end = boundary.or(self.total().map(|total| if framed { total } else { total.saturating_add(1) }));
            if end.is_some_and(|end| self.position() >= end) {
                return Ok(());
            }
            if end.is_none() && self.position() > MOST_WITHOUT_LENGTH {
                return Err(ReadError::Endless(MOST_WITHOUT_LENGTH));
            }
            let chunk = match &mut self.ahead {
                None => body.try_next().await,
                Some(ahead) => {
                    let position = self.metering.position();
                    tokio::select! {
                        chunk = body.try_next() => chunk,
                        never = ahead.drive(position) => match never {},
                    }
                }
            };
            let Some(chunk) = chunk.map_err(|error| ReadError::of_body(&error))? else { return Ok(()) };
            note.bytes += chunk.len() as u64;
            if let Some(ahead) = &self.ahead {
                ahead.received(chunk.len() as u64);
            }
            // A chunk is never longer than memory, so the lengths fit.
            let known = usize::try_from(skip).map_or(chunk.len(), |skip| skip.min(chunk.len()));
            skip -= known as u64;
            let wanted = boundary.map_or(chunk.len(), |boundary| {
                usize::try_from(boundary - self.position()).map_or(chunk.len(), |left| chunk.len().min(known + left))
            });
            self.metering.push(chunk.slice(known..wanted)).await;
            self.resume.reached(self.position());
            watch(Step::Progress(self.position()));
        }
    }

    /// Takes the parts that begin where the read stands, one after the other.
    async fn take_parts(&mut self, watch: &dyn Fn(Step<'_>)) {
        while self.is_at_part()
            && let Some(ahead) = &mut self.ahead
        {
            ahead.set_front(false);
            let position = self.metering.position();
            ahead.fill(position);
            let Some(part) = ahead.take(position).await else { break };
            if !part.is_whole() {
                ahead.close();
            }
            self.attempts.extend(part.attempts);
            for chunk in part.chunks {
                self.metering.push(chunk).await;
            }
            self.resume.pass_over(self.position());
            watch(Step::Progress(self.position()));
        }
        if let Some(ahead) = &mut self.ahead {
            ahead.set_front(true);
        }
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
