//! Parts of a large object on their way by connections of their own, ahead of where its read stands.
//!
//! A store often gives each connection a share only, so more of them bring an object sooner; where one is enough, more
//! cost memory and nothing is gained. So a read begins with one, and the rate that is measured says whether more pay.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesOrdered;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::client::{Place, Store};
use super::part::{Part, Span, Traffic};
use super::pin::Pin;
use crate::climb::Climb;
use crate::evidence::Attempt;

/// The rate is measured over so long.
const MEASURED: Duration = Duration::from_millis(100);

/// The parts of one object.
pub(super) struct Ahead<'a> {
    store: &'a Store,
    place: &'a Place,
    pin: Rc<Pin>,
    /// The bytes from `next` to `total` are not asked for yet; none is any more once a part went wrong.
    next: u64,
    total: u64,
    open: bool,
    /// Whether the read has a connection of its own now.
    front: bool,
    /// Where each part begins that was asked for and not taken.
    starts: VecDeque<u64>,
    running: FuturesOrdered<LocalBoxFuture<'a, Part>>,
    ready: VecDeque<Part>,
    traffic: Rc<Traffic>,
    stop: CancellationToken,
    climb: Climb,
    ticks: tokio::time::Interval,
    /// Ticks that pass before the next measurement: new connections need a while to get going.
    settling: u32,
    settle: u32,
    mark: (Instant, u64),
}

impl<'a> Ahead<'a> {
    /// Begins, if the object at `place` is worth it: its first answer set `pin` and took `head_time` to come.
    pub(super) fn begin(
        store: &'a Store,
        place: &'a Place,
        pin: &Pin,
        head_time: Duration,
        cancel: &CancellationToken,
    ) -> Option<Self> {
        let parts = store.settings.parts;
        let total = pin.bytes.filter(|total| pin.strong_etag().is_some() && parts.pay(*total))?;
        let mut ticks = tokio::time::interval_at(Instant::now() + MEASURED, MEASURED);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // In ticks, to the nearest.
        let settle = (2 * head_time + MEASURED / 2).as_millis() / MEASURED.as_millis();
        let mut ahead = Self {
            store,
            place,
            pin: Rc::new(pin.clone()),
            next: parts.next(total, 1),
            total,
            open: true,
            front: true,
            starts: VecDeque::new(),
            running: FuturesOrdered::new(),
            ready: VecDeque::new(),
            traffic: Rc::default(),
            stop: cancel.child_token(),
            climb: parts.climb(),
            ticks,
            settling: 0,
            settle: u32::try_from(settle).unwrap_or(u32::MAX),
            mark: (Instant::now(), 0),
        };
        ahead.fill(0);
        Some(ahead)
    }

    /// Where the first part begins that was not taken yet: up to there the read has to go by itself.
    pub(super) fn boundary(&self) -> Option<u64> {
        self.starts.front().copied()
    }

    /// Notes whether the read has a connection of its own.
    pub(super) fn set_front(&mut self, open: bool) {
        self.front = open;
    }

    /// Notes bytes that the read received by itself, up to `position`.
    pub(super) fn received(&self, bytes: u64) {
        self.traffic.receive(bytes);
    }

    /// No more parts are asked for; those on their way still count.
    pub(super) fn close(&mut self) {
        self.open = false;
    }

    /// Asks for parts until there are as many connections as pay, the read standing at `position`.
    pub(super) fn fill(&mut self, position: u64) {
        let parts = self.store.settings.parts;
        if self.starts.is_empty() {
            // The read keeps what lies just before it, so that it is not stopped at once.
            let lead = if self.front { parts.next(self.total.saturating_sub(position), self.climb.level()) } else { 0 };
            self.next = self.next.max(position + lead);
        }
        // One connection alone is the read's own: that need not end and begin with each part.
        while self.open
            && self.next < self.total
            && self.climb.level() > 1
            && self.traffic.running.get() + usize::from(self.front) < self.climb.level()
        {
            let length = parts.next(self.total - self.next, self.climb.level());
            let Some(held) = self.store.buffers.try_part(length) else { break };
            let span = Span { from: self.next, end: self.next + length };
            let (store, place, pin) = (self.store, self.place, Rc::clone(&self.pin));
            let (traffic, stop) = (Rc::clone(&self.traffic), self.stop.clone());
            traffic.running.set(traffic.running.get() + 1);
            self.running.push_back(Box::pin(async move {
                let part = store.fetch_part(place, &pin, span, held, &traffic, &stop).await;
                traffic.running.set(traffic.running.get() - 1);
                part
            }));
            self.starts.push_back(span.from);
            self.next = span.end;
        }
    }

    /// Keeps all parts going, for as long as it is waited for.
    pub(super) async fn drive(&mut self, position: u64) -> Infallible {
        loop {
            self.step(position).await;
        }
    }

    /// Waits for the part at the boundary; `None` if none was asked for.
    pub(super) async fn take(&mut self, position: u64) -> Option<Part> {
        while !self.starts.is_empty() {
            if let Some(part) = self.ready.pop_front() {
                self.starts.pop_front();
                return Some(part);
            }
            self.step(position).await;
        }
        None
    }

    /// Drops the parts at the boundary of which nothing came, so that the read need not stop for them; their requests are
    /// evidence.
    pub(super) fn skip_empty(&mut self) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        while let Some(part) = self.ready.pop_front_if(|part| part.chunks.is_empty()) {
            self.starts.pop_front();
            self.close();
            attempts.extend(part.attempts);
        }
        attempts
    }

    /// Ends all parts; the requests made for those that were not taken are evidence too.
    pub(super) async fn stop(mut self) -> Vec<Attempt> {
        self.stop.cancel();
        let running: Vec<_> = self.running.collect().await;
        self.ready.extend(running);
        self.ready.into_iter().flat_map(|part| part.attempts).collect()
    }

    async fn step(&mut self, position: u64) {
        tokio::select! {
            Some(part) = self.running.next(), if !self.running.is_empty() => {
                self.ready.push_back(part);
                self.fill(position);
            }
            _ = self.ticks.tick() => self.measure(position),
        }
    }

    fn measure(&mut self, position: u64) {
        let (since, before) = self.mark;
        let (now, received) = (Instant::now(), self.traffic.received.get());
        self.mark = (now, received);
        if self.settling > 0 {
            self.settling -= 1;
            return;
        }
        let level = self.climb.level();
        // A rate needs no more digits than a float has.
        #[expect(clippy::cast_precision_loss)]
        self.climb.measured((received - before) as f64 / (now - since).as_secs_f64());
        if self.climb.level() > level {
            self.settling = self.settle;
        }
        self.fill(position);
    }
}
