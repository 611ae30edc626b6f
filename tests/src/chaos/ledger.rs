//! What was sent and what was answered: the senders' side of the law.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::webhook::Webhook;

/// Every webhook of a run by its id.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Rightly signed ones, sent at least once.
    pub(super) signed: HashMap<String, Entry>,
    /// Ids of those that were never sent with a right signature.
    pub(super) forged: HashSet<String>,
    /// Forged ones that were acknowledged.
    pub(super) forged_and_acknowledged: u64,
    /// Requests sent, resent ones included.
    pub(super) requests: u64,
    /// Answers by status; 0 stands for no answer.
    pub(super) answers: HashMap<u16, u64>,
    /// Acknowledged again after they had been acknowledged.
    pub(super) repeated: u64,
}

/// One webhook that was rightly signed.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) entity: u32,
    pub(super) sequence: u32,
    pub(super) occurred: i64,
    pub(super) digest: u64,
    pub(super) acknowledged: bool,
}

impl Ledger {
    /// Before it is sent for the first time.
    pub(super) fn offer(&mut self, webhook: &Webhook) {
        let entry = Entry {
            entity: webhook.entity,
            sequence: webhook.sequence,
            occurred: webhook.occurred,
            digest: digest(&webhook.body),
            acknowledged: false,
        };
        self.signed.insert(webhook.id.clone(), entry);
    }

    /// After an answer with this status, or none. Returns whether it was acknowledged
    /// for the first time.
    pub(super) fn answered(&mut self, id: &str, status: u16) -> bool {
        self.requests += 1;
        *self.answers.entry(status).or_default() += 1;
        if status != 200 {
            return false;
        }
        if self.forged.contains(id) {
            self.forged_and_acknowledged += 1;
        }
        let Some(entry) = self.signed.get_mut(id) else {
            return false;
        };
        let first = !entry.acknowledged;
        self.repeated += u64::from(!first);
        entry.acknowledged = true;
        first
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.signed
            .values()
            .filter(|entry| entry.acknowledged)
            .count()
    }
}

/// Tells bodies apart.
pub(super) fn digest(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}
