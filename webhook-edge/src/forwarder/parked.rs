//! Events that the service refuses while it takes others, set aside so that they
//! hold up nobody but the later events of the same thing.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff;
use crate::queue::{Position, Queued};

/// More than this many refused events at once are no longer poison: something is
/// wrong with the service, and it is treated as away.
pub(super) const MOST: usize = 64;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often an event is offered when the service says that the event is bad.
const ATTEMPTS_IF_BAD: u32 = 2;
/// How often when it says that it failed itself, which may pass: two minutes.
const ATTEMPTS_IF_FAILED: u32 = 9;

/// The events that are set aside.
#[derive(Default)]
pub(super) struct Parked(Vec<Entry>);

/// One event that is set aside.
pub(super) struct Entry {
    pub(super) position: Position,
    entity: String,
    attempts: u32,
    retry_at: Instant,
    /// How many events had been stored when this one was first refused.
    stored_before: u64,
}

/// What to do with an event that was refused again.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Offer it again later.
    Wait,
    /// Give it up: it is the event, not the service.
    Bury,
}

impl Parked {
    /// Whether an event must wait for one that is set aside.
    pub(super) fn holds(&self, event: &Queued) -> bool {
        let entity = entity(event);
        self.0.iter().any(|entry| entry.entity == entity)
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// Sets an event aside that was refused for the first time.
    pub(super) fn add(&mut self, event: &Queued, stored: u64, now: Instant) {
        self.0.push(Entry {
            position: event.position,
            entity: entity(event).to_owned(),
            attempts: 1,
            retry_at: now + FIRST_PAUSE,
            stored_before: stored,
        });
    }

    /// Takes out one event whose time has come.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Entry> {
        let index = self.0.iter().position(|entry| entry.retry_at <= now)?;
        Some(self.0.swap_remove(index))
    }

    /// Puts an event back that could not be offered, or was refused again.
    pub(super) fn put_back(&mut self, mut entry: Entry, now: Instant) {
        entry.retry_at = now + backoff::bound(entry.attempts, FIRST_PAUSE, LONGEST_PAUSE);
        self.0.push(entry);
    }

    /// When the next one is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.0.iter().map(|entry| entry.retry_at).min()
    }
}

impl Entry {
    /// Counts another refusal. An event is given up only when the service has
    /// stored others since: a service that refuses everything is broken, and an
    /// event must not die of that.
    pub(super) fn refused(&mut self, is_bad: bool, stored: u64) -> Verdict {
        self.attempts += 1;
        let enough = if is_bad {
            ATTEMPTS_IF_BAD
        } else {
            ATTEMPTS_IF_FAILED
        };
        if self.attempts >= enough && stored > self.stored_before {
            Verdict::Bury
        } else {
            Verdict::Wait
        }
    }

    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }
}

/// What an event is about, within which order is kept: the member, post or space;
/// where none is named who did it; else the event alone.
fn entity(queued: &Queued) -> &str {
    let event = &queued.event;
    [event.object_id.as_str(), event.actor_id.as_str()]
        .into_iter()
        .find(|id| !id.is_empty())
        .unwrap_or(event.id.as_str())
}
