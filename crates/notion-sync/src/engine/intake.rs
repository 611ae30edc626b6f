//! Events come in, and what they meant becomes known: the service turns webhooks into
//! activities, and this program asks it for them instead of reading payloads.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use super::Engine;
use crate::community::Step;
use crate::error::Error;
use crate::model::{Activity, Event};
use crate::state::{Meaning, Waiting};

/// How long the service gets to turn an event into activities before it is asked.
const REST: Duration = Duration::from_secs(1);
/// How many events are understood at once.
const BATCH: usize = 500;
/// Events whose times are further apart than this are asked for in two questions.
const GAP: Duration = Duration::from_secs(600);
/// How long an event may stay without its activities before it is given up on; the nightly
/// comparison finds them later.
const PATIENCE: Duration = Duration::from_secs(3_600);

impl Engine {
    /// Keeps a part of the stream, and where it goes on. Once this returns it is safe.
    ///
    /// # Errors
    /// [`Error::State`].
    pub async fn take_in(&self, steps: Vec<Step>) -> Result<(), Error> {
        let Some(last) = steps.last() else {
            return Ok(());
        };
        let token = last.resume_token.clone();
        let events: Vec<_> = steps.into_iter().filter_map(|step| step.event).collect();
        self.parts.metrics.events(events.len());
        let now = self.parts.clock.now();
        Ok(self.parts.state.take_in(events, token, now).await?)
    }

    /// Finds out what waiting events meant; how many were understood.
    ///
    /// # Errors
    /// [`Error::Community`], [`Error::State`].
    pub async fn understand(&self) -> Result<usize, Error> {
        let now = self.parts.clock.now();
        let waiting = self.parts.state.inbox(now - REST, BATCH).await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let found = self.activities_of(&waiting).await?;
        let mut meaning = Meaning {
            with_rows: self.activities.is_some(),
            ..Meaning::default()
        };
        let mut later = Vec::new();
        for Waiting { event, .. } in waiting {
            match found.get(&event.id) {
                Some(activities) => meaning.activities.extend(activities.iter().cloned()),
                None if self.is_due(&event, now).await? => {
                    later.push(event.id);
                    continue;
                }
                None => {}
            }
            meaning.events.push(event);
        }
        let understood = meaning.events.len();
        let written = |activity: &Activity| self.gets_a_row(activity);
        let (with, without): (Vec<_>, Vec<_>) = meaning.activities.into_iter().partition(written);
        let rest = Meaning {
            activities: without,
            with_rows: false,
            ..Meaning::default()
        };
        self.parts.state.understood(rest, now).await?;
        meaning.activities = with;
        self.parts.state.understood(meaning, now).await?;
        self.parts.state.postpone(later, now).await?;
        Ok(understood)
    }

    /// Whether activities of this kind get rows.
    pub(super) fn gets_a_row(&self, activity: &Activity) -> bool {
        let kinds = self.parts.mapping.kinds.as_ref();
        self.activities.is_some() && kinds.is_none_or(|kinds| kinds.contains(&activity.kind))
    }

    /// The activities of these events, by event.
    async fn activities_of(
        &self,
        waiting: &[Waiting],
    ) -> Result<HashMap<String, Vec<Activity>>, Error> {
        let wanted: HashSet<&str> = waiting.iter().map(|one| one.event.id.as_str()).collect();
        let mut found: HashMap<String, Vec<Activity>> = HashMap::new();
        for (from, until) in spans(waiting) {
            let mut token = String::new();
            loop {
                let between = Some((from, until));
                let page = self.parts.community.activities(between, &token).await?;
                for activity in page.items {
                    if wanted.contains(activity.event_id.as_str()) {
                        found
                            .entry(activity.event_id.clone())
                            .or_default()
                            .push(activity);
                    }
                }
                if page.next.is_empty() {
                    break;
                }
                token = page.next;
            }
        }
        Ok(found)
    }

    async fn is_due(&self, event: &Event, now: Timestamp) -> Result<bool, Error> {
        let waited = now.duration_since(event.received_at);
        if waited > jiff::SignedDuration::try_from(PATIENCE).unwrap_or_default() {
            return Ok(false);
        }
        Ok(self.parts.community.activities_are_due(&event.id).await?)
    }
}

/// The times in which the events happened, in as few questions as do not ask for much else.
fn spans(waiting: &[Waiting]) -> Vec<(Timestamp, Timestamp)> {
    let mut times: Vec<_> = waiting.iter().map(|one| one.event.occurred_at).collect();
    times.sort_unstable();
    let gap = jiff::SignedDuration::try_from(GAP).unwrap_or_default();
    // Activities are kept to the millisecond, and the end of a span is not part of it.
    let tick = jiff::SignedDuration::from_millis(1);
    let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
    for time in times {
        match spans.last_mut() {
            Some((_, until)) if time.duration_since(*until) < gap => *until = time + tick,
            _ => spans.push((time - tick, time + tick)),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Waiting {
        let time = Timestamp::from_second(1_770_000_000 + second).unwrap();
        Waiting {
            event: Event {
                id: second.to_string(),
                event_type: String::new(),
                object_id: String::new(),
                occurred_at: time,
                received_at: time,
            },
            arrived_at: time,
        }
    }

    #[test]
    fn a_late_event_makes_a_question_of_its_own() {
        let spans = spans(&[at(100), at(-900_000), at(0), at(500)]);
        assert_eq!(spans.len(), 2);
        assert_eq!(spans[1].1.duration_since(spans[1].0).as_secs(), 500);
    }
}
