//! The conservation law, as far as this process can see it: what it was given is
//! accounted for.
//!
//! ```text
//! ingest:  received = stored + duplicate + refused + failed + cut
//! project: taken    = done + failed + dead + later + unsettled
//! ```
//!
//! It counts over the life of this process; a restart begins at 0 on both sides. An event
//! whose call was `cut` (the caller left) or `failed` may be stored: whoever sent it was
//! not told so and sends it again. A projection that is `later`, `failed` or `unsettled`
//! comes again. What is in hand is on the left side only, so the difference is 0 at rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// What can become of what was given. Not every stage knows every term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Term {
    Stored,
    Duplicate,
    Refused,
    Failed,
    Cut,
    Done,
    Dead,
    Later,
    Unsettled,
}

const INGEST: [Term; 5] = [
    Term::Stored,
    Term::Duplicate,
    Term::Refused,
    Term::Failed,
    Term::Cut,
];
const PROJECT: [Term; 5] = [
    Term::Done,
    Term::Failed,
    Term::Dead,
    Term::Later,
    Term::Unsettled,
];

impl Term {
    fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Duplicate => "duplicate",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cut => "cut",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Later => "later",
            Self::Unsettled => "unsettled",
        }
    }
}

/// One stage: what it was given, and what became of it.
#[derive(Debug)]
struct Stage {
    name: &'static str,
    given: &'static str,
    terms: [Term; 5],
    given_count: AtomicU64,
    counts: [AtomicU64; 5],
}

impl Stage {
    fn new(name: &'static str, given: &'static str, terms: [Term; 5]) -> Self {
        Self {
            name,
            given,
            terms,
            given_count: AtomicU64::new(0),
            counts: Default::default(),
        }
    }

    fn add(&self, term: Term, count: u64) {
        let place = self.terms.iter().position(|known| *known == term);
        if let Some(place) = place {
            self.counts[place].fetch_add(count, Ordering::Relaxed);
        }
    }
}

/// Both stages; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Conservation(Arc<[Stage; 2]>);

impl Conservation {
    pub(crate) fn new() -> Self {
        Self(Arc::new([
            Stage::new("ingest", "received", INGEST),
            Stage::new("project", "taken", PROJECT),
        ]))
    }

    /// So many events have come.
    pub(crate) fn received(&self, count: usize) -> InHand {
        self.given(0, count, Term::Cut)
    }

    /// So many projections of events are taken up.
    pub(crate) fn taken(&self, count: usize) -> InHand {
        self.given(1, count, Term::Unsettled)
    }

    fn given(&self, stage: usize, count: usize, if_dropped: Term) -> InHand {
        let left = count as u64;
        let given = &self.0[stage].given_count;
        given.fetch_add(left, Ordering::Relaxed);
        InHand {
            stages: self.clone(),
            stage,
            left,
            if_dropped,
        }
    }
}

/// What was given and is not yet accounted for.
#[derive(Debug)]
pub(crate) struct InHand {
    stages: Conservation,
    stage: usize,
    left: u64,
    /// What becomes of the rest when the work is cut off.
    if_dropped: Term,
}

impl InHand {
    /// One of them has come to this.
    pub(crate) fn one(&mut self, term: Term) {
        self.left = self.left.saturating_sub(1);
        self.stages.0[self.stage].add(term, 1);
    }

    /// All that are left have.
    pub(crate) fn rest(mut self, term: Term) {
        self.if_dropped = term;
    }

    /// The work has ended: nothing may be left. What is all the same, nobody knows of.
    pub(crate) fn end(mut self) {
        self.left = 0;
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.stages.0[self.stage].add(self.if_dropped, self.left);
    }
}

impl Collector for Conservation {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let read =
            |count: &AtomicU64| i64::try_from(count.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        let mut left = [0; 2];
        let mut metric = encoder.encode_descriptor(
            "webhook_events_conservation",
            "Webhook events of this process's life, by stage: received or taken came in, all other \
             terms are what became of them",
            None,
            MetricType::Gauge,
        )?;
        for (stage, left) in self.0.iter().zip(&mut left) {
            // First what came of them: what comes in meanwhile is no loss.
            let counts = stage.counts.each_ref().map(read);
            let given = read(&stage.given_count);
            *left = given - counts.iter().sum::<i64>();
            let terms = stage.terms.iter().map(|term| term.name());
            let all = std::iter::once((stage.given, given)).chain(terms.zip(counts));
            for (term, count) in all {
                let labels = [("stage", stage.name), ("term", term)];
                ConstGauge::new(count).encode(metric.encode_family(&labels)?)?;
            }
        }
        let mut metric = encoder.encode_descriptor(
            "webhook_events_unaccounted",
            "Webhook events that came into a stage and are in none of its terms: in hand, or lost. \
             0 at rest",
            None,
            MetricType::Gauge,
        )?;
        for (stage, left) in self.0.iter().zip(left) {
            let labels = [("stage", stage.name)];
            ConstGauge::new(left).encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::registry::Registry;

    use super::*;

    fn shown(conservation: &Conservation) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(conservation.clone()));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text
    }

    fn unaccounted(conservation: &Conservation) -> [bool; 2] {
        let text = shown(conservation);
        ["ingest", "project"].map(|stage| {
            text.contains(&format!(
                "webhook_events_unaccounted{{stage=\"{stage}\"}} 0\n"
            ))
        })
    }

    #[test]
    fn what_is_in_hand_is_missing_until_it_is_told_what_became_of_it() {
        let conservation = Conservation::new();
        let mut received = conservation.received(3);
        assert_eq!(unaccounted(&conservation), [false, true]);
        received.one(Term::Stored);
        received.one(Term::Duplicate);
        drop(received);
        assert_eq!(unaccounted(&conservation), [true, true]);
        let text = shown(&conservation);
        for (term, count) in [("received", 3), ("stored", 1), ("duplicate", 1), ("cut", 1)] {
            let line = format!(
                "webhook_events_conservation{{stage=\"ingest\",term=\"{term}\"}} {count}\n"
            );
            assert!(text.contains(&line), "{line} in {text}");
        }
    }

    #[test]
    fn what_ended_without_a_word_is_missed_for_ever() {
        let conservation = Conservation::new();
        let mut taken = conservation.taken(2);
        taken.one(Term::Done);
        taken.end();
        assert_eq!(unaccounted(&conservation), [true, false]);
        conservation.taken(4).rest(Term::Unsettled);
        let text = shown(&conservation);
        assert!(text.contains("webhook_events_unaccounted{stage=\"project\"} 1\n"));
        assert!(text.contains("stage=\"project\",term=\"unsettled\"} 4\n"));
    }
}
