//! The live feed: webhooks as they are stored, and their states as they change, as
//! server-sent events.
//!
//! Every feed ends after a while and the browser opens the next; each begins with the
//! latest webhooks, so that nothing is missed between two. A row has its webhook's id,
//! and whoever has that row already keeps one.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream;
use maud::Markup;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::answer::{self, Answer};
use super::filters::Filters;
use super::pages::events::{PAGE, row};
use super::problem::Problem;
use super::request::Asked;
use super::{Console, text};
use crate::events::{EventState, FollowError, SharedEventStore, Steps};
use crate::stores::StoreError;

/// Shorter than the admin port leaves a connection open between two requests, which
/// is what an answer that goes on looks like to it.
const LENGTH: Duration = Duration::from_secs(50);

/// How long a store may take until it listens.
const PATIENCE: Duration = Duration::from_secs(5);

/// How soon a browser opens the next feed, in milliseconds.
const RETRY: u32 = 500;

/// How often states are looked up.
const STATES: Duration = Duration::from_millis(500);

/// Webhooks whose states are looked up at once.
const MOST_OPEN: usize = 100;

/// What one browser follows.
struct Feed {
    store: SharedEventStore,
    /// `None` once it has failed.
    steps: Option<Steps>,
    /// Shown, and not settled yet.
    open: VecDeque<String>,
    /// Written and not sent yet.
    waiting: VecDeque<Bytes>,
    ticks: Interval,
    end: Instant,
    draining: CancellationToken,
    /// Held as long as the feed is.
    _place: OwnedSemaphorePermit,
}

/// Opens a feed of what the query selects.
pub(super) async fn answer(console: &Console, asked: &Asked) -> Result<Answer, Problem> {
    let filters = Filters::read(asked)?;
    let service = &console.events;
    let place = service.watchers.clone().try_acquire_owned();
    let place = place.map_err(|_| {
        Problem::Field("Too many watch already; close a page or a client.".to_owned())
    })?;
    // First the watch, then the list: what is stored between is in both.
    let (steps, trouble) = match listening(&service.store, &filters).await {
        Ok(steps) => (Some(steps), None),
        Err(error) => (None, Some(told(error.as_ref()))),
    };
    let mut ticks = tokio::time::interval(STATES);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut feed = Feed {
        store: service.store.clone(),
        steps,
        open: VecDeque::new(),
        waiting: VecDeque::new(),
        ticks,
        end: Instant::now() + LENGTH,
        draining: service.shutdown.draining().clone(),
        _place: place,
    };
    feed.begin(&filters, trouble).await?;
    let events = stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        Some((event, feed))
    });
    Ok(answer::events(events))
}

/// Steps that miss nothing from now on; without a reason when the store is too slow.
async fn listening(
    store: &SharedEventStore,
    filters: &Filters,
) -> Result<Steps, Option<FollowError>> {
    let mut steps = store.follow(None, filters.watched()).await.map_err(Some)?;
    // The first brings no event: it says that the store listens.
    let first = tokio::time::timeout(PATIENCE, steps.next()).await;
    match first {
        Ok(Some(Ok(_))) => Ok(steps),
        Ok(Some(Err(error))) => Err(Some(error)),
        Ok(None) | Err(_) => Err(None),
    }
}

impl Feed {
    async fn begin(&mut self, filters: &Filters, trouble: Option<String>) -> Result<(), Problem> {
        let retry = format!("retry: {RETRY}\n\n");
        self.waiting.push_back(retry.into());
        let latest = self.store.list(filters.query(PAGE)).await?;
        for event in latest.iter().rev() {
            self.keep_open(&event.event.event_id, event.state);
            self.waiting.push_back(markup("row", &row(event)));
        }
        if let Some(trouble) = trouble {
            self.waiting.push_back(line("trouble", &trouble));
        } else {
            self.waiting.push_back(line("live", ""));
        }
        Ok(())
    }

    /// The next event to send; `None` ends the feed.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            tokio::select! {
                () = tokio::time::sleep_until(self.end) => return None,
                () = self.draining.cancelled() => return None,
                step = next_step(&mut self.steps) => match step {
                    Some(Ok(step)) => {
                        if let Some(event) = step.event {
                            self.keep_open(&event.event.event_id, event.state);
                            self.waiting.push_back(markup("row", &row(&event)));
                        }
                    }
                    // The next feed begins with what is missed now.
                    None | Some(Err(_)) => return None,
                },
                _ = self.ticks.tick() => self.look_at_states().await,
            }
        }
    }

    fn keep_open(&mut self, event_id: &str, state: EventState) {
        if state != EventState::Pending {
            return;
        }
        if self.open.len() >= MOST_OPEN {
            self.open.pop_front();
        }
        self.open.push_back(event_id.to_owned());
    }

    /// Tells of webhooks that have settled. A store that fails is asked again.
    async fn look_at_states(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let ids: Vec<String> = self.open.iter().cloned().collect();
        let found: Result<_, StoreError> = self.store.outlines_of(&ids).await;
        for outline in found.unwrap_or_default() {
            if outline.state == EventState::Pending {
                continue;
            }
            self.open.retain(|id| *id != outline.event_id);
            let badge = text::state(outline.state).into_string();
            let change = format!("{}\n{badge}", outline.event_id);
            self.waiting.push_back(line("state", &change));
        }
    }
}

/// Without steps there is nothing to come.
async fn next_step(steps: &mut Option<Steps>) -> Option<Result<crate::events::Step, FollowError>> {
    match steps {
        Some(steps) => steps.next().await,
        None => std::future::pending().await,
    }
}

fn told(error: Option<&FollowError>) -> String {
    match error {
        Some(FollowError::Unsupported) => {
            "A MongoDB that is no replica set cannot be followed: new webhooks show when this page \
             is opened again."
        }
        _ => "The event store does not answer; this page tries again.",
    }
    .to_owned()
}

fn markup(event: &str, markup: &Markup) -> Bytes {
    line(event, &markup.0)
}

/// One event: each line of its data by itself, as the format wants it.
fn line(event: &str, data: &str) -> Bytes {
    let mut text = format!("event: {event}\n");
    // A lone carriage return would end a line as well.
    for part in data.split(['\n', '\r']) {
        let _never_fails = writeln!(text, "data: {part}");
    }
    text.push('\n');
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out_of_its_event() {
        let event = line("row", "a\nevent: x\r\rid: 1\n\nb");
        let text = String::from_utf8(event.to_vec()).unwrap();
        assert_eq!(
            text,
            "event: row\ndata: a\ndata: event: x\ndata: \ndata: id: 1\ndata: \ndata: b\n\n"
        );
    }
}
