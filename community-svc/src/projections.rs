//! What stored events are turned into, and the one who does it.
//!
//! An event is stored with its projections due. The [`Projector`] claims what is
//! due, has each projection take effect, and settles each by itself. It can die
//! between any two steps: what was not settled is claimed again, and every effect
//! knows the event by its id. A store that is away pauses its projection and costs
//! no event an attempt; an event that fails by itself is tried again, later and
//! later, and then given up on with the reason.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use service_kit::clock::SharedClock;
use service_kit::failpoints;
use service_kit::shutdown::Shutdown;
use tokio::time::Instant;

use crate::events::{Projection, Settled, SharedEventStore, StoredEvent, Verdict, Work};
use crate::metrics::{Metrics, Term};
use crate::stores::StoreError;

mod effects;
mod failure;
mod preview;
pub mod retention;
#[cfg(test)]
mod tests;

pub use effects::{Copies, Effects};
use failure::Failure;

/// How many events are claimed at once.
const BATCH: usize = 200;

/// How often the store is asked although nothing was heard: for retries, and for
/// what another process stored and did not get to.
const POLL: Duration = Duration::from_secs(2);

/// How long a projection rests whose store is away: from, doubling, to.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

/// How long an event waits that failed by itself: from, doubling, to.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));

/// A number from 0 up to 1, another one at each call.
pub type Random = Arc<dyn Fn() -> f64 + Send + Sync>;

/// Has stored events take effect.
pub struct Projector {
    events: SharedEventStore,
    effects: Effects,
    clock: SharedClock,
    random: Random,
    /// After so many failures an event's projection is given up on.
    attempts: u32,
    metrics: Metrics,
    pauses: HashMap<Projection, Pause>,
}

impl std::fmt::Debug for Projector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Projector").finish_non_exhaustive()
    }
}

/// A projection whose store is away.
#[derive(Clone, Copy)]
struct Pause {
    until: Instant,
    failures: u32,
}

impl Projector {
    /// Projects what `events` holds.
    #[must_use]
    pub fn new(
        events: SharedEventStore,
        effects: Effects,
        attempts: u32,
        (clock, random): (SharedClock, Random),
        metrics: Metrics,
    ) -> Self {
        Self {
            events,
            effects,
            clock,
            random,
            attempts,
            metrics,
            pauses: HashMap::new(),
        }
    }

    /// Projects until the service drains; a batch that was begun is finished.
    pub async fn run(mut self, shutdown: Shutdown) {
        let draining = shutdown.draining();
        let mut stored = self.events.stored_signal();
        let mut failures = 0;
        while !draining.is_cancelled() {
            // What is stored from here on wakes us again.
            stored.mark_unchanged();
            let wait = match self.pass(|| draining.is_cancelled()).await {
                Ok(()) => {
                    failures = 0;
                    POLL
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot get at stored events to project them; trying again"
                    );
                    failures += 1;
                    self.delay(PAUSE, failures)
                }
            };
            tokio::select! {
                // After a failure the next try waits for its time.
                heard = stored.changed(), if failures == 0 => if heard.is_err() {
                    return;
                },
                () = tokio::time::sleep(wait) => {}
                () = draining.cancelled() => {}
            }
        }
    }

    /// Projects all that is due now, unless `stop` says otherwise between batches.
    ///
    /// # Errors
    /// When the event store does not answer; what was done is settled or done again.
    async fn pass(&mut self, stop: impl Fn() -> bool) -> Result<(), StoreError> {
        while !stop() {
            // An erasure waits for the batch, and the batch for an erasure.
            let gate = self.effects.enter().await;
            let now = self.clock.now();
            let work = self.events.claim(now, BATCH).await?;
            self.metrics.projection_lag(lag(&work, now));
            if work.is_empty() {
                return Ok(());
            }
            let due = work.iter().map(|work| work.due.len()).sum();
            let mut taken = self.metrics.taken(due);
            let mut settled = Vec::new();
            for projection in Projection::ALL {
                settled.extend(self.project(projection, &work).await);
            }
            self.events.settle(&settled).await?;
            failpoints::reached("project.settled");
            for one in &settled {
                taken.one(term(&one.verdict));
            }
            taken.end();
            self.report(&settled);
            drop(gate);
            if work.len() < BATCH {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Runs one projection of all events that it is due for.
    async fn project(&mut self, projection: Projection, work: &[Work]) -> Vec<Settled> {
        let due: Vec<(&StoredEvent, u32)> = work
            .iter()
            .filter_map(|work| {
                let due = work.due.iter().find(|due| due.projection == projection)?;
                Some((&work.event, due.attempts))
            })
            .collect();
        if due.is_empty() {
            return Vec::new();
        }
        if let Some(wait) = self.pause(projection) {
            return self.later(projection, wait, &due);
        }
        let events: Vec<_> = due.iter().map(|(stored, _)| &stored.event).collect();
        let settled = match self.effects.run(projection, &events).await {
            Ok(()) => due
                .iter()
                .map(|(stored, _)| settled(stored, projection, Verdict::Done))
                .collect(),
            Err(Failure::Away(reason)) => self.rest(projection, &reason, &due),
            Err(Failure::Refused(reason)) => match due[..] {
                [(stored, attempts)] => {
                    vec![settled(stored, projection, self.verdict(attempts, reason))]
                }
                _ => self.one_by_one(projection, &due).await,
            },
        };
        failpoints::reached(match projection {
            Projection::Cache => "project.cache",
            Projection::Members => "project.members",
            Projection::Activities => "project.activities",
        });
        settled
    }

    /// So that one event that fails does not hold the others.
    async fn one_by_one(
        &mut self,
        projection: Projection,
        due: &[(&StoredEvent, u32)],
    ) -> Vec<Settled> {
        let mut done = Vec::with_capacity(due.len());
        for (index, (stored, attempts)) in due.iter().enumerate() {
            let verdict = match self.effects.run(projection, &[&stored.event]).await {
                Ok(()) => Verdict::Done,
                Err(Failure::Refused(reason)) => self.verdict(*attempts, reason),
                Err(Failure::Away(reason)) => {
                    done.extend(self.rest(projection, &reason, &due[index..]));
                    break;
                }
            };
            done.push(settled(stored, projection, verdict));
        }
        done
    }

    /// Again after a while, or never again.
    fn verdict(&self, attempts: u32, reason: String) -> Verdict {
        let (now, failures) = (self.clock.now(), attempts + 1);
        if failures >= self.attempts {
            return Verdict::Dead { reason, at: now };
        }
        let at = after(now, self.delay(RETRY, failures));
        Verdict::Retry { reason, at }
    }

    /// Leaves the projection alone for a while, at no event's cost.
    fn rest(
        &mut self,
        projection: Projection,
        reason: &str,
        due: &[(&StoredEvent, u32)],
    ) -> Vec<Settled> {
        let failures = self.pauses.get(&projection).map_or(0, |rest| rest.failures) + 1;
        let delay = self.delay(PAUSE, failures);
        let until = Instant::now() + delay;
        self.pauses.insert(projection, Pause { until, failures });
        self.metrics.projection(projection.name(), "paused");
        tracing::warn!(
            projection = projection.name(),
            reason,
            ?delay,
            "a store is away; its projection waits"
        );
        self.later(projection, delay, due)
    }

    /// Again when the pause is over, but for a cached copy that has outlived its
    /// time by now. Where even this cannot be settled, the claim runs out.
    fn later(
        &self,
        projection: Projection,
        wait: Duration,
        due: &[(&StoredEvent, u32)],
    ) -> Vec<Settled> {
        let now = self.clock.now();
        let at = after(now, wait);
        let is_cache = projection == Projection::Cache;
        let verdict = |stored: &StoredEvent| {
            if is_cache && self.effects.has_left_the_cache(&stored.event, now) {
                Verdict::Done
            } else {
                Verdict::Later { at }
            }
        };
        due.iter()
            .map(|(stored, _)| settled(stored, projection, verdict(stored)))
            .collect()
    }

    /// How long the projection still rests. A pause is forgotten when the projection
    /// has run, not when its time is over, so that the next is longer.
    fn pause(&self, projection: Projection) -> Option<Duration> {
        let until = self.pauses.get(&projection)?.until;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    fn report(&mut self, all: &[Settled]) {
        for Settled {
            event_id,
            projection,
            verdict,
        } in all
        {
            let projection_name = projection.name();
            let outcome = match verdict {
                Verdict::Done => {
                    self.pauses.remove(projection);
                    "done"
                }
                // Told when the pause began.
                Verdict::Later { .. } => continue,
                Verdict::Retry { reason, .. } => {
                    tracing::warn!(%event_id, projection = projection_name, reason, "a projection failed and is tried again");
                    "failed"
                }
                Verdict::Dead { reason, .. } => {
                    tracing::error!(%event_id, projection = projection_name, reason, "a projection is given up on");
                    "dead"
                }
            };
            self.metrics.projection(projection_name, outcome);
        }
    }

    /// Doubles with each failure; a random half of it, so that what failed together
    /// does not come again together.
    fn delay(&self, (from, to): (Duration, Duration), failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        let whole = from.saturating_mul(1 << doublings).min(to);
        whole.mul_f64(0.5 + 0.5 * (self.random)())
    }
}

fn term(verdict: &Verdict) -> Term {
    match verdict {
        Verdict::Done => Term::Done,
        Verdict::Retry { .. } => Term::Failed,
        Verdict::Later { .. } => Term::Later,
        Verdict::Dead { .. } => Term::Dead,
    }
}

fn settled(stored: &StoredEvent, projection: Projection, verdict: Verdict) -> Settled {
    Settled {
        event_id: stored.event.event_id.clone(),
        projection,
        verdict,
    }
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or_default();
    now.checked_add(wait).unwrap_or(now)
}

/// How long the oldest claimed event has waited; nothing claimed is no wait.
fn lag(work: &[Work], now: Timestamp) -> Duration {
    work.iter()
        .map(|work| now.duration_since(work.event.stored_at))
        .max()
        .and_then(|lag| Duration::try_from(lag).ok())
        .unwrap_or_default()
}
