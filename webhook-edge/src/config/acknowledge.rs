//! The settings of the queue: when a webhook is answered 200, and where it waits.

use std::path::PathBuf;
use std::time::Duration;

use service_kit::env::Settings;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long BetterMode goes on sending a webhook again is not documented; a week
/// outlasts what any sender is known to do.
const FEWEST_DEDUPLICATION_DAYS: u32 = 7;
const DEFAULT_QUEUE_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Room for a few of the largest webhooks; with less the queue is full at once.
const FEWEST_QUEUE_BYTES: u64 = 16 * 1024 * 1024;

/// When a webhook is answered 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledge {
    /// Once it is on this machine's disk.
    Queued(QueueConfig),
    /// Once the service has stored it; for edges without a disk.
    Stored,
}

/// The queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConfig {
    /// Where it is; made when missing, used by one edge at a time.
    pub directory: PathBuf,
    /// How many bytes of webhooks may wait.
    pub max_bytes: u64,
    /// How long a webhook is recognised when it comes again.
    pub deduplication: Duration,
    /// How long a webhook may wait before the edge is no longer ready.
    pub ready_max_age: Duration,
}

impl Acknowledge {
    /// Reads the settings; mistakes are left in `settings`.
    pub(super) fn load(settings: &mut Settings<'_>) -> Self {
        let when = settings.parsed("WEBHOOK_ACK", "queued".to_owned());
        let queue = QueueConfig::load(settings);
        match when.as_str() {
            "stored" => Self::Stored,
            "queued" => Self::Queued(queue),
            other => {
                settings.reject(format!(
                    "WEBHOOK_ACK={other}: use queued (200 once on this machine's disk) or stored \
                     (200 once community-svc has it)"
                ));
                Self::Queued(queue)
            }
        }
    }
}

impl QueueConfig {
    fn load(settings: &mut Settings<'_>) -> Self {
        let directory = settings.parsed("WEBHOOK_EDGE_QUEUE_DIR", "data/webhook-edge".to_owned());
        let max_bytes = settings.parsed("WEBHOOK_EDGE_QUEUE_MAX_BYTES", DEFAULT_QUEUE_BYTES);
        if max_bytes < FEWEST_QUEUE_BYTES {
            settings.reject(format!(
                "WEBHOOK_EDGE_QUEUE_MAX_BYTES={max_bytes}: use {FEWEST_QUEUE_BYTES} or more"
            ));
        }
        let days = settings.parsed("WEBHOOK_EDGE_DEDUPLICATION_DAYS", FEWEST_DEDUPLICATION_DAYS);
        if !(FEWEST_DEDUPLICATION_DAYS..=365).contains(&days) {
            settings.reject(format!(
                "WEBHOOK_EDGE_DEDUPLICATION_DAYS={days}: use {FEWEST_DEDUPLICATION_DAYS} to 365"
            ));
        }
        let age = settings.parsed("WEBHOOK_EDGE_READY_MAX_QUEUE_AGE_SECONDS", 300);
        if age == 0 {
            settings.reject("WEBHOOK_EDGE_READY_MAX_QUEUE_AGE_SECONDS=0: use 1 or more");
        }
        Self {
            directory: directory.into(),
            max_bytes,
            deduplication: DAY * days,
            ready_max_age: Duration::from_secs(age),
        }
    }
}
