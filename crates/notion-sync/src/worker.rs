//! When things are done: events are followed all the time, rows written as they become due,
//! everything compared at the first start, when the stream broke for good, and every night.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use jiff::civil::Time;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use service_kit::clock::SharedClock;
use service_kit::shutdown::Shutdown;
use tokio::sync::Notify;

use crate::community::{self, Step};
use crate::engine::Engine;
use crate::error::Error;
use crate::health::{Health, Part};
use crate::state::meta;

/// How often it is looked for what has become due.
const TICK: Duration = Duration::from_secs(1);
/// How many events are kept in one go.
const STEPS: usize = 500;
/// Pauses after failures.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Runs an engine.
pub struct Worker {
    /// What does the work.
    pub engine: Arc<Engine>,
    /// How it goes.
    pub health: Arc<Health>,
    /// When everything is compared, UTC.
    pub compare_at: Time,
    /// The time.
    pub clock: SharedClock,
    /// When to stop.
    pub shutdown: Shutdown,
    /// Tells the writing part that the stream begins anew.
    pub begun: Arc<Notify>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

impl Worker {
    /// Follows the events until the shutdown drains.
    pub async fn follow(self: Arc<Self>) {
        let mut failures = 0;
        while !self.is_draining() {
            let draining = self.shutdown.draining().clone();
            let error = tokio::select! {
                () = draining.cancelled() => return,
                error = self.follow_once(&mut failures) => error,
            };
            match error {
                Ok(()) => {}
                Err(Error::Community(community::Error::TokenUseless(reason))) => {
                    tracing::warn!(reason, "events were missed; everything is compared");
                    let engine = &self.engine;
                    // A new start: from now on, and a comparison for what was missed.
                    let _kept = engine.state().set_meta(meta::TOKEN, String::new()).await;
                    let _kept = engine
                        .state()
                        .set_meta(meta::RECONCILED, String::new())
                        .await;
                }
                Err(error) => self.health.obstacle(Part::Follow, &error.to_string()),
            }
            failures += 1;
            self.pause(failures).await;
        }
    }

    /// One stream, until it ends.
    async fn follow_once(&self, failures: &mut u32) -> Result<(), Error> {
        let state = self.engine.state();
        let token = state.meta(meta::TOKEN).await?.unwrap_or_default();
        let mut begins_anew = token.is_empty();
        let stream = self.engine.community().watch(&token).await?;
        // What has come meanwhile is kept together: one transaction for many events.
        let mut batches = stream.ready_chunks(STEPS);
        while let Some(batch) = batches.next().await {
            let mut steps: Vec<Step> = Vec::with_capacity(batch.len());
            let mut broken = None;
            for step in batch {
                match step {
                    Ok(step) => steps.push(step),
                    Err(error) => broken = Some(error),
                }
            }
            if !steps.is_empty() {
                self.engine.take_in(steps).await?;
                if std::mem::take(&mut begins_anew) {
                    // Whatever happened before this stream is found by comparing.
                    state.set_meta(meta::RECONCILED, String::new()).await?;
                }
                self.health.works(Part::Follow);
                *failures = 0;
                self.begun.notify_one();
            }
            if let Some(error) = broken {
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Writes rows until the shutdown drains; what is in hand is finished.
    pub async fn write(self: Arc<Self>) {
        let (mut failures, mut seen) = (0, 0);
        // A comparison sees what was there before; the stream must have begun by then.
        tokio::select! {
            () = self.shutdown.draining().cancelled() => return,
            () = self.begun.notified() => {}
        }
        while !self.is_draining() {
            match self.round().await {
                Ok(busy) => {
                    failures = 0;
                    let postponed = self.engine.metrics().postponed();
                    if postponed > seen {
                        let what = "Notion does not answer; rows wait and are tried again";
                        self.health.obstacle(Part::Write, what);
                    } else {
                        self.health.works(Part::Write);
                    }
                    seen = postponed;
                    if !busy {
                        self.rest(TICK).await;
                    }
                }
                Err(Error::Stopped) => {}
                Err(error) => {
                    failures += 1;
                    self.health.obstacle(Part::Write, &error.to_string());
                    self.pause(failures).await;
                }
            }
        }
    }

    /// Everything that is due now; true when there may be more.
    async fn round(&self) -> Result<bool, Error> {
        if self.comparison_is_due().await? {
            self.engine.compare(false).await?;
        }
        let understood = self.engine.understand().await?;
        let members = self.engine.settle_members().await?;
        let activities = match members {
            // Members first: their rows are few and are looked at most.
            0 => self.engine.settle_activities().await?,
            _ => 0,
        };
        self.engine.observe().await?;
        Ok(understood + members + activities > 0)
    }

    async fn comparison_is_due(&self) -> Result<bool, Error> {
        let last = self.engine.state().meta(meta::RECONCILED).await?;
        let last: Option<Timestamp> = last.and_then(|text| text.parse().ok());
        Ok(last.is_none_or(|last| last < latest(self.compare_at, self.clock.now())))
    }

    fn is_draining(&self) -> bool {
        self.shutdown.draining().is_cancelled()
    }

    async fn pause(&self, failures: u32) {
        let pause = FIRST_PAUSE.saturating_mul(1 << failures.clamp(1, 10).saturating_sub(1));
        self.rest(pause.min(LONGEST_PAUSE)).await;
    }

    async fn rest(&self, time: Duration) {
        tokio::select! {
            () = self.shutdown.draining().cancelled() => {}
            () = tokio::time::sleep(time) => {}
        }
    }
}

/// The last time at which this time of day was, UTC.
fn latest(at: Time, now: Timestamp) -> Timestamp {
    let today = now.to_zoned(TimeZone::UTC).with().time(at).build();
    let today = today.map_or(now, |today| today.timestamp());
    if today <= now {
        today
    } else {
        today - 24.hours()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_due_once_a_day_at_its_time() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let three: Time = "03:00".parse().unwrap();
        assert_eq!(
            latest(three, at("2026-02-03T02:59:59Z")),
            at("2026-02-02T03:00:00Z")
        );
        assert_eq!(
            latest(three, at("2026-02-03T03:00:00Z")),
            at("2026-02-03T03:00:00Z")
        );
    }
}
