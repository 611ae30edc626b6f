//! Corrections that Redis does not know yet.
//!
//! Each is sent with every decision until one was answered; its id keeps it from
//! counting twice, also when a decision was carried out and its answer got lost.

use std::collections::VecDeque;

use uuid::Uuid;

use super::window::{Correction, WINDOW};

#[derive(Debug)]
pub(super) struct Corrections {
    /// Tells this process's ids from those of other replicas.
    process: Uuid,
    next: u64,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    at: u64,
    points: u64,
}

impl Corrections {
    pub(super) fn new(process: Uuid) -> Self {
        Self {
            process,
            next: 0,
            waiting: VecDeque::new(),
        }
    }

    /// Takes note of `points` that were charged above what was taken at `at`, in ms.
    pub(super) fn note(&mut self, at: u64, points: u64) {
        let number = self.next;
        self.next += 1;
        self.waiting.push_back(Waiting { number, at, points });
    }

    /// What waits at `now`. What is older than the window counts no more.
    pub(super) fn waiting(&mut self, now: u64) -> Vec<Correction> {
        self.waiting.retain(|entry| entry.at + WINDOW >= now);
        let correction = |entry: &Waiting| Correction {
            id: id(self.process, entry.number),
            age: now.saturating_sub(entry.at),
            points: entry.points,
        };
        self.waiting.iter().map(correction).collect()
    }

    /// Forgets what is counted now.
    pub(super) fn counted(&mut self, corrections: &[Correction]) {
        let process = self.process;
        self.waiting.retain(|entry| {
            let id = id(process, entry.number);
            corrections.iter().all(|correction| correction.id != id)
        });
    }
}

fn id(process: Uuid, number: u64) -> String {
    format!("{process}/{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_waits_until_it_is_counted_or_too_old() {
        let mut corrections = Corrections::new(Uuid::nil());
        corrections.note(100, 7);
        corrections.note(200, 8);
        let first = corrections.waiting(300);
        let seen: Vec<_> = first.iter().map(|c| (c.age, c.points)).collect();
        assert_eq!(seen, [(200, 7), (100, 8)]);
        assert_ne!(first[0].id, first[1].id);
        // Sent again under the same name.
        assert_eq!(corrections.waiting(300), first);
        corrections.note(250, 9);
        corrections.counted(&first[1..]);
        let points =
            |waiting: Vec<Correction>| waiting.iter().map(|c| c.points).collect::<Vec<_>>();
        assert_eq!(points(corrections.waiting(300)), [7, 9]);
        assert_eq!(points(corrections.waiting(101 + WINDOW)), [9]);
    }
}
