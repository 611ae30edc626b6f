//! How engaged a member is: counts, the last time, and a score that fades.
//!
//! The score is the sum over the member's activities of the weight of their kind, halved for
//! each half-life that has passed since, at most [`Scoring::most`] and at least 0, rounded to
//! a step so that time alone changes few rows. It does not depend on the order in which
//! activities become known, and an activity that comes twice counts once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

/// How the score is worked out; the mapping file's `[engagement]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scoring {
    /// After so many days an activity counts half.
    pub half_life_days: f64,
    /// The highest score.
    pub most: f64,
    /// Scores are multiples of this.
    pub step: f64,
    /// What an activity of a kind counts on the day it happens; kinds that are not named
    /// count nothing.
    pub weights: BTreeMap<String, f64>,
}

impl Default for Scoring {
    fn default() -> Self {
        let weights = [
            ("post.created", 10.0),
            ("event.scheduled", 10.0),
            ("reply.created", 5.0),
            ("reaction.added", 2.0),
            ("reaction.removed", -2.0),
            ("space.joined", 1.0),
            ("member.joined", 5.0),
        ];
        Self {
            half_life_days: 30.0,
            most: 100.0,
            step: 5.0,
            weights: weights
                .map(|(kind, weight)| (kind.to_owned(), weight))
                .into(),
        }
    }
}

/// Activities of one member.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Engagement {
    /// The latest activity by when it happened; one that comes late moves nothing back.
    pub last_active_at: Option<Timestamp>,
    /// How many there are of each kind.
    pub counts: BTreeMap<String, i64>,
    /// The score.
    pub score: f64,
}

impl Scoring {
    /// What is wrong with it; `None` when nothing is.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        if !positive(self.half_life_days) || !positive(self.most) || !positive(self.step) {
            return Some(
                "engagement: half_life_days, most and step must be more than 0".to_owned(),
            );
        }
        let bad = self
            .weights
            .iter()
            .find(|(_, weight)| !weight.is_finite())?;
        Some(format!("engagement.weights: {} is no number", bad.0))
    }

    /// The engagement that these activities, each a kind and its time, make now.
    #[must_use]
    pub fn of<'a>(
        &self,
        activities: impl IntoIterator<Item = (&'a str, Timestamp)>,
        now: Timestamp,
    ) -> Engagement {
        let mut engagement = Engagement::default();
        let mut sum = 0.0;
        for (kind, at) in activities {
            *engagement.counts.entry(kind.to_owned()).or_default() += 1;
            engagement.last_active_at = engagement.last_active_at.max(Some(at));
            let weight = self.weights.get(kind).copied().unwrap_or(0.0);
            // What a clock that is ahead dates into the future counts as now.
            let days = (now.duration_since(at).as_secs_f64() / 86_400.0).max(0.0);
            sum += weight * (-days / self.half_life_days).exp2();
        }
        let bounded = sum.clamp(0.0, self.most);
        engagement.score = ((bounded / self.step).round() * self.step).min(self.most);
        engagement
    }
}

impl Engagement {
    /// How many activities there are of this kind.
    #[must_use]
    pub fn count(&self, kind: &str) -> i64 {
        self.counts.get(kind).copied().unwrap_or(0)
    }

    /// How many there are of all kinds.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.counts.values().sum()
    }
}

#[cfg(test)]
#[expect(
    clippy::float_cmp,
    reason = "multiples of a step that binary fractions hold exactly"
)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_activity_counts_half_after_a_half_life() {
        let scoring = Scoring {
            step: 0.5,
            ..Scoring::default()
        };
        let then = at("2026-01-01T00:00:00Z");
        let score = |days: i64| {
            scoring
                .of([("post.created", then)], then + (days * 24).hours())
                .score
        };
        assert_eq!(
            [score(0), score(30), score(60), score(3_000)],
            [10.0, 5.0, 2.5, 0.0]
        );
    }

    #[test]
    fn a_removed_reaction_takes_back_what_it_gave_and_no_score_is_negative() {
        let scoring = Scoring::default();
        let then = at("2026-01-01T00:00:00Z");
        let both = [("reaction.added", then), ("reaction.removed", then)];
        assert_eq!(scoring.of(both, then).score, 0.0);
        assert_eq!(scoring.of([("reaction.removed", then)], then).score, 0.0);
    }

    #[test]
    fn the_score_has_a_top_and_order_does_not_matter() {
        let scoring = Scoring::default();
        let then = at("2026-01-01T00:00:00Z");
        let later = at("2026-01-02T00:00:00Z");
        let many = vec![("post.created", then); 50];
        assert_eq!(scoring.of(many, then).score, 100.0);
        let forward = scoring.of([("post.created", then), ("reply.created", later)], later);
        let backward = scoring.of([("reply.created", later), ("post.created", then)], later);
        assert_eq!(forward, backward);
        assert_eq!(forward.last_active_at, Some(later));
        assert_eq!((forward.total(), forward.count("post.created")), (2, 1));
    }

    #[test]
    fn settings_that_make_no_score_are_refused() {
        for wrong in [
            Scoring {
                half_life_days: 0.0,
                ..Scoring::default()
            },
            Scoring {
                step: f64::NAN,
                ..Scoring::default()
            },
        ] {
            assert!(wrong.problem().is_some());
        }
        assert_eq!(Scoring::default().problem(), None);
    }
}
