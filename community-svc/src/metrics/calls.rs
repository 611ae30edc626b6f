//! How many calls there were and how long they took, by method and code.
//!
//! A call finds its counter by position: building labels and looking them up each
//! time costs more than counting.

use std::sync::OnceLock;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use tonic::Code;

use crate::methods::{self, Method};

/// How many codes gRPC has.
const CODES: usize = 17;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    method: &'static str,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabel {
    method: &'static str,
}

type CallSeconds = Family<MethodLabel, Histogram, fn() -> Histogram>;

/// Both metrics, and the series of them that were used.
#[derive(Debug)]
pub(super) struct Calls {
    counted: Family<CallLabels, Counter>,
    seconds: CallSeconds,
    methods: [Series; methods::COUNT],
}

/// The series of one method. Each is made when it is first used, so that a scrape
/// shows no method that nobody called.
#[derive(Debug, Default)]
struct Series {
    seconds: OnceLock<Histogram>,
    counted: [OnceLock<Counter>; CODES],
}

impl Calls {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let calls = Self {
            counted: Family::default(),
            // 0.1 ms to 26 s.
            seconds: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.0001, 4.0, 10))
            }),
            methods: std::array::from_fn(|_| Series::default()),
        };
        registry.register(
            "rpc_server_calls",
            "Calls answered, by method and code",
            calls.counted.clone(),
        );
        registry.register_with_unit(
            "rpc_server_call_duration",
            "Time until a call was answered",
            Unit::Seconds,
            calls.seconds.clone(),
        );
        calls
    }

    pub(super) fn count(&self, method: Method, code: Code, elapsed: Duration) {
        let series = &self.methods[method.index()];
        let label = method.label();
        series.counted[code as usize]
            .get_or_init(|| {
                self.counted.get_or_create_owned(&CallLabels {
                    method: label,
                    code: format!("{code:?}"),
                })
            })
            .inc();
        series
            .seconds
            .get_or_init(|| {
                self.seconds
                    .get_or_create_owned(&MethodLabel { method: label })
            })
            .observe(elapsed.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_shows_the_series_that_were_used_and_no_others() {
        let mut registry = Registry::default();
        let calls = Calls::register(&mut registry);
        for path in ["/grpc.health.v1.Health/Check", "/made/up", "/also/made-up"] {
            calls.count(Method::of(path), Code::NotFound, Duration::from_millis(1));
        }
        // The first and the last code that there are.
        calls.count(Method::of("/made/up"), Code::Ok, Duration::ZERO);
        calls.count(
            Method::of("/made/up"),
            Code::Unauthenticated,
            Duration::ZERO,
        );

        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let counted: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("rpc_server_calls_total"))
            .collect();
        for line in [
            r#"rpc_server_calls_total{method="/grpc.health.v1.Health/Check",code="NotFound"} 1"#,
            r#"rpc_server_calls_total{method="other",code="NotFound"} 2"#,
            r#"rpc_server_calls_total{method="other",code="Ok"} 1"#,
            r#"rpc_server_calls_total{method="other",code="Unauthenticated"} 1"#,
        ] {
            assert!(counted.contains(&line), "{line} in {text}");
        }
        assert_eq!(counted.len(), 4);
        assert!(text.contains(r#"rpc_server_call_duration_seconds_count{method="other"} 4"#));
    }
}
