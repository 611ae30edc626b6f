//! A timestamp header, read with goodwill.

use std::time::Duration;

use jiff::Timestamp;

use crate::finding::Finding;

/// A timestamp: when it was, if that can be told, and what is wrong with its writing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) milliseconds: Option<i64>,
    pub(crate) finding: Option<Finding>,
}

impl Moment {
    /// A number is taken for the unit in which it lies in our times.
    pub(crate) fn read(text: &str) -> Self {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('0')
            && !text.is_empty();
        let Some(number) = text.parse::<i64>().ok().filter(|_| is_plain) else {
            let written: Option<Timestamp> = text.trim().parse().ok();
            return Self {
                milliseconds: written.map(Timestamp::as_millisecond),
                finding: Some(Finding::NotANumber),
            };
        };
        let (milliseconds, finding) = match text.len() {
            9..=10 => (number.checked_mul(1000), Some(Finding::Seconds)),
            15..=17 => (
                Some(number / 1000),
                Some(Finding::OtherUnit("microseconds")),
            ),
            18..=20 => (
                Some(number / 1_000_000),
                Some(Finding::OtherUnit("nanoseconds")),
            ),
            _ => (Some(number), None),
        };
        Self {
            milliseconds,
            finding,
        }
    }

    /// Whether it is too far from now.
    pub(crate) fn skew(&self, now: Timestamp, window: Duration) -> Option<Finding> {
        let (then, now) = (self.milliseconds?, now.as_millisecond());
        let distance = Duration::from_millis(now.abs_diff(then));
        if distance <= window {
            return None;
        }
        let (seconds, window) = (distance.as_secs(), window.as_secs());
        Some(if then < now {
            Finding::TooOld { seconds, window }
        } else {
            Finding::InFuture { seconds, window }
        })
    }
}

/// The other texts under which the same moment may have been signed, and how each is said.
pub(crate) fn as_signed_elsewhere(text: &str) -> Vec<(String, &'static str)> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.len() {
        11..=14 if is_digits => vec![(text[..text.len() - 3].to_owned(), "in seconds")],
        9..=10 if is_digits => vec![(format!("{text}000"), "in milliseconds")],
        _ => Vec::new(),
    }
}
