//! The time as an argument.
//!
//! Tokens, windows and timestamps ask a [`TimeSource`], so that a test decides what
//! time it is. Waiting (latency, redelivery) is tokio's, which tests can pause.

use std::sync::Arc;

use jiff::Timestamp;

/// Tells the time now, UTC.
pub type TimeSource = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The operating system's clock.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the operating system"
)]
pub fn system_time() -> TimeSource {
    Arc::new(Timestamp::now)
}

/// ISO 8601 in UTC with milliseconds, as all three vendors write times.
#[must_use]
pub fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}
