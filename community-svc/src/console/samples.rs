//! The last hour of the metrics, a sample every few seconds, in memory that does not
//! grow.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::registry::Registry;
use service_kit::clock::SharedClock;
use service_kit::shutdown::Shutdown;
use url::Url;

use super::edge::{self, EdgeQueue};
use super::exposition::{Exposition, Labels};
use crate::health::Health;

/// How often a sample is taken.
pub(super) const INTERVAL: Duration = Duration::from_secs(5);

/// An hour of samples, about 320 bytes each.
const KEPT: usize = 720;

/// How many bounds the histogram of calls has, the infinite one included.
const BOUNDS: usize = 11;

/// What the metrics said at one moment. Counts go on growing; differences are rates.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sample {
    pub(super) at: Timestamp,
    pub(super) calls: f64,
    pub(super) failed_calls: f64,
    /// Upper bound in seconds, and how many calls were at most that slow.
    pub(super) durations: [(f64, f64); BOUNDS],
    pub(super) stored: f64,
    pub(super) duplicates: f64,
    pub(super) reads_from_copies: f64,
    pub(super) reads_from_bettermode: f64,
    pub(super) upstream_calls: f64,
    pub(super) given_up: f64,
    /// Seconds.
    pub(super) projection_lag: f64,
    /// Requests left, of how many.
    pub(super) budget: Option<(f64, f64)>,
    /// Seconds, and webhooks.
    pub(super) edge_age: Option<f64>,
    pub(super) edge_depth: Option<f64>,
}

impl Sample {
    fn read(at: Timestamp, metrics: &Exposition<'_>) -> Self {
        let sum = |name: &str, wanted: &dyn Fn(Labels<'_>) -> bool| {
            metrics.sum(name, wanted).unwrap_or_default()
        };
        // Probes would drown what callers see.
        let is_call = |labels: Labels<'_>| !labels.get("method").starts_with("/grpc.health.");
        let mut sample = Self {
            at,
            calls: sum("rpc_server_calls_total", &is_call),
            failed_calls: sum("rpc_server_calls_total", &|labels| {
                is_call(labels) && labels.get("code") != "Ok"
            }),
            stored: sum("webhook_events_ingested_total", &|it| {
                it.get("outcome") == "stored"
            }),
            duplicates: sum("webhook_events_ingested_total", &|it| {
                it.get("outcome") == "duplicate"
            }),
            reads_from_copies: sum("member_reads_total", &|it| {
                it.get("outcome") != "bettermode"
            }),
            reads_from_bettermode: sum("member_reads_total", &|it| {
                it.get("outcome") == "bettermode"
            }),
            upstream_calls: sum("upstream_calls_total", &|_| true),
            given_up: sum("projections_total", &|it| it.get("outcome") == "dead"),
            projection_lag: sum("projection_lag_seconds", &|_| true),
            ..Self::default()
        };
        let mut bound = 0.000_1;
        for (place, duration) in sample.durations.iter_mut().enumerate() {
            let is_last = place + 1 == BOUNDS;
            let upper = if is_last { f64::INFINITY } else { bound };
            let count = sum("rpc_server_call_duration_seconds_bucket", &|labels| {
                is_call(labels) && is_bound(labels.get("le"), upper)
            });
            *duration = (upper, count);
            bound *= 4.0;
        }
        sample
    }
}

/// Bounds are written with all their digits, which differ in the last ones.
fn is_bound(text: &str, bound: f64) -> bool {
    match text {
        "+Inf" => bound.is_infinite(),
        text => text
            .parse::<f64>()
            .is_ok_and(|found| (found / bound - 1.0).abs() < 1e-6),
    }
}

/// The samples, the oldest first; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    samples: VecDeque<Sample>,
    edge: Option<Result<EdgeQueue, String>>,
}

impl Samples {
    /// Those that were taken since.
    pub(super) fn since(&self, from: Timestamp) -> Vec<Sample> {
        let kept = self.lock();
        let since = kept.samples.iter().filter(|sample| sample.at >= from);
        since.cloned().collect()
    }

    /// What the edge last said; `None` where nobody asks it.
    pub(super) fn edge(&self) -> Option<Result<EdgeQueue, String>> {
        self.lock().edge.clone()
    }

    fn put(&self, sample: Sample, edge: Option<Result<EdgeQueue, String>>) {
        let mut kept = self.lock();
        if kept.samples.len() >= KEPT {
            kept.samples.pop_front();
        }
        kept.samples.push_back(sample);
        kept.edge = edge;
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the samples.
#[derive(Debug)]
pub(super) struct Sampler {
    pub(super) samples: Samples,
    pub(super) registry: Arc<Registry>,
    pub(super) health: Health,
    pub(super) edge: Option<Url>,
    pub(super) clock: SharedClock,
}

impl Sampler {
    /// Takes samples until the service drains.
    pub(super) async fn run(self, shutdown: Shutdown) {
        let draining = shutdown.draining().clone();
        let rounds = async {
            loop {
                self.take().await;
                tokio::time::sleep(INTERVAL).await;
            }
        };
        draining.run_until_cancelled(rounds).await;
    }

    async fn take(&self) {
        let edge = async {
            match &self.edge {
                Some(edge) => Some(edge::look(edge).await.map_err(|error| error.to_string())),
                None => None,
            }
        };
        let (budget, edge) = tokio::join!(self.health.budget(), edge);
        let mut text = String::new();
        if prometheus_client::encoding::text::encode(&mut text, &self.registry).is_err() {
            return;
        }
        let mut sample = Sample::read(self.clock.now(), &Exposition::read(&text));
        sample.budget = budget.map(|budget| {
            let (left, limit) = (budget.requests_left, budget.limits.requests);
            (f64::from(left), f64::from(limit))
        });
        if let Some(Ok(queue)) = &edge {
            sample.edge_age = Some(queue.age);
            sample.edge_depth = Some(queue.depth);
        }
        self.samples.put(sample, edge);
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::methods::Method;
    use crate::metrics::Metrics;

    #[test]
    fn a_sample_holds_what_the_metrics_say() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let member = Method::of("/community.v1.CommunityService/GetMember");
        let millis = Duration::from_millis;
        metrics.call(member, Code::Ok, millis(1));
        metrics.call(member, Code::NotFound, millis(200));
        metrics.call(
            Method::of("/grpc.health.v1.Health/Check"),
            Code::Ok,
            millis(1),
        );
        for source in ["memory", "redis", "bettermode"] {
            metrics.member_read(source);
        }
        metrics.event("stored");
        metrics.event("stored");
        metrics.event("duplicate");
        metrics.upstream("ok");
        metrics.projection("members", "dead");
        metrics.projection_lag(millis(1_500));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let sample = Sample::read(Timestamp::UNIX_EPOCH, &Exposition::read(&text));
        let calls = (sample.calls, sample.failed_calls);
        assert_eq!(calls, (2.0, 1.0), "{text}");
        assert_eq!((sample.stored, sample.duplicates), (2.0, 1.0));
        let reads = (sample.reads_from_copies, sample.reads_from_bettermode);
        assert_eq!(reads, (2.0, 1.0));
        assert_eq!((sample.upstream_calls, sample.given_up), (1.0, 1.0));
        assert!((sample.projection_lag - 1.5).abs() < 1e-9);
        let counts: Vec<_> = sample.durations.iter().map(|(_, count)| *count).collect();
        // 0.1, 0.4, 1.6, 6.4, 26, 102, 410 ms, ...
        let expected = [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0];
        assert_eq!(counts, expected, "{text}");
    }

    #[test]
    fn an_hour_of_samples_is_kept_and_no_more() {
        let samples = Samples::default();
        for second in 0..2_000 {
            let at = Timestamp::from_second(second).unwrap();
            let sample = Sample {
                at,
                ..Sample::default()
            };
            samples.put(sample, None);
        }
        let all = samples.since(Timestamp::UNIX_EPOCH);
        assert_eq!(all.len(), KEPT);
        let from = Timestamp::from_second(1_990).unwrap();
        assert_eq!(samples.since(from).len(), 10);
    }
}
