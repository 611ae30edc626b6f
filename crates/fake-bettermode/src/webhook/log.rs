//! What became of each webhook, for `GET /_fake/deliveries`.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Outgoing;
use crate::time::iso;

/// How many deliveries are remembered; older ones are forgotten.
const KEPT: usize = 1000;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Waiting for its first or a further try.
    Pending,
    /// Answered 2xx.
    Delivered,
    /// No try is left.
    GivenUp,
    /// No URL is configured.
    NotSent,
    /// The queue was full.
    Dropped,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
            Self::NotSent => "not_sent",
            Self::Dropped => "dropped",
        }
    }
}

#[derive(Debug)]
struct Entry {
    number: u64,
    outgoing: Outgoing,
    state: State,
    attempts: Vec<Value>,
}

/// The last deliveries, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    next: u64,
}

impl Log {
    /// Notes a webhook; the number names this delivery from now on.
    pub(crate) fn open(&mut self, outgoing: Outgoing, state: State) -> u64 {
        let number = self.next;
        self.next += 1;
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry {
            number,
            outgoing,
            state,
            attempts: Vec::new(),
        });
        number
    }

    pub(crate) fn attempt(
        &mut self,
        number: u64,
        at: Timestamp,
        outcome: &Result<(u16, String), String>,
    ) {
        let Some(entry) = self.entry(number) else {
            return;
        };
        let attempt = match outcome {
            Ok((status, answer)) => json!({ "at": iso(at), "status": status, "answer": answer }),
            Err(error) => json!({ "at": iso(at), "error": error }),
        };
        entry.attempts.push(attempt);
    }

    pub(crate) fn set(&mut self, number: u64, state: State) {
        if let Some(entry) = self.entry(number) {
            entry.state = state;
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let entry = |entry: &Entry| {
            let body: Value = serde_json::from_slice(&entry.outgoing.body).unwrap_or_default();
            json!({
                "id": entry.outgoing.id,
                "name": entry.outgoing.name,
                "state": entry.state.name(),
                "attempts": entry.attempts,
                "body": body,
            })
        };
        self.entries.iter().map(entry).collect()
    }

    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        let mut entries = self.entries.iter_mut();
        entries.find(|entry| entry.number == number)
    }
}
