//! How far a read is, for whoever waits for it.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::snapshot::{ListKey, ListState};

/// Told how far a read is.
pub trait Watch: Send + Sync {
    /// A list begins; `seen` rows of it are there from before an interruption.
    fn begins(&self, list: ListKey, seen: u64);
    /// A page is kept; Circle counts `total` rows on all pages.
    fn page(&self, list: ListKey, fresh: usize, total: Option<u64>);
    /// A list was read to its end.
    fn ends(&self, list: ListKey, state: &ListState);
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Watch for Silent {
    fn begins(&self, _list: ListKey, _seen: u64) {}
    fn page(&self, _list: ListKey, _fresh: usize, _total: Option<u64>) {}
    fn ends(&self, _list: ListKey, _state: &ListState) {}
}

/// Between two lines where nobody looks on.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Writes to standard error: one line that is written over on a terminal, otherwise a plain
/// line now and then.
#[derive(Debug)]
pub struct Lines {
    is_terminal: bool,
    now: Mutex<Pace>,
}

#[derive(Debug)]
struct Pace {
    began: Instant,
    said: Instant,
    before: u64,
    done: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
            now: Mutex::new(Pace::from(0)),
        }
    }
}

impl Lines {
    fn with<T>(&self, change: impl FnOnce(&mut Pace) -> T) -> T {
        let mut pace = self
            .now
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut pace)
    }

    fn write(&self, text: &str, ends: bool) {
        let mut out = std::io::stderr().lock();
        let _closed = if self.is_terminal && !ends {
            write!(out, "\r\x1b[2K{text}").and_then(|()| out.flush())
        } else if self.is_terminal {
            writeln!(out, "\r\x1b[2K{text}")
        } else {
            writeln!(out, "{text}")
        };
    }
}

impl Watch for Lines {
    fn begins(&self, _list: ListKey, seen: u64) {
        self.with(|pace| *pace = Pace::from(seen));
    }

    fn page(&self, list: ListKey, fresh: usize, total: Option<u64>) {
        let line = self.with(|pace| {
            pace.done += fresh as u64;
            let now = Instant::now();
            let is_due = now - pace.said >= BETWEEN_LINES;
            (self.is_terminal || is_due).then(|| {
                pace.said = now;
                pace.line(list, total, now - pace.began)
            })
        });
        if let Some(line) = line {
            self.write(&line, false);
        }
    }

    fn ends(&self, list: ListKey, state: &ListState) {
        let counts = state.counts;
        let mut line = format!("{list}: {} read", counts.distinct());
        let is_first = counts.new == counts.distinct();
        let parts = [
            ("new", if is_first { 0 } else { counts.new }),
            ("unchanged", counts.unchanged),
            ("changed", counts.changed),
            ("gone", counts.gone),
            ("sent twice", counts.duplicates),
            ("without an id", counts.without_id),
        ];
        for (name, number) in parts.into_iter().filter(|(_, number)| *number > 0) {
            let _infallible = write!(line, ", {number} {name}");
        }
        self.write(&line, true);
    }
}

impl Pace {
    fn from(seen: u64) -> Self {
        let began = Instant::now();
        Self {
            began,
            // What is done before a line would be due needs none but the last.
            said: began,
            before: seen,
            done: seen,
        }
    }

    fn line(&self, list: ListKey, total: Option<u64>, took: Duration) -> String {
        let mut line = format!("{list}: {}", self.done);
        let Some(total) = total.filter(|total| *total > 0) else {
            return line;
        };
        let percent = (self.done.saturating_mul(100) / total).min(100);
        let _infallible = write!(line, " of {total} ({percent} %)");
        let fresh = self.done - self.before;
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if fresh > 0 && millis > 0 {
            let rate = fresh.saturating_mul(1000) / millis;
            let left = total.saturating_sub(self.done).saturating_mul(millis) / fresh / 1000;
            let (minutes, seconds) = (left / 60, left % 60);
            let _infallible = write!(line, ", {rate} a second, {minutes}:{seconds:02} left");
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Entity;

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long() {
        let pace = Pace {
            began: Instant::now(),
            said: Instant::now(),
            before: 1000,
            done: 13_000,
        };
        let list = ListKey::of(Entity::Members);
        let line = pace.line(list, Some(50_000), Duration::from_secs(30));
        assert_eq!(
            line,
            "members: 13000 of 50000 (26 %), 400 a second, 1:32 left"
        );
        assert_eq!(pace.line(list, None, Duration::ZERO), "members: 13000");
    }
}
