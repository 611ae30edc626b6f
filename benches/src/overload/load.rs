//! Pages that are asked for, by callers who wait and by callers who do not.
//!
//! On a thread of its own. Each call is timed from the moment it is sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use community_proto::v1::webhook_event_service_client::WebhookEventServiceClient;
use community_proto::v1::{GetWebhookEventRequest, ListWebhookEventsRequest};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::CALLERS;
use crate::affinity;
use crate::client::microseconds;
use crate::figures::Latencies;

/// Events in a page.
pub(super) const PAGE_SIZE: i32 = 100;

const TICK: Duration = Duration::from_millis(1);
/// Probes, and reads of a single event, in a second.
const BESIDE: f64 = 20.0;

/// Whom to ask.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) address: SocketAddr,
    /// A stored event.
    pub(super) event: String,
    pub(super) core: Option<usize>,
}

/// What came of calls of one kind.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) accepted: Latencies,
    pub(super) refused: Latencies,
    /// Of the refused, those that do not say when to come again.
    pub(super) unhelpful: usize,
    /// Neither answered nor refused.
    pub(super) failed: usize,
    /// The first of them.
    pub(super) failure: Option<String>,
}

/// What went beside the pages.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) probes: Counted,
    pub(super) urgent: Counted,
}

/// What came of an offered load.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) pages: Counted,
    pub(super) beside: Beside,
}

/// Outcomes as they come.
#[derive(Debug, Clone, Default)]
struct Outcomes(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    accepted: Vec<u32>,
    refused: Vec<u32>,
    unhelpful: usize,
    failed: usize,
    failure: Option<String>,
}

impl Load {
    /// So many callers, each of which asks for the next page when it has one. One that is
    /// refused asks again.
    pub(super) async fn waiting(&self, callers: usize, time: Duration) -> Counted {
        let load = self.clone();
        affinity::on_own_thread(self.core, move || async move {
            let outcomes = Outcomes::default();
            let mut calls = JoinSet::new();
            for _ in 0..callers {
                let channel = channel(load.address).await;
                let outcomes = outcomes.clone();
                let until = Instant::now() + time;
                calls.spawn(async move {
                    while Instant::now() < until {
                        outcomes.of(page(channel.clone())).await;
                    }
                });
            }
            let _all = calls.join_all().await;
            outcomes.counted()
        })
        .await
    }

    /// Pages at a steady rate, whether or not the ones before are answered.
    pub(super) async fn offered(&self, rate: f64, time: Duration) -> Offered {
        let load = self.clone();
        affinity::on_own_thread(self.core, move || load.offer(rate, time)).await
    }

    async fn offer(self, rate: f64, time: Duration) -> Offered {
        let mut channels = Vec::new();
        // The same callers, who no longer wait.
        for _ in 0..CALLERS {
            channels.push(channel(self.address).await);
        }
        let own = channel(self.address).await;
        let [pages, probes, urgent] = std::array::from_fn(|_| Outcomes::default());
        let mut calls = JoinSet::new();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let start = Instant::now();
        let (mut sent, mut beside) = (0.0, 0.0);
        let mut turn = channels.iter().cycle();
        while start.elapsed() < time {
            tick.tick().await;
            let passed = start.elapsed().as_secs_f64();
            while sent < passed * rate {
                let Some(channel) = turn.next().cloned() else {
                    break;
                };
                let outcomes = pages.clone();
                calls.spawn(async move { outcomes.of(page(channel)).await });
                sent += 1.0;
            }
            while beside < passed * BESIDE {
                let (outcomes, channel) = (probes.clone(), own.clone());
                calls.spawn(async move { outcomes.of(probe(channel)).await });
                let (outcomes, channel) = (urgent.clone(), own.clone());
                let event = self.event.clone();
                calls.spawn(async move { outcomes.of(single(channel, event)).await });
                beside += 1.0;
            }
            while calls.try_join_next().is_some() {}
        }
        let _all = calls.join_all().await;
        Offered {
            pages: pages.counted(),
            beside: Beside {
                probes: probes.counted(),
                urgent: urgent.counted(),
            },
        }
    }
}

async fn page(channel: Channel) -> Result<(), Status> {
    let request = ListWebhookEventsRequest {
        page_size: PAGE_SIZE,
        ..Default::default()
    };
    let mut client = WebhookEventServiceClient::new(channel);
    let page = client.list_webhook_events(request).await?.into_inner();
    assert!(
        page.events.len() == usize::try_from(PAGE_SIZE).unwrap_or_default(),
        "a page has {} events",
        page.events.len()
    );
    Ok(())
}

async fn single(channel: Channel, event_id: String) -> Result<(), Status> {
    let request = GetWebhookEventRequest { event_id };
    let mut client = WebhookEventServiceClient::new(channel);
    client.get_webhook_event(request).await.map(drop)
}

async fn probe(channel: Channel) -> Result<(), Status> {
    let request = HealthCheckRequest::default();
    HealthClient::new(channel).check(request).await.map(drop)
}

async fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .expect("an address makes a URL")
        .connect()
        .await
        .expect("the service listens")
}

impl Outcomes {
    async fn of(&self, call: impl Future<Output = Result<(), Status>>) {
        let start = Instant::now();
        let outcome = call.await;
        let took = microseconds(start.elapsed());
        let mut noted = self.lock();
        match outcome {
            Ok(()) => noted.accepted.push(took),
            Err(status) if matches!(status.code(), Code::ResourceExhausted | Code::Unavailable) => {
                noted.refused.push(took);
                let helps = status.metadata().contains_key("grpc-retry-pushback-ms");
                noted.unhelpful += usize::from(!helps);
            }
            Err(status) => {
                noted.failed += 1;
                noted.failure = noted.failure.take().or_else(|| Some(status.to_string()));
            }
        }
    }

    fn counted(self) -> Counted {
        let noted = std::mem::take(&mut *self.lock());
        Counted {
            accepted: Latencies::new(noted.accepted),
            refused: Latencies::new(noted.refused),
            unhelpful: noted.unhelpful,
            failed: noted.failed,
            failure: noted.failure,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// How many calls there were.
    pub(super) fn count(&self) -> usize {
        self.accepted.count() + self.refused.count() + self.failed
    }
}
