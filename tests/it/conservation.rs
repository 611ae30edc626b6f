//! Nothing acknowledged is lost, nothing takes effect twice: many copies at once, a
//! disk that is full, a service that is away.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use community_proto::v1::{
    GetActivitySummaryRequest, ListMemberActivitiesRequest, ListWebhookEventsRequest,
    StoredWebhookEvent, WatchWebhookEventsRequest,
};
use integration_tests::sandbox::{NETWORK_ID, WEBHOOK_SECRET};
use integration_tests::{Program, Sandbox, SandboxBuilder, eventually, ports};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::activities::activities;
use crate::projections::projected;
use crate::raw_http;

const COPIES: usize = 100;
const CONNECTIONS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_copies_at_once_through_two_edges_have_one_effect_on_mongodb() {
    many_copies_have_one_effect(Sandbox::builder().with_redis().with_mongodb()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_true_on_sqlite() {
    many_copies_have_one_effect(Sandbox::builder()).await;
}

async fn many_copies_have_one_effect(builder: SandboxBuilder) {
    let sandbox = builder.start().await;
    let other = another_edge(&sandbox).await;
    let edges = [sandbox.clients.edge_address(), other.address];
    let body = about_post(&"7e".repeat(16), "post0001", 1);
    let copies = raw_http::signed(WEBHOOK_SECRET, &body, "")
        .replace("connection: close\r\n", "")
        .repeat(COPIES / CONNECTIONS);
    let start = Arc::new(Barrier::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    for number in 0..CONNECTIONS {
        let (copies, start) = (copies.clone(), Arc::clone(&start));
        let edge = edges[number % edges.len()];
        connections.spawn(async move {
            let mut stream = TcpStream::connect(edge).await.unwrap();
            start.wait().await;
            stream.write_all(copies.as_bytes()).await.unwrap();
            answers(&mut stream, COPIES / CONNECTIONS).await
        });
    }
    let statuses = connections.join_all().await.concat();
    assert_eq!(statuses, ["200"; COPIES]);

    // The other edge has forwarded its copy too, before effects are counted.
    other.is_empty(&sandbox).await;
    projected(&sandbox).await;
    assert_eq!(stored(&sandbox).await.len(), 1);
    let mut client = activities(&sandbox);
    let request = ListMemberActivitiesRequest::default();
    let found = client.list_member_activities(request).await.unwrap();
    assert_eq!(found.into_inner().activities.len(), 1);
    let request = GetActivitySummaryRequest::default();
    let summary = client.get_activity_summary(request).await.unwrap();
    assert_eq!(summary.into_inner().total_count, 1);
}

#[tokio::test]
async fn a_full_disk_is_503_and_never_200_until_the_edge_is_restarted_with_space() {
    let mut sandbox = Sandbox::start().await;
    let address = sandbox.clients.edge_address();
    sandbox.edge.kill();
    sandbox.edge = sandbox
        .edge
        .another(&[address])
        .ignoring_the_file_size_signal();
    sandbox.edge.start().await;
    let id = |number: u8| format!("{number:02x}").repeat(16);
    let before = about_post(&id(1), "post0001", 1);
    assert_eq!(sandbox.clients.send_webhook(before).await.status(), 200);

    sandbox.edge.limit_files(Some(512));
    let refused: Vec<_> = (2..12)
        .map(|number| about_post(&id(number), "post0001", number.into()))
        .collect();
    for body in &refused {
        let answer = sandbox.clients.send_webhook(body.clone()).await;
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
    }
    // What a failed write has left on the disk is not known: only a new start reads it.
    sandbox.edge.limit_files(None);
    let answer = sandbox.clients.send_webhook(refused[0].clone()).await;
    assert_eq!(answer.status(), 503);

    sandbox.edge.restart().await;
    for body in &refused {
        sandbox.clients.send_webhook_until_taken(body).await;
    }
    sandbox.forwarded().await;
    let mut ids: Vec<_> = stored(&sandbox)
        .await
        .into_iter()
        .map(|stored| stored.event.unwrap().event_id)
        .collect();
    ids.sort();
    assert_eq!(ids, (1..12).map(id).collect::<Vec<_>>());
}

#[tokio::test]
async fn while_the_service_is_away_webhooks_are_taken_and_stored_later_in_order() {
    const POSTS: u32 = 10;
    const WEBHOOKS: u32 = 300;
    let mut sandbox = Sandbox::builder().with_mongodb().start().await;
    let token = resume_token(&sandbox).await;

    sandbox.service.kill();
    for number in 0..WEBHOOKS {
        let post = format!("post{:04}", number % POSTS);
        let body = about_post(&format!("{number:032x}"), &post, number);
        assert_eq!(sandbox.clients.send_webhook(body).await.status(), 200);
    }
    sandbox.service.start().await;
    sandbox.forwarded().await;

    let request = WatchWebhookEventsRequest {
        resume_token: token,
        ..Default::default()
    };
    let mut client = sandbox.clients.webhook_events();
    let mut stream = client
        .watch_webhook_events(request)
        .await
        .unwrap()
        .into_inner();
    let mut by_post: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..WEBHOOKS {
        let event = loop {
            let step = stream.message().await.unwrap().expect("more events");
            if let Some(stored) = step.event {
                break stored.event.unwrap();
            }
        };
        by_post
            .entry(event.object_id)
            .or_default()
            .push(event.event_id);
    }
    for (post, ids) in (0..POSTS).zip(by_post.values()) {
        let expected = (post..WEBHOOKS).step_by(10);
        let expected: Vec<_> = expected.map(|number| format!("{number:032x}")).collect();
        assert_eq!(*ids, expected, "post {post}");
    }
    assert_eq!(by_post.len(), usize::try_from(POSTS).unwrap());
}

/// A second edge before the same service, with a queue of its own.
struct AnotherEdge {
    address: SocketAddr,
    admin: SocketAddr,
    _program: Program,
}

async fn another_edge(sandbox: &Sandbox) -> AnotherEdge {
    let [address, admin] = std::array::from_fn(|_| ports::free());
    let mut program = sandbox.edge.another(&[address, admin]);
    let queue = sandbox.folder().join("another-edge");
    program.set_all(&[
        ("WEBHOOK_EDGE_LISTEN", &address.to_string()),
        ("WEBHOOK_EDGE_ADMIN_LISTEN", &admin.to_string()),
        ("WEBHOOK_EDGE_QUEUE_DIR", &queue.display().to_string()),
    ]);
    program.start().await;
    AnotherEdge {
        address,
        admin,
        _program: program,
    }
}

impl AnotherEdge {
    /// Waits until the service has all that it took.
    async fn is_empty(&self, sandbox: &Sandbox) {
        let url = format!("http://{}/metrics", self.admin);
        eventually("the other edge's queue is empty", async || {
            let answer = sandbox.clients.http().get(&url).send().await.unwrap();
            let text = answer.text().await.unwrap();
            if text.contains("webhook_edge_queue_depth 0.0\n") {
                Ok(())
            } else {
                Err(text)
            }
        })
        .await;
    }
}

/// The statuses of so many answers that come on one connection.
async fn answers(stream: &mut TcpStream, count: usize) -> Vec<String> {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    // An answer's body is the last that comes of it.
    while text.matches("SUCCEEDED").count() < count {
        let length = stream.read(&mut buffer).await.unwrap();
        assert_ne!(length, 0, "closed after {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    let statuses = text.split("HTTP/1.1 ").skip(1);
    statuses.map(|answer| answer[..3].to_owned()).collect()
}

/// A webhook about a post, which becomes one activity.
fn about_post(id: &str, post: &str, number: u32) -> String {
    json!({
        "networkId": NETWORK_ID, "context": "NETWORK", "type": "SUBSCRIPTION",
        "data": {
            "id": id, "name": "post.published", "noun": "POST", "verb": "PUBLISHED",
            "time": "2026-01-02T03:04:05.678Z", "shortDescription": number.to_string(),
            "actor": { "id": "member0001" },
            "object": { "id": post, "ownerId": "member0001" },
        },
    })
    .to_string()
}

async fn stored(sandbox: &Sandbox) -> Vec<StoredWebhookEvent> {
    let request = ListWebhookEventsRequest {
        page_size: 500,
        event_type: "post.published".to_owned(),
        ..Default::default()
    };
    let mut client = sandbox.clients.webhook_events();
    let answer = client.list_webhook_events(request).await.unwrap();
    answer.into_inner().events
}

/// Where a watcher would go on from now.
async fn resume_token(sandbox: &Sandbox) -> String {
    let mut client = sandbox.clients.webhook_events();
    let request = WatchWebhookEventsRequest::default();
    let stream = client.watch_webhook_events(request).await.unwrap();
    let first = stream.into_inner().message().await.unwrap();
    first.expect("a first message").resume_token
}
