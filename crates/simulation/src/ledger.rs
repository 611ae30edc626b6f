//! What an outside observer knows: what was changed, sent, answered, read. The laws are
//! judged by it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::time::Instant;

use crate::network::Host;

/// The ledger; clones are the same one.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Books>>);

/// What is in the ledger.
#[derive(Default)]
pub struct Books {
    /// Webhooks with a right signature, by event id.
    pub sent: BTreeMap<String, Sent>,
    /// Of each member, when each version of the name came about; the first at 0.
    pub versions: BTreeMap<String, Vec<Duration>>,
    /// Of each member, the newest version whose event had taken effect by then.
    pub settled: BTreeMap<String, usize>,
    /// What went wrong while the run was going on.
    pub broken: Vec<Broken>,
}

/// A webhook.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its bytes.
    pub body: Bytes,
    /// What it is about.
    pub entity: String,
    /// The member and the version that it tells of, where it tells of one.
    pub version: Option<(String, usize)>,
    /// When it was first on its way.
    pub first: Duration,
    /// Where it was sent to.
    pub tried: BTreeSet<Host>,
    /// When an edge first said that it is kept.
    pub acknowledged: BTreeMap<Host, Duration>,
}

/// A law that was broken.
#[derive(Debug, Clone)]
pub struct Broken {
    /// Which.
    pub law: &'static str,
    /// When.
    pub at: Instant,
    /// How.
    pub how: String,
    /// Ids that lead through the journal.
    pub about: Vec<String>,
}

impl Ledger {
    /// The books, for as long as the guard lives.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A law was broken.
    pub fn broken(&self, law: &'static str, how: impl Into<String>, about: &[&str]) {
        let about = about.iter().map(|&name| name.to_owned()).collect();
        let how = how.into();
        let at = Instant::now();
        self.books().broken.push(Broken {
            law,
            at,
            how,
            about,
        });
    }

    /// A webhook is on its way to an edge; says its id. None where it is no event.
    #[must_use]
    pub fn sending(&self, body: &Bytes, to: Host, now: Duration) -> Option<String> {
        let json: Value = serde_json::from_slice(body).ok()?;
        let data = json.get("data")?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let id = text(data.get("id"))?;
        let object = data.get("object");
        let entity = text(object.and_then(|object| object.get("id"))).unwrap_or_else(|| id.clone());
        let name = text(object.and_then(|object| object.get("name")));
        let version = name.and_then(|name| version_in(&name));
        let version = version.map(|version| (entity.clone(), version));
        let mut books = self.books();
        let sent = books.sent.entry(id.clone()).or_insert_with(|| Sent {
            body: body.clone(),
            entity,
            version,
            first: now,
            tried: BTreeSet::new(),
            acknowledged: BTreeMap::new(),
        });
        sent.tried.insert(to);
        Some(id)
    }

    /// An edge said that it keeps it.
    pub fn acknowledged(&self, id: &str, by: Host, now: Duration) {
        if let Some(sent) = self.books().sent.get_mut(id) {
            sent.acknowledged.entry(by).or_insert(now);
        }
    }
}

/// The version that a member's name tells of.
#[must_use]
pub fn version_in(name: &str) -> Option<usize> {
    name.strip_prefix("version ")?.parse().ok()
}
