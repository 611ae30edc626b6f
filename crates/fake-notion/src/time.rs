//! Times as Notion writes them.

pub(crate) use fake_kit::time::iso;
use jiff::Timestamp;

/// As Notion keeps times of pages: rounded down to the minute.
pub(crate) fn minute(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(at)
}
