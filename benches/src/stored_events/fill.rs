//! Fills a store the way the edge does, and waits until all of it has taken effect.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use community_proto::v1::webhook_event_service_client::WebhookEventServiceClient;
use community_proto::v1::{
    IngestWebhookEventsRequest, ListWebhookEventsRequest, WebhookEventState,
};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tonic::transport::{Channel, Endpoint};

use super::data::World;
use crate::report::say;

/// The most that one call takes.
const BATCH: u64 = 500;
const AT_ONCE: usize = 4;
const LOOK_EVERY: Duration = Duration::from_secs(1);
const SAY_EVERY: Duration = Duration::from_secs(30);
/// For a million events on a slow machine.
const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// How fast it went.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filled {
    /// Webhooks stored in a second.
    pub(super) stored_rate: f64,
    /// Webhooks in a second, from the first one stored until all had taken effect.
    pub(super) settled_rate: f64,
}

/// A channel to the service.
pub(super) async fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .expect("an address makes a URL")
        .connect()
        .await
        .expect("the service listens")
}

/// Stores every webhook of the world.
pub(super) async fn fill(address: SocketAddr, world: &World) -> Filled {
    let channel = channel(address).await;
    let start = Instant::now();
    let next = Arc::new(AtomicU64::new(0));
    let mut senders = JoinSet::new();
    for _ in 0..AT_ONCE {
        senders.spawn(send(channel.clone(), *world, Arc::clone(&next)));
    }
    while let Some(sent) = senders.join_next().await {
        sent.expect("the store takes every webhook");
    }
    let stored = start.elapsed();
    say(&format!(
        "stored in {} s; waiting for the effects",
        stored.as_secs()
    ));
    settled(channel, start).await;
    let events = u32::try_from(world.events()).map_or(0.0, f64::from);
    Filled {
        stored_rate: events / stored.as_secs_f64(),
        settled_rate: events / start.elapsed().as_secs_f64(),
    }
}

async fn send(channel: Channel, world: World, next: Arc<AtomicU64>) {
    let mut client = WebhookEventServiceClient::new(channel);
    let mut said = Instant::now();
    loop {
        let first = next.fetch_add(BATCH, Ordering::Relaxed);
        if first >= world.events() {
            return;
        }
        let events = world.webhooks(first..(first + BATCH).min(world.events()));
        let request = IngestWebhookEventsRequest { events };
        let answer = client.ingest_webhook_events(request).await;
        answer.expect("the store takes a batch");
        if said.elapsed() > SAY_EVERY {
            say(&format!("{first} stored"));
            said = Instant::now();
        }
    }
}

/// Waits until no event is pending.
async fn settled(channel: Channel, start: Instant) {
    let mut client = WebhookEventServiceClient::new(channel);
    loop {
        let request = ListWebhookEventsRequest {
            page_size: 1,
            state: WebhookEventState::Pending.into(),
            ..Default::default()
        };
        let pending = client.list_webhook_events(request).await;
        if pending
            .expect("events can be listed")
            .into_inner()
            .events
            .is_empty()
        {
            return;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "events are pending after {} s",
            PATIENCE.as_secs()
        );
        sleep(LOOK_EVERY).await;
    }
}
