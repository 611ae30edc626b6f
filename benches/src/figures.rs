//! What is made of single measurements: percentiles of one run, medians of several.

use std::time::Duration;

/// How long each request of one run took.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<u32>);

impl Latencies {
    /// Latencies in microseconds, in any order.
    pub(crate) fn new(mut microseconds: Vec<u32>) -> Self {
        microseconds.sort_unstable();
        Self(microseconds)
    }

    /// How many requests there were.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time in milliseconds within which this part of the requests was answered:
    /// 0.99 is the 99th percentile. Nearest rank, so always a time that was measured.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a rank among far fewer than 2^52 requests"
    )]
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        let rank = (self.0.len() as f64 * part).ceil() as usize;
        let value = self
            .0
            .get(rank.saturating_sub(1).min(self.0.len().saturating_sub(1)));
        f64::from(value.copied().unwrap_or(0)) / 1000.0
    }
}

/// The same figure of several runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spread(Vec<f64>);

impl Spread {
    /// The figure of one more run.
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_unstable_by(f64::total_cmp);
    }

    /// The middle one, the lower one of two; 0 without any.
    pub(crate) fn median(&self) -> f64 {
        self.0
            .get(self.0.len().saturating_sub(1) / 2)
            .copied()
            .unwrap_or(0.0)
    }

    /// "12,345 (11,900-12,600)", or the one value alone.
    pub(crate) fn show(&self, decimals: usize) -> String {
        match (self.0.first(), self.0.last()) {
            (Some(least), Some(most)) if self.0.len() > 1 => format!(
                "{} ({}-{})",
                number(self.median(), decimals),
                number(*least, decimals),
                number(*most, decimals)
            ),
            (Some(only), _) => number(*only, decimals),
            (None, _) => "-".to_owned(),
        }
    }
}

/// "12,345.7": thousands apart, this many decimals.
pub(crate) fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text
        .split_once('.')
        .map_or((text.as_str(), ""), |parts| parts);
    let digits = whole.len();
    let mut shown = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (digits - index).is_multiple_of(3) && !shown.ends_with('-') {
            shown.push(',');
        }
        shown.push(digit);
    }
    if !rest.is_empty() {
        shown.push('.');
        shown.push_str(rest);
    }
    shown
}

/// A count for arithmetic; exact below 2^52.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) fn float(count: usize) -> f64 {
    count as f64
}

/// So many in so long, in a second.
pub(crate) fn rate(count: usize, time: Duration) -> f64 {
    float(count) / time.as_secs_f64().max(f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let latencies = Latencies::new((1..=1000).rev().map(|n| n * 1000).collect());
        let percentiles = [0.5, 0.99, 0.999, 1.0].map(|part| latencies.percentile(part));
        let expected = [500.0, 990.0, 999.0, 1000.0];
        for (found, expected) in percentiles.into_iter().zip(expected) {
            assert!((found - expected).abs() < f64::EPSILON, "{percentiles:?}");
        }
    }

    #[test]
    fn a_spread_shows_its_median_between_its_ends() {
        let mut spread = Spread::default();
        for value in [30_000.0, 1000.0, 2500.0] {
            spread.add(value);
        }
        assert_eq!(spread.show(0), "2,500 (1,000-30,000)");
        assert_eq!(number(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(number(-100.0, 0), "-100");
    }
}
