//! What rightly signed webhooks tell: which secret is in use, and how the sender's clock
//! is set.

use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::signature::{Error, Signed};

/// Bounds of the skew, in seconds: what a network takes, what a bad clock is off by, the
/// window of 15 minutes, and far beyond.
const SKEWS: [f64; 11] = [
    0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SecretLabels {
    scheme: &'static str,
    /// Its place in the setting.
    secret: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DirectionLabel {
    direction: &'static str,
}

#[derive(Debug)]
pub(super) struct Signatures {
    last_used: Family<SecretLabels, Gauge<f64, AtomicU64>>,
    skew: Family<DirectionLabel, Histogram, fn() -> Histogram>,
}

impl Signatures {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let signatures = Self {
            last_used: Family::default(),
            skew: Family::new_with_constructor(|| Histogram::new(SKEWS)),
        };
        registry.register_with_unit(
            "webhook_edge_secret_last_used_timestamp",
            "When a webhook was last taken by this secret, named by its place in the setting; 0 \
             when none was since the start",
            Unit::Seconds,
            signatures.last_used.clone(),
        );
        registry.register_with_unit(
            "webhook_edge_sender_skew",
            "How far the time that a sender has signed was from now: behind (with the way here) or \
             ahead; of every signature that held",
            Unit::Seconds,
            signatures.skew.clone(),
        );
        signatures
    }

    pub(super) fn secrets(&self, scheme: &'static str, count: u32) {
        for secret in 1..=count {
            let labels = SecretLabels { scheme, secret };
            let _shown = self.last_used.get_or_create(&labels);
        }
    }

    pub(super) fn signed(&self, scheme: &'static str, signed: Signed, now: Timestamp) {
        let secret = signed.secret;
        let labels = SecretLabels { scheme, secret };
        let last_used = self.last_used.get_or_create(&labels);
        last_used.set(seconds(now.as_millisecond()));
        if let Some(at) = signed.at_ms {
            self.skewed(now.as_millisecond().saturating_sub(at));
        }
    }

    pub(super) fn out_of_window(&self, error: &Error) {
        let behind = match error {
            Error::TooOld { age_seconds, .. } => i64::try_from(*age_seconds),
            Error::TooNew { ahead_seconds, .. } => i64::try_from(*ahead_seconds).map(|it| -it),
            _ => return,
        };
        self.skewed(behind.unwrap_or(i64::MAX).saturating_mul(1000));
    }

    fn skewed(&self, behind_ms: i64) {
        // Apart: a histogram of numbers below zero has a sum that means nothing.
        let direction = if behind_ms < 0 { "ahead" } else { "behind" };
        let skew = self.skew.get_or_create(&DirectionLabel { direction });
        skew.observe(seconds(behind_ms).abs());
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of any time that comes are far below 2^53"
)]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}
