//! Every metric of the edge, declared once. Labels come from fixed sets: what a
//! stranger sends cannot grow them.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::answers::Question;
use crate::forward::Accepted;
use crate::payload::{Event, Format, vocabulary};
use crate::signature::{self, Signed};

mod conservation;
mod queue;
mod signatures;

pub use conservation::Conservation;
pub use queue::QueueGauges;
use signatures::Signatures;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabels {
    outcome: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    question: &'static str,
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NounLabel {
    noun: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartLabel {
    part: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CauseLabel {
    cause: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    code: u16,
}

/// Handles to the metrics; cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    webhooks: Family<WebhookLabels, Counter>,
    events: Family<NounLabel, Counter>,
    unknown: Family<PartLabel, Counter>,
    answers: Family<AnswerLabels, Counter>,
    requests: Family<RequestLabels, Counter>,
    verify: Histogram,
    signatures: Signatures,
    forwarded: Family<OutcomeLabel, Counter>,
    forward_failures: Counter,
    set_aside: Counter,
    refused_signatures: Family<CauseLabel, Counter>,
}

impl Metrics {
    /// Declares the metrics in `registry`.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let inner = Inner {
            webhooks: Family::default(),
            events: Family::default(),
            unknown: Family::default(),
            answers: Family::default(),
            requests: Family::default(),
            // 4 microseconds, a small body, to 33 ms, far more than 1 MiB takes.
            verify: Histogram::new(exponential_buckets(0.000_004, 4.0, 8)),
            signatures: Signatures::register(registry),
            forwarded: Family::default(),
            forward_failures: Counter::default(),
            set_aside: Counter::default(),
            refused_signatures: refused_signatures(registry),
        };
        registry.register(
            "webhook_edge_webhooks",
            "Webhooks by what became of them",
            inner.webhooks.clone(),
        );
        registry.register(
            "webhook_edge_events",
            "Events that the sink took, new ones and duplicates, by BetterMode's noun",
            inner.events.clone(),
        );
        registry.register(
            "webhook_edge_unknown",
            "Events with a type, noun or verb that BetterMode's sources do not list",
            inner.unknown.clone(),
        );
        registry.register(
            "webhook_edge_answers",
            "Webhooks whose sender waited, by who answered: community-svc, or the edge for it",
            inner.answers.clone(),
        );
        registry.register(
            "webhook_edge_http_requests",
            "HTTP requests by route and status",
            inner.requests.clone(),
        );
        registry.register_with_unit(
            "webhook_edge_verify",
            "Time to check a signature, all secrets tried",
            Unit::Seconds,
            inner.verify.clone(),
        );
        registry.register(
            "webhook_edge_forwarded",
            "Events that community-svc has taken from the queue: stored, or known already",
            inner.forwarded.clone(),
        );
        registry.register(
            "webhook_edge_forward_failures",
            "Batches that community-svc did not take because it is away or unwell",
            inner.forward_failures.clone(),
        );
        registry.register(
            "webhook_edge_set_aside",
            "Events that community-svc refused while it took others",
            inner.set_aside.clone(),
        );
        Self(Arc::new(inner))
    }

    /// Counts a signature that did not hold: one of `signature_doctor`'s labels, or
    /// `not_examined`.
    pub fn refused_signature(&self, cause: &'static str) {
        let cause = CauseLabel { cause };
        self.0.refused_signatures.get_or_create(&cause).inc();
    }

    /// Counts events that the service has taken from the queue.
    pub fn forwarded(&self, accepted: &[Accepted]) {
        let stored = accepted
            .iter()
            .filter(|outcome| **outcome == Accepted::Stored)
            .count();
        let count = |outcome, number: usize| {
            self.0
                .forwarded
                .get_or_create(&OutcomeLabel { outcome })
                .inc_by(number as u64);
        };
        count("stored", stored);
        count("duplicate", accepted.len() - stored);
    }

    /// How many events the service has stored, and how many it had already.
    fn taken_by_the_service(&self) -> [u64; 2] {
        ["stored", "duplicate"].map(|outcome| {
            let outcome = OutcomeLabel { outcome };
            self.0.forwarded.get_or_create(&outcome).get()
        })
    }

    /// Shows the secrets of a scheme, `bettermode` or `circle`, before one is used.
    pub fn secrets(&self, scheme: &'static str, count: u32) {
        self.0.signatures.secrets(scheme, count);
    }

    /// Notes by which secret a webhook was signed that came now, and how far the
    /// sender's clock is off.
    pub fn signed(&self, scheme: &'static str, signed: Signed, now: Timestamp) {
        self.0.signatures.signed(scheme, signed, now);
    }

    /// Notes how far the sender's clock is off where that is why a webhook is refused.
    pub fn out_of_window(&self, error: &signature::Error) {
        self.0.signatures.out_of_window(error);
    }

    /// Counts a batch that the service did not take.
    pub fn forward_failed(&self) {
        self.0.forward_failures.inc();
    }

    /// Counts an event that the service refused while it took others.
    pub fn set_aside(&self) {
        self.0.set_aside.inc();
    }

    /// Counts a webhook by what became of it: an outcome, and for a refusal why.
    pub fn webhook(&self, outcome: &'static str, reason: &'static str) {
        self.0
            .webhooks
            .get_or_create(&WebhookLabels { outcome, reason })
            .inc();
    }

    /// Counts an event that the sink took.
    pub fn event(&self, event: &Event) {
        let noun = vocabulary::known_noun(&event.noun);
        self.0
            .events
            .get_or_create(&NounLabel {
                noun: noun.unwrap_or("other"),
            })
            .inc();
        if event.format != Format::BetterMode {
            return;
        }
        let unknown = |is_unknown: bool, part| {
            if is_unknown {
                self.0.unknown.get_or_create(&PartLabel { part }).inc();
            }
        };
        unknown(!vocabulary::knows_type(&event.envelope_type), "type");
        unknown(!event.noun.is_empty() && noun.is_none(), "noun");
        unknown(
            !event.verb.is_empty() && !vocabulary::knows_verb(&event.verb),
            "verb",
        );
    }

    /// Counts an answer to a sender who waited, and who gave it.
    pub fn answered(&self, question: Question, source: &'static str) {
        let question = question.label();
        self.0
            .answers
            .get_or_create(&AnswerLabels { question, source })
            .inc();
    }

    /// Counts an answered request.
    pub fn request(&self, path: &str, status: StatusCode) {
        let route = if path.starts_with("/webhooks/bettermode") {
            "webhooks"
        } else if path.starts_with("/webhooks/circleso") {
            "circle_webhooks"
        } else if path == "/health" {
            "health"
        } else {
            "other"
        };
        let code = status.as_u16();
        self.0
            .requests
            .get_or_create(&RequestLabels { route, code })
            .inc();
    }

    /// Notes how long checking a signature took.
    pub fn verified_in(&self, took: Duration) {
        self.0.verify.observe(took.as_secs_f64());
    }
}

fn refused_signatures(registry: &mut Registry) -> Family<CauseLabel, Counter> {
    let counted = Family::default();
    registry.register(
        "webhook_edge_refused_signatures",
        "Signatures that did not hold, by what was wrong with them; not_examined: too many to look into",
        counted.clone(),
    );
    counted
}
