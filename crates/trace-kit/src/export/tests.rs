use std::sync::{Arc, Mutex};

use opentelemetry_sdk::error::OTelSdkError;
use prometheus_client::metrics::counter::Counter;
use service_kit::clock::SystemClock;

use super::*;
use crate::{Kind, Start, TraceParent};

/// A collector in memory: takes batches, or fails, or never answers.
#[derive(Debug, Clone, Default)]
struct Collector {
    batches: Arc<Mutex<Vec<Vec<SpanData>>>>,
    fails: bool,
    hangs: bool,
}

impl Exporter for Collector {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        if self.fails {
            return Err(OTelSdkError::InternalFailure("away".to_owned()));
        }
        self.batches.lock().unwrap().push(batch);
        Ok(())
    }
}

struct Fixture {
    tracer: Tracer,
    exporting: Exporting,
    metrics: Metrics,
    collector: Collector,
}

fn fixture(collector: Collector) -> Fixture {
    let metrics = Metrics::register(&mut Registry::default());
    let (sender, ended) = mpsc::channel(WAITING);
    let (flushing, flushed) = oneshot::channel();
    let stopping = CancellationToken::new();
    let sending = Sending {
        exporter: collector.clone(),
        ended,
        delay: Duration::from_secs(5),
        metrics: metrics.clone(),
        stopping: stopping.clone(),
        is_failing: false,
    };
    Tasks::new().spawn_detached("export", sending.run(flushing));
    let handover = Handover {
        sender,
        metrics: metrics.clone(),
    };
    let provider = SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
        .with_span_processor(handover)
        .build();
    Fixture {
        tracer: Tracer::new(provider.tracer("test"), Arc::new(SystemClock)),
        exporting: Exporting {
            stopping,
            flushed,
            provider,
        },
        metrics,
        collector,
    }
}

impl Fixture {
    fn spans(&self, count: usize) {
        for _ in 0..count {
            let start = Start::new(Kind::Internal, "work");
            self.tracer.start(start).unwrap().end();
        }
    }

    fn counted(&self) -> [u64; 3] {
        let metrics = &self.metrics;
        [&metrics.exported, &metrics.failed, &metrics.dropped].map(Counter::get)
    }

    fn sizes(&self) -> Vec<usize> {
        let batches = self.collector.batches.lock().unwrap();
        batches.iter().map(Vec::len).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn spans_leave_when_the_first_has_waited_or_the_batch_is_full() {
    let it = fixture(Collector::default());
    it.spans(3);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(it.sizes().is_empty());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(it.sizes(), [3]);
    it.spans(BATCH + 1);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(it.sizes(), [3, BATCH]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_takes_is_dropped_and_counted_and_holds_nobody_up() {
    let it = fixture(Collector {
        hangs: true,
        ..Collector::default()
    });
    it.spans(1);
    tokio::time::sleep(Duration::from_secs(6)).await;
    it.spans(WAITING + 7);
    assert_eq!(it.counted(), [0, 0, 7]);
    // Nor does it hold up the end.
    let before = Instant::now();
    it.exporting.finish().await;
    assert!(before.elapsed() <= FLUSH_LIMIT + Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn what_the_collector_refuses_is_counted() {
    let it = fixture(Collector {
        fails: true,
        ..Collector::default()
    });
    it.spans(5);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(it.counted(), [0, 5, 0]);
}

#[tokio::test(start_paused = true)]
async fn the_last_spans_leave_before_the_process_does() {
    let it = fixture(Collector::default());
    it.spans(BATCH + 3);
    let (collector, metrics, tracer) = (it.collector, it.metrics, it.tracer);
    it.exporting.finish().await;
    let sent: usize = collector.batches.lock().unwrap().iter().map(Vec::len).sum();
    assert_eq!(
        (sent, metrics.exported.get()),
        (BATCH + 3, BATCH as u64 + 3)
    );
    assert!(tracer.start(Start::new(Kind::Internal, "late")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_span_is_under_its_parent_and_one_that_is_not_recorded_says_so() {
    let it = fixture(Collector::default());
    let sent: TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        .parse()
        .unwrap();
    let span = it
        .tracer
        .start(Start::new(Kind::Server, "call").under(sent));
    let context = span.unwrap().context();
    assert_eq!(context.trace_id(), sent.trace_id());
    assert_ne!(context, sent);
    let (trace, id, _) = sent.parts();
    let unsampled = TraceParent::new(trace, id, false).unwrap();
    let span = it
        .tracer
        .start(Start::new(Kind::Server, "call").under(unsampled));
    assert!(!span.unwrap().context().is_sampled());

    tokio::time::sleep(Duration::from_secs(6)).await;
    let batches = it.collector.batches.lock().unwrap();
    let [span] = &batches[0][..] else {
        panic!("{batches:?}");
    };
    // It was dropped and not ended.
    assert_eq!(span.parent_span_id.to_string(), "00f067aa0ba902b7");
    let error = span
        .attributes
        .iter()
        .find(|it| it.key.as_str() == "error.type");
    assert_eq!(error.unwrap().value.as_str(), "cancelled");
}
