//! What happened in a run, in order: for people when a law is broken, and as a digest
//! that tells whether two runs were the same.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

/// The journal; clones are the same one.
#[derive(Clone)]
pub struct Journal {
    begun: Instant,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    lines: Vec<Line>,
    digest: Sha256,
    counts: BTreeMap<&'static str, u64>,
    is_loud: bool,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Line {
    /// When, since the beginning of the run.
    pub at: Duration,
    /// Whether it is a fault, which concerns everybody.
    pub is_fault: bool,
    /// What.
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.as_secs();
        let micros = self.at.subsec_micros();
        let (minutes, seconds) = (at / 60, at % 60);
        write!(f, "{minutes:02}:{seconds:02}.{micros:06} {}", self.text)
    }
}

impl Journal {
    /// Nothing has happened. A loud one tells the log as well.
    #[must_use]
    pub fn new(begun: Instant, is_loud: bool) -> Self {
        let inner = Inner {
            is_loud,
            ..Inner::default()
        };
        Self {
            begun,
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    /// Something happened.
    pub fn note(&self, text: impl Into<String>) {
        self.add(text.into(), false);
    }

    /// A fault of this kind happens.
    pub fn fault(&self, kind: &'static str, text: impl fmt::Display) {
        self.count(kind, 1);
        self.add(format!("FAULT {kind}: {text}"), true);
    }

    /// Counts something.
    pub fn count(&self, what: &'static str, by: u64) {
        *self.inner().counts.entry(what).or_default() += by;
    }

    /// All that was counted.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.inner().counts.clone()
    }

    /// A digest of every line with its time.
    #[must_use]
    pub fn digest(&self) -> String {
        hex::encode(self.inner().digest.clone().finalize())
    }

    /// The last lines up to a time that name one of these, and the faults among them.
    #[must_use]
    pub fn about(&self, names: &[&str], until: Duration, most: usize) -> Vec<Line> {
        let inner = self.inner();
        let names = |line: &&Line| {
            if line.at > until {
                return false;
            }
            let is_named = names.iter().any(|name| line.text.contains(name));
            is_named || (line.is_fault && !names.is_empty())
        };
        let mut found: Vec<_> = inner
            .lines
            .iter()
            .rev()
            .filter(names)
            .take(most)
            .cloned()
            .collect();
        found.reverse();
        found
    }

    fn add(&self, text: String, is_fault: bool) {
        let at = self.begun.elapsed();
        let line = Line { at, is_fault, text };
        let mut inner = self.inner();
        if inner.is_loud {
            tracing::info!(target: "simulation", "{line}");
        }
        inner.digest.update(line.to_string());
        inner.digest.update("\n");
        inner.lines.push(line);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
