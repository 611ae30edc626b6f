//! Those who want messages sent: each calls until it is told what became of its
//! message, with the same request id, at any replica.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use community_proto::v1::SendDirectMessageRequest;
use community_proto::v1::community_service_client::CommunityServiceClient;
use community_proto::v1::send_direct_message_request::Content;
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::Notify;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use super::ledger::{Entry, Ledger, Told};
use super::options::Options;
use super::plan::Plan;
use crate::Clients;

type Community = CommunityServiceClient<Channel>;

/// What all callers share; cheap to look at.
#[derive(Debug, Default)]
pub(super) struct Progress {
    next: AtomicU32,
    told: AtomicU32,
    is_finished: AtomicBool,
    finish: Notify,
    ledger: Mutex<Ledger>,
}

impl Progress {
    /// Of how many messages it is known what became of them.
    pub(super) fn told(&self) -> u32 {
        self.told.load(Ordering::Relaxed)
    }

    pub(super) fn finish(&self) {
        self.is_finished.store(true, Ordering::Relaxed);
        self.finish.notify_waiters();
    }

    /// Waits for the end, at most so long.
    pub(super) async fn finished_within(&self, limit: Duration) -> bool {
        let end = self.finish.notified();
        if self.is_finished.load(Ordering::Relaxed) {
            return true;
        }
        tokio::time::timeout(limit, end).await.is_ok()
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} messages, {:?}", self.told(), self.ledger().calls)
    }
}

/// One caller, with one message after the other.
pub(super) struct Caller {
    seed: u64,
    messages: u32,
    services: Vec<Community>,
    recipients: Vec<String>,
    progress: Arc<Progress>,
}

impl Caller {
    pub(super) fn new(
        options: &Options,
        services: &[Clients],
        recipients: &[String],
        progress: &Arc<Progress>,
    ) -> Self {
        Self {
            seed: options.seed,
            messages: options.messages,
            services: services.iter().map(Clients::community).collect(),
            recipients: recipients.to_vec(),
            progress: Arc::clone(progress),
        }
    }

    pub(super) async fn run(self) {
        loop {
            let number = self.progress.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.messages {
                return;
            }
            let (plan, mut rng) = Plan::of(self.seed, number, &self.recipients);
            let seeds: Vec<u64> = (0..plan.callers).map(|_| rng.random()).collect();
            let calls = seeds
                .into_iter()
                .map(|seed| self.until_told(&plan, StdRng::seed_from_u64(seed)));
            let told = join_all(calls).await;
            if plan.asks_again && told.iter().any(|told| matches!(told, Told::Sent(_))) {
                self.ask_again(&plan, &told, &mut rng).await;
            }
            let mut ledger = self.progress.ledger();
            ledger.waiting.remove(&plan.request_id);
            ledger.entries.push(Entry {
                request_id: plan.request_id,
                recipient: plan.recipient,
                text: plan.text,
                told,
            });
            drop(ledger);
            self.progress.told.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Calls until it is told, or gives up if that is the plan.
    async fn until_told(&self, plan: &Plan, mut rng: StdRng) -> Told {
        loop {
            match self.call(plan, &plan.text, &mut rng).await {
                Ok(id) => return Told::Sent(id),
                Err(Answer::Final(reason)) if reason == "OUTCOME_UNKNOWN" => return Told::Unknown,
                Err(Answer::Final(reason)) => return Told::Refused(reason),
                Err(Answer::CallAgain(_)) if plan.gives_up => return Told::Nothing,
                Err(Answer::CallAgain(pause)) => {
                    let jitter = Duration::from_millis(rng.random_range(10..200));
                    tokio::time::sleep(pause + jitter).await;
                }
            }
        }
    }

    /// The same again hears the same; other content is refused.
    async fn ask_again(&self, plan: &Plan, told: &[Told], rng: &mut StdRng) {
        let seed = rng.random();
        let same = self.until_told(plan, StdRng::seed_from_u64(seed)).await;
        if same != Told::Nothing && !told.contains(&same) {
            let text = format!("{}: {same:?} after {told:?}", plan.request_id);
            self.progress.ledger().violations.push(text);
        }
        loop {
            match self.call(plan, "something else", rng).await {
                Err(Answer::Final(reason)) if reason == "REQUEST_ID_REUSED" => return,
                Err(Answer::CallAgain(pause)) => tokio::time::sleep(pause).await,
                other => {
                    let text = format!("{}: other content got {other:?}", plan.request_id);
                    self.progress.ledger().violations.push(text);
                    return;
                }
            }
        }
    }

    /// One call of one replica, sometimes with hardly any time.
    async fn call(&self, plan: &Plan, text: &str, rng: &mut StdRng) -> Result<String, Answer> {
        let mut request = Request::new(SendDirectMessageRequest {
            recipient_member_id: plan.recipient.clone(),
            content: Some(Content::Text(text.to_owned())),
            request_id: plan.request_id.clone(),
            ..SendDirectMessageRequest::default()
        });
        let is_hasty = rng.random_bool(0.1);
        let millis = if is_hasty { 5..150 } else { 5_000..10_000 };
        request.set_timeout(Duration::from_millis(rng.random_range(millis)));
        let mut service = self.services[rng.random_range(0..self.services.len())].clone();
        let answer = service.send_direct_message(request).await;
        let (name, result) = match answer {
            Ok(answer) => {
                let message = answer.into_inner().direct_message.unwrap_or_default();
                ("ok".to_owned(), Ok(message.id))
            }
            Err(status) => {
                let (name, answer) = Answer::of(&status);
                (name, Err(answer))
            }
        };
        let mut ledger = self.progress.ledger();
        let (id, last) = (plan.request_id.clone(), format!("{name} {result:?}"));
        ledger.waiting.insert(id, last);
        *ledger.calls.entry(name).or_default() += 1;
        drop(ledger);
        result
    }
}

/// What a call that failed means to its caller.
#[derive(Debug)]
enum Answer {
    /// Nothing yet.
    CallAgain(Duration),
    /// The end, for this reason.
    Final(String),
}

impl Answer {
    /// With the name under which it is counted. As docs/errors.md tells callers.
    fn of(status: &Status) -> (String, Self) {
        let details = status.get_error_details();
        let delay = details.retry_info().and_then(|retry| retry.retry_delay);
        let again = Self::CallAgain(delay.unwrap_or_default());
        let Some(info) = details.error_info() else {
            // The connection broke, or the time was over on this side.
            return (format!("{:?}", status.code()), again);
        };
        let reason = info.reason.clone();
        let answer = match status.code() {
            Code::Unavailable
            | Code::Aborted
            | Code::DeadlineExceeded
            | Code::ResourceExhausted => again,
            _ => Self::Final(reason.clone()),
        };
        (reason, answer)
    }
}
