//! What callers were told.

use std::collections::BTreeMap;

/// What became of a message, as its caller knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// It was sent, and BetterMode's id of it.
    Sent(String),
    /// It cannot be known.
    Unknown,
    /// It was not sent, for this reason.
    Refused(String),
    /// Nothing: its caller did not wait.
    Nothing,
}

/// One message and what its callers were told.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) request_id: String,
    pub(super) recipient: String,
    pub(super) text: String,
    pub(super) told: Vec<Told>,
}

/// Everything that callers saw.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    pub(super) entries: Vec<Entry>,
    /// Requests whose callers still call, and how the last call ended.
    pub(super) waiting: BTreeMap<String, String>,
    /// Calls by how they ended: `ok`, a reason, or a code where there is none.
    pub(super) calls: BTreeMap<String, u64>,
    /// What no caller should see.
    pub(super) violations: Vec<String>,
}
