//! Webhooks whose signature does not hold: why, in the log, in a metric, and in a short
//! record for operators. The sender hears 401 and no more, before anybody looks.
//!
//! A refusal is handed to one [`Doctor`], who looks into a few in a second, each with a
//! bounded amount of work, on a thread for work that blocks. When refusals come faster they
//! are logged as they are: nobody buys time of ours with webhooks that are refused. A webhook
//! whose signature holds never comes near here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use service_kit::shutdown::Shutdown;
use signature_doctor::{Captured, Diagnosis, Secrets, Terms, WORK_OF_A_SERVER, diagnose};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::Span;

use crate::metrics::Metrics;
use crate::rejection::Refusal;
use crate::signature::{Refused, Window};

mod record;

pub use record::{FindingRecord, Record};

/// How many refusals may wait for the doctor. Their bodies are held as long: 8 MiB at most.
const WAITING: usize = 8;
/// The doctor looks into one refusal in this time, not more often.
const PAUSE: Duration = Duration::from_millis(200);
/// How many refusals are remembered.
const REMEMBERED: usize = 100;
/// The metric's label of those that nobody looked into.
const NOT_EXAMINED: &str = "not_examined";

/// Where refusals go; cheap to clone.
#[derive(Clone)]
pub struct Refusals(Option<Inner>);

#[derive(Clone)]
struct Inner {
    inbox: mpsc::Sender<Case>,
    metrics: Metrics,
    remembered: Remembered,
}

/// The latest refusals that were looked into; cheap to clone.
#[derive(Clone, Default)]
pub struct Remembered(Arc<Mutex<VecDeque<Record>>>);

/// Looks into refusals, one after the other.
pub struct Doctor {
    cases: mpsc::Receiver<Case>,
    secrets: Arc<Secrets>,
    window: Window,
    metrics: Metrics,
    remembered: Remembered,
}

/// A refusal that waits.
struct Case {
    refused: Refused,
    received_at: Timestamp,
    /// The request's, so that the line about it carries its id.
    span: Span,
}

impl Refusals {
    /// A way to a doctor who holds signatures against these secrets.
    #[must_use]
    pub fn new(secrets: Secrets, window: Window, metrics: Metrics) -> (Self, Doctor) {
        let (inbox, cases) = mpsc::channel(WAITING);
        let remembered = Remembered::default();
        let doctor = Doctor {
            cases,
            secrets: Arc::new(secrets),
            window,
            metrics: metrics.clone(),
            remembered: remembered.clone(),
        };
        let inner = Inner {
            inbox,
            metrics,
            remembered,
        };
        (Self(Some(inner)), doctor)
    }

    /// Refusals that nobody looks into; they are only logged.
    #[must_use]
    pub fn without_doctor() -> Self {
        Self(None)
    }

    /// What the doctor has found lately.
    #[must_use]
    pub fn remembered(&self) -> Remembered {
        let inner = self.0.as_ref();
        inner.map_or_else(Remembered::default, |inner| inner.remembered.clone())
    }

    /// Sees to it that there is a log line about this refusal: with its cause when the
    /// doctor has time, else at once. Never waits.
    pub fn look_into(&self, refused: Refused, received_at: Timestamp) {
        let case = Case {
            refused,
            received_at,
            span: Span::current(),
        };
        let Some(inner) = &self.0 else {
            return case.log_as_it_is();
        };
        if let Err(refused) = inner.inbox.try_send(case) {
            inner.metrics.refused_signature(NOT_EXAMINED);
            refused.into_inner().log_as_it_is();
        }
    }
}

impl Remembered {
    /// At most this many, the latest first.
    #[must_use]
    pub fn latest(&self, limit: usize) -> Vec<Record> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.iter().rev().take(limit).cloned().collect()
    }

    fn keep(&self, record: Record) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() >= REMEMBERED {
            records.pop_front();
        }
        records.push_back(record);
    }
}

impl Doctor {
    /// Looks into refusals until the edge drains. Those that still wait then are logged as
    /// they are.
    pub async fn run(mut self, shutdown: Shutdown) {
        loop {
            let case = tokio::select! {
                () = shutdown.draining().cancelled() => break,
                case = self.cases.recv() => case,
            };
            let Some(case) = case else { return };
            let rested = Instant::now() + PAUSE;
            self.examine(case).await;
            tokio::select! {
                () = shutdown.draining().cancelled() => break,
                () = tokio::time::sleep_until(rested) => {}
            }
        }
        while let Ok(case) = self.cases.try_recv() {
            self.metrics.refused_signature(NOT_EXAMINED);
            case.log_as_it_is();
        }
    }

    async fn examine(&self, case: Case) {
        let (secrets, window) = (Arc::clone(&self.secrets), self.window);
        let examined = tokio::task::spawn_blocking(move || {
            let found = case.diagnose(&secrets, window);
            let record = Record::of(&case.refused, case.received_at, &found);
            (case, found, record)
        });
        // Only a panic gets in the way; its text is on standard error already.
        let Ok((case, found, record)) = examined.await else {
            self.metrics.refused_signature(NOT_EXAMINED);
            return tracing::error!("looking into a refused webhook failed");
        };
        self.metrics.refused_signature(found.cause());
        case.log(&found);
        self.remembered.keep(record);
    }
}

impl Case {
    fn diagnose(&self, secrets: &Secrets, window: Window) -> Diagnosis {
        let captured = Captured {
            headers: &self.refused.headers,
            body: &self.refused.body,
        };
        let terms = Terms {
            secrets,
            now: Some(self.received_at),
            window: window.tolerance(),
            work: WORK_OF_A_SERVER,
        };
        diagnose(captured, terms)
    }

    fn log(&self, found: &Diagnosis) {
        self.span.in_scope(|| {
            tracing::warn!(
                status = 401,
                cause = self.refused.error.to_string(),
                hint = found.hint(),
                kind = found.cause(),
                diagnosis = found.summary(),
                path = self.refused.path,
                "webhook refused"
            );
        });
    }

    fn log_as_it_is(&self) {
        let refusal = Refusal::Signature(self.refused.error.clone());
        self.span.in_scope(|| refusal.log(self.refused.path));
    }
}

#[cfg(test)]
mod tests;
