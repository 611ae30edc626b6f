//! Every metric, declared once; labels come from fixed sets.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use notion::Requests;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::state::{Backlog, Source};

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was as it shall be; no call was made.
    Unchanged,
    /// It was made.
    Made,
    /// An earlier try had made it.
    Found,
    /// It was changed.
    Changed,
    /// Notion refuses it.
    Refused,
    /// It is tried again later.
    Postponed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RowLabels {
    source: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

/// Handles to the metrics; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    rows: Family<RowLabels, Counter>,
    requests: Family<KindLabel, Gauge>,
    waiting: Family<KindLabel, Gauge>,
    lag: Gauge<f64, AtomicU64>,
    reconciled: Gauge,
    duplicates: Gauge,
    dangling: Counter,
    events: Counter,
}

impl Metrics {
    /// Declares the metrics in `registry`.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let inner = &metrics.0;
        registry.register(
            "notion_sync_rows",
            "Rows by what became of them",
            inner.rows.clone(),
        );
        registry.register(
            "notion_sync_requests_sent",
            "Requests to Notion since the start: reads, writes, and answers that asked for a pause",
            inner.requests.clone(),
        );
        registry.register(
            "notion_sync_waiting",
            "Events, members and activities that wait to be dealt with",
            inner.waiting.clone(),
        );
        registry.register(
            "notion_sync_lag_seconds",
            "How long the oldest event or member has waited",
            inner.lag.clone(),
        );
        registry.register(
            "notion_sync_reconciled_timestamp_seconds",
            "When everything was last compared, as Unix time",
            inner.reconciled.clone(),
        );
        registry.register(
            "notion_sync_duplicate_rows",
            "Rows whose key another row has too, as the last reading of all rows found them",
            inner.duplicates.clone(),
        );
        registry.register(
            "notion_sync_dangling_activities",
            "Activities written without a member, whose row is not there",
            inner.dangling.clone(),
        );
        registry.register(
            "notion_sync_events",
            "Events received",
            inner.events.clone(),
        );
        metrics
    }

    /// Counts a row.
    pub fn row(&self, source: Source, outcome: Outcome) {
        self.0.rows.get_or_create(&labels(source, outcome)).inc();
    }

    /// How many rows of a source met this end so far.
    #[must_use]
    pub fn rows(&self, source: Source, outcome: Outcome) -> u64 {
        self.0.rows.get_or_create(&labels(source, outcome)).get()
    }

    /// How many rows had to wait so far.
    #[must_use]
    pub fn postponed(&self) -> u64 {
        [Source::Members, Source::Activities]
            .into_iter()
            .map(|source| self.rows(source, Outcome::Postponed))
            .sum()
    }

    /// Counts received events.
    pub fn events(&self, count: usize) {
        self.0.events.inc_by(count as u64);
    }

    /// Counts activities without a member's row.
    pub fn dangling(&self, count: usize) {
        self.0.dangling.inc_by(count as u64);
    }

    /// What the reading of all rows found.
    pub fn duplicates(&self, count: usize) {
        self.0
            .duplicates
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// When everything was compared.
    pub fn reconciled(&self, at: Timestamp) {
        self.0.reconciled.set(at.as_second());
    }

    /// What is still to do, and what was asked of Notion.
    pub fn observe(&self, backlog: &Backlog, requests: Requests, now: Timestamp) {
        let set = |family: &Family<KindLabel, Gauge>, kind, value: u64| {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            family.get_or_create(&KindLabel { kind }).set(value);
        };
        let inner = &self.0;
        set(&inner.waiting, "events", backlog.events);
        set(&inner.waiting, "members", backlog.members);
        set(&inner.waiting, "activities", backlog.activities);
        set(&inner.requests, "reads", requests.reads);
        set(&inner.requests, "writes", requests.writes);
        set(&inner.requests, "throttled", requests.throttled);
        let waited = backlog
            .oldest
            .map(|oldest| now.duration_since(oldest).as_secs_f64());
        inner.lag.set(waited.unwrap_or(0.0).max(0.0));
    }
}

fn labels(source: Source, outcome: Outcome) -> RowLabels {
    RowLabels {
        source: match source {
            Source::Members => "members",
            Source::Activities => "activities",
        },
        outcome: match outcome {
            Outcome::Unchanged => "unchanged",
            Outcome::Made => "made",
            Outcome::Found => "found",
            Outcome::Changed => "changed",
            Outcome::Refused => "refused",
            Outcome::Postponed => "postponed",
        },
    }
}
