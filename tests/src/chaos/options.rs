//! What a run is to be.

use std::collections::BTreeSet;

/// The store behind the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// A replica set of one, killed and restarted like the rest.
    MongoDb,
    /// The embedded one.
    Sqlite,
}

/// What goes wrong besides killing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Programs die at named steps. Needs builds with the feature `failpoints`.
    Failpoints,
    /// Programs stop for a while and go on.
    Freezes,
    /// The wires between edge, service and MongoDB misbehave. Nothing is corrupted
    /// there: plaintext gRPC and MongoDB's protocol have no checksum of their own, so
    /// a flipped bit would be a different message, not a detected fault.
    Wire,
    /// The edge's files cannot grow, or (with failpoints) its commit fails.
    Disk,
    /// The programs' wall clocks step. Needs builds with the feature `failpoints`.
    Clock,
    /// Some senders' bytes to the edge's public port are corrupted, delayed, sliced
    /// and reset: there the signature must catch it.
    Noise,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Failpoints,
        Self::Freezes,
        Self::Wire,
        Self::Disk,
        Self::Clock,
        Self::Noise,
    ];

    /// How it is written on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Failpoints => "failpoints",
            Self::Freezes => "freezes",
            Self::Wire => "wire",
            Self::Disk => "disk",
            Self::Clock => "clock",
            Self::Noise => "noise",
        }
    }

    /// Whether it needs programs that were built for it.
    #[must_use]
    pub fn needs_failpoints(self) -> bool {
        matches!(self, Self::Failpoints | Self::Clock)
    }
}

/// One run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Fixes the schedule and the webhooks.
    pub seed: u64,
    /// How many kills are planned.
    pub kills: u32,
    /// At least so many webhooks are acknowledged.
    pub events: u64,
    /// Webhooks offered in a second; after an outage senders catch up.
    pub rate: u32,
    /// The store.
    pub store: Store,
    /// What goes wrong besides killing.
    pub faults: BTreeSet<Fault>,
    /// Says how far it is, on standard error.
    pub is_watched: bool,
}

impl Options {
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }
}
