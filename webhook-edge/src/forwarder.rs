//! Carries queued events to the service, in the order of their arrival.
//!
//! One batch is under way at a time, so the order holds for each member, post and
//! space, whatever the service does. While the service is away nothing is given
//! up; an event that it refuses while it takes others ends in the dead letters.
//! Memory is bounded by one batch. An event leaves the queue only after the
//! service has said that it is stored; after a crash in between it is sent again,
//! and the service knows it by its id.

use std::sync::Arc;
use std::time::Duration;

use service_kit::failpoints;
use service_kit::shutdown::Shutdown;
use tokio::time::Instant;

use crate::forward::{Blame, Error, Store};
use crate::metrics::Metrics;
use crate::queue::{Position, Queue, Queued};

mod backoff;
mod parked;

use backoff::Backoff;
pub use backoff::Jitter;
use parked::{Entry, Parked, Verdict};

/// Events in a batch: as many as the service takes in one call.
const BATCH_EVENTS: usize = 500;
/// Bytes in a batch; the service takes messages of 8 MiB.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// How often an event is sent alone before another gets its turn.
const TRIES_IF_TOO_SLOW: u32 = 3;
/// After a batch of so many events that was all there was, more are coming: waiting a
/// moment for them makes one large batch of many small ones, which costs edge, service
/// and store the least.
const MANY: usize = 16;
const MOMENT: Duration = Duration::from_millis(20);
/// How long a batch that is under way may still take when the edge stops.
const LAST_BATCH: Duration = Duration::from_secs(3);

/// Carries events from the queue to the service.
pub struct Forwarder {
    queue: Queue,
    store: Arc<dyn Store>,
    metrics: Metrics,
    backoff: Backoff,
    parked: Parked,
    /// Everything up to here was sent or set aside.
    after: Option<Position>,
    /// Whether events before `after` wait for one that is set aside.
    skipped: bool,
    /// Events that the service has stored since the start.
    stored: u64,
    /// Smaller while the service is too slow for a whole batch.
    batch: usize,
    /// How often the service was too slow for a single event, one after the other.
    too_slow_for_one: u32,
    is_away: bool,
}

/// What to do after a step.
enum Next {
    /// There may be more.
    GoOn,
    /// There will be more in a moment.
    Gather,
    /// Nothing to send: wait for the queue, or for what is set aside.
    Wait,
    /// The service is away.
    Pause,
}

impl Forwarder {
    /// A forwarder from `queue` to `store`.
    #[must_use]
    pub fn new(queue: Queue, store: Arc<dyn Store>, metrics: Metrics, jitter: Jitter) -> Self {
        Self {
            queue,
            store,
            metrics,
            backoff: Backoff::new(jitter),
            parked: Parked::default(),
            after: None,
            skipped: false,
            stored: 0,
            batch: BATCH_EVENTS,
            too_slow_for_one: 0,
            is_away: false,
        }
    }

    /// Forwards until the edge drains, then lets the batch that is under way end.
    pub async fn run(self, shutdown: Shutdown) {
        let draining = shutdown.draining().clone();
        let out_of_time = async {
            draining.cancelled().await;
            tokio::time::sleep(LAST_BATCH).await;
        };
        tokio::select! {
            () = self.forward_until(&shutdown) => {}
            () = out_of_time => {}
            () = shutdown.aborting().cancelled() => {}
        }
    }

    async fn forward_until(mut self, shutdown: &Shutdown) {
        let queue = self.queue.clone();
        while !shutdown.draining().is_cancelled() {
            // Before the look at the queue, so that nothing slips in between.
            let changed = queue.changed();
            let next = self.step().await;
            tokio::select! {
                () = shutdown.draining().cancelled() => {}
                () = self.wait(next, changed) => {}
            }
        }
    }

    async fn wait(&mut self, next: Next, changed: impl Future<Output = ()>) {
        match next {
            Next::GoOn => {}
            Next::Gather => tokio::time::sleep(MOMENT).await,
            Next::Wait => match self.parked.next_due() {
                Some(due) => tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep_until(due) => {}
                },
                None => changed.await,
            },
            Next::Pause => tokio::time::sleep(self.backoff.next_pause()).await,
        }
    }

    async fn step(&mut self) -> Next {
        if let Some(entry) = self.parked.take_due(Instant::now()) {
            return self.offer_again(entry).await;
        }
        if self.parked.is_full() {
            return Next::Wait;
        }
        let batch = match self.queue.read(self.after, self.batch, BATCH_BYTES).await {
            Ok(batch) => batch,
            Err(error) => {
                tracing::error!(%error, "the queue cannot be read: nothing is forwarded");
                return Next::Pause;
            }
        };
        let Some(last) = batch.last().map(|queued| queued.position) else {
            return Next::Wait;
        };
        let count = batch.len();
        match self.send_all(batch).await {
            Ok(()) => {
                self.after = Some(last);
                self.batch = (self.batch * 2).min(BATCH_EVENTS);
                self.after_batch(count)
            }
            Err(error) => self.service_is_away(&error),
        }
    }

    /// Whether to go on at once.
    fn after_batch(&self, count: usize) -> Next {
        let waiting = self.queue.stats().depth;
        if count < MANY || waiting >= BATCH_EVENTS as u64 {
            return Next::GoOn;
        }
        Next::Gather
    }

    /// Sends a batch; splits what is refused until the refused event stands alone.
    async fn send_all(&mut self, batch: Vec<Queued>) -> Result<(), Error> {
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            let count = part.len();
            part.retain(|queued| !self.parked.holds(queued));
            self.skipped |= part.len() < count;
            if part.is_empty() {
                continue;
            }
            match self.send(&part).await {
                Ok(()) => {}
                Err(error) if error.blame() == Blame::Service && !self.is_stuck(&error) => {
                    return Err(error);
                }
                Err(_) if part.len() > 1 => {
                    let later = part.split_off(part.len() / 2);
                    parts.push(later);
                    parts.push(part);
                }
                Err(error) => {
                    if self.parked.is_full() {
                        return Err(error);
                    }
                    tracing::warn!(
                        cause = error.to_string(),
                        position = part[0].position.0,
                        "an event is refused and set aside; it is offered again"
                    );
                    self.metrics.set_aside();
                    self.parked.add(&part[0], self.stored, Instant::now());
                }
            }
        }
        Ok(())
    }

    /// Whether the service is too slow for one event again and again. Then the next
    /// event gets its turn: it may be this one that the service cannot digest.
    fn is_stuck(&mut self, error: &Error) -> bool {
        if self.batch > 1 || !matches!(error, Error::TimedOut(_)) {
            return false;
        }
        self.too_slow_for_one += 1;
        self.too_slow_for_one >= TRIES_IF_TOO_SLOW
    }

    /// Stores the events and removes them from the queue.
    async fn send(&mut self, part: &[Queued]) -> Result<(), Error> {
        failpoints::reached("forward.send");
        let accepted = self.store.store(part).await?;
        failpoints::reached("forward.sent");
        self.metrics.forwarded(&accepted);
        self.stored += part.len() as u64;
        self.too_slow_for_one = 0;
        self.service_is_back();
        if let Err(error) = self.queue.remove(part).await {
            // They are stored, and sent again after a restart; the service knows them.
            tracing::error!(%error, "stored events could not be removed from the queue");
        }
        Ok(())
    }

    async fn offer_again(&mut self, mut entry: Entry) -> Next {
        let queued = match self.look_up(entry.position).await {
            Ok(Some(queued)) => queued,
            Ok(None) => return self.resolved(),
            Err(next) => {
                self.parked.put_back(entry, Instant::now());
                return next;
            }
        };
        let error = match self.send(std::slice::from_ref(&queued)).await {
            Ok(()) => return self.resolved(),
            Err(error) => error,
        };
        // Too slow for this event alone, while others are stored, speaks against it.
        if error.blame() == Blame::Service && !matches!(error, Error::TimedOut(_)) {
            self.parked.put_back(entry, Instant::now());
            return self.service_is_away(&error);
        }
        match entry.refused(error.blame() == Blame::Event, self.stored) {
            Verdict::Wait => {
                self.parked.put_back(entry, Instant::now());
                Next::GoOn
            }
            Verdict::Bury => self.bury(entry, &error).await,
        }
    }

    async fn look_up(&self, position: Position) -> Result<Option<Queued>, Next> {
        let before = position.0.checked_sub(1).map(Position);
        match self.queue.read(before, 1, BATCH_BYTES).await {
            Ok(found) => Ok(found.into_iter().find(|queued| queued.position == position)),
            Err(error) => {
                tracing::error!(%error, "the queue cannot be read: nothing is forwarded");
                Err(Next::Pause)
            }
        }
    }

    async fn bury(&mut self, entry: Entry, error: &Error) -> Next {
        let reason = format!("refused {} times: {error}", entry.attempts());
        if let Err(error) = self.queue.bury(entry.position, reason).await {
            tracing::error!(%error, "a refused event could not be moved to the dead letters");
            self.parked.put_back(entry, Instant::now());
            return Next::Pause;
        }
        tracing::error!(
            cause = error.to_string(),
            position = entry.position.0,
            attempts = entry.attempts(),
            "an event is refused while others are stored: moved to the dead letters"
        );
        self.resolved()
    }

    /// What waited for an event that was set aside can go.
    fn resolved(&mut self) -> Next {
        if std::mem::take(&mut self.skipped) {
            self.after = None;
        }
        Next::GoOn
    }

    fn service_is_away(&mut self, error: &Error) -> Next {
        if matches!(error, Error::TimedOut(_)) {
            self.batch = (self.batch / 2).max(1);
        }
        if !std::mem::replace(&mut self.is_away, true) {
            tracing::warn!(
                cause = error.to_string(),
                hint = error.hint(),
                "community-svc does not store events: they wait in the queue"
            );
        }
        self.metrics.forward_failed();
        Next::Pause
    }

    fn service_is_back(&mut self) {
        self.backoff.reset();
        if std::mem::take(&mut self.is_away) {
            let waiting = self.queue.stats().depth;
            tracing::info!(waiting, "community-svc stores events again");
        }
    }
}

#[cfg(test)]
mod tests;
