//! The time as an argument.

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

/// As Notion keeps times of pages: rounded down to the minute.
pub(crate) fn minute(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(at)
}

/// UTC with milliseconds, as Notion writes times.
pub(crate) fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}
