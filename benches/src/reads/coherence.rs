//! How soon every replica shows a change, once its webhook is stored.
//!
//! The fake changes a member and writes the webhook; the measurement hands that to one
//! replica as the edge does, and asks both without a pause.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use community_proto::v1::webhook_event_service_client::WebhookEventServiceClient;
use community_proto::v1::{IngestWebhookEventsRequest, WebhookEvent, WebhookFormat};
use integration_tests::Fake;
use serde_json::{Value, json};
use tonic::transport::Channel;

use super::Plan;
use super::client::{Reader, channel, request};
use super::stage::Stage;
use crate::affinity;
use crate::client::microseconds;
use crate::figures::{Latencies, number};
use crate::report::Report;

const MEMBERS: usize = 50;
const MOST_P99_MS: f64 = 20.0;
/// Reads of both replicas after both have shown the change.
const READS_AFTER: usize = 5;
/// A change that does not show for so long counts as one that never does.
const PATIENCE: Duration = Duration::from_secs(2);
/// After so many of those the measurement ends.
const MOST_UNSEEN: usize = 20;

/// What was found.
#[derive(Debug, Default)]
struct Found {
    /// Microseconds until both replicas showed the change.
    both: Vec<u32>,
    /// The same for each replica.
    each: [Vec<u32>; 2],
    changes: usize,
    /// Changes that one of them did not show.
    unseen: usize,
    /// Reads of an older name after both had shown the newer one.
    old: usize,
}

/// The two replicas and the one who changes members.
struct Ground {
    fake: Fake,
    ingest: WebhookEventServiceClient<Channel>,
    replicas: [Reader; 2],
}

pub(super) async fn measure(plan: Plan, report: &mut Report) {
    let stage = Stage::new(plan);
    let redis = stage.redis().await;
    let upstream = stage.upstream(MEMBERS, &[]).await;
    let settings = [("REDIS_URL", redis.url())];
    // The load, which never rests, has the other core.
    let one = stage.replica(&upstream, &settings).await;
    let two = stage.replica(&upstream, &settings).await;
    let ids = upstream.members(0, MEMBERS).await;
    let changes = plan.pick(1000, 20);
    let addresses = [one.address, two.address];
    let fake = upstream.address;
    let found = affinity::on_own_thread(plan.cores.others, move || async move {
        let mut ground = Ground::new(fake, addresses).await;
        ground.change_all(&ids, changes).await
    })
    .await;
    show(report, &found);
}

impl Ground {
    async fn new(fake: SocketAddr, [one, two]: [SocketAddr; 2]) -> Self {
        Self {
            fake: Fake::at(fake),
            ingest: WebhookEventServiceClient::new(channel(one).await),
            replicas: [Reader::connect(one).await, Reader::connect(two).await],
        }
    }

    async fn change_all(&mut self, ids: &[String], changes: usize) -> Found {
        for id in ids {
            for replica in &self.replicas {
                replica.read(id).await.expect("a member can be read");
            }
        }
        let mut found = Found::default();
        for (number, id) in ids.iter().cycle().take(changes).enumerate() {
            self.change(id, &format!("Changed {number}"), &mut found)
                .await;
            found.changes += 1;
            if found.unseen >= MOST_UNSEEN {
                break;
            }
        }
        found
    }

    async fn change(&mut self, id: &str, name: &str, found: &mut Found) {
        self.fake.delete("/_fake/deliveries").await;
        let path = format!("/_fake/members/{id}");
        self.fake.post(&path, &json!({ "name": name })).await;
        let deliveries = self.fake.get("/_fake/deliveries").await;
        let events = vec![event(&deliveries[0]["body"])];
        let call = request(IngestWebhookEventsRequest { events });
        let stored = self.ingest.ingest_webhook_events(call).await;
        stored.expect("the webhook is stored");
        let start = Instant::now();
        let [one, two] = &self.replicas;
        let (one, two) = tokio::join!(shown(one, id, name, start), shown(two, id, name, start));
        let (Some(one), Some(two)) = (one, two) else {
            found.unseen += 1;
            return;
        };
        found.both.push(microseconds(one.max(two)));
        found.each[0].push(microseconds(one));
        found.each[1].push(microseconds(two));
        for _ in 0..READS_AFTER {
            for replica in &self.replicas {
                let read = replica.read(id).await;
                let right = read.is_ok_and(|read| read.member.name == name);
                found.old += usize::from(!right);
            }
        }
    }
}

/// How long after `start` the replica answers with this name.
async fn shown(replica: &Reader, id: &str, name: &str, start: Instant) -> Option<Duration> {
    while start.elapsed() < PATIENCE {
        let read = replica.read(id).await;
        if read.is_ok_and(|read| read.member.name == name) {
            return Some(start.elapsed());
        }
    }
    None
}

/// The webhook as the edge hands it on.
fn event(body: &Value) -> WebhookEvent {
    let text = |pointer| {
        let text = body.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let time: Option<jiff::Timestamp> = text("/data/time").parse().ok();
    let time = time.map(|time| prost_types::Timestamp {
        seconds: time.as_second(),
        nanos: time.subsec_nanosecond(),
    });
    WebhookEvent {
        event_id: text("/data/id"),
        event_type: text("/data/name"),
        noun: text("/data/noun"),
        verb: text("/data/verb"),
        network_id: text("/networkId"),
        actor_member_id: text("/data/actor/id"),
        object_id: text("/data/object/id"),
        occur_time: time,
        receive_time: time,
        format: WebhookFormat::Bettermode.into(),
        path: "/webhooks/bettermode".to_owned(),
        payload: body.to_string().into(),
        platform: String::new(),
        trace_parent: String::new(),
    }
}

fn show(report: &mut Report, found: &Found) {
    report.paragraph(&format!(
        "{} changes of {MEMBERS} members that both of two services, which share one Redis, hold \
         in memory. The webhook is handed to the first; the clock starts when it is stored, and \
         both are asked without a pause until they answer with the new name. The services share \
         core 0, all else core 1.",
        found.changes
    ));
    let both = Latencies::new(found.both.clone());
    let row = |name: &str, latencies: &Latencies| {
        let figures = [0.5, 0.99, 1.0].map(|part| number(latencies.percentile(part), 2));
        let mut cells = vec![name.to_owned(), latencies.count().to_string()];
        cells.extend(figures);
        cells
    };
    let [one, two] = found.each.clone().map(Latencies::new);
    report.table(
        &[
            "After the ingest, until shown by",
            "changes",
            "p50 ms",
            "p99 ms",
            "most ms",
        ],
        &[
            row("the first, which took the webhook", &one),
            row("the second", &two),
            row("both", &both),
        ],
    );
    let p99 = both.percentile(0.99);
    report.bars(&[
        (
            "p99 until both show it at most 20 ms",
            format!("{} ms", number(p99, 2)),
            both.count() > 0 && p99 <= MOST_P99_MS,
        ),
        (
            "both show every change",
            format!("{} of {} not shown", found.unseen, found.changes),
            found.unseen == 0,
        ),
        (
            "no older name once both have shown the newer one",
            format!("{} reads", found.old),
            found.old == 0,
        ),
    ]);
}
