//! Watchers: every event once, in the order in which they were stored, whatever
//! happens to the watcher, the service or the store.

use community_proto::v1::{
    ErrorReason, WatchWebhookEventsRequest, WatchWebhookEventsResponse, WebhookEvent,
};
use integration_tests::{Failure, Program, Sandbox, eventually, ports, tools};
use tokio::sync::watch;
use tonic::{Code, Status, Streaming};

use crate::stored_events::{event, ingest};

/// How far the load runs ahead of the watcher: it lasts until the watcher is done.
const AHEAD: usize = 200;

#[tokio::test]
async fn a_watcher_that_is_killed_and_resumed_50_times_during_load_sees_every_event_once_in_order()
{
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        let ids: Vec<_> = (0..2_500)
            .map(|number| event(number, "").event_id)
            .collect();
        let (seen_so_far, mut progress) = watch::channel(0);
        let first = Watcher::open(&sandbox, watch_all("")).await;
        let load = async {
            let mut number = 0;
            // Batches of every size, so that kills meet their middle.
            for size in (1..=20).cycle() {
                let until = ids.len().min(number + size);
                // Received in another order than stored, which must not matter.
                let batch = (number..until).map(|number| WebhookEvent {
                    event_id: ids[number].clone(),
                    ..event(u32::try_from(number * 7_919 % 10_007).unwrap(), "load")
                });
                ingest(&sandbox, batch).await;
                number = until;
                if number == ids.len() {
                    return;
                }
                let caught_up = |seen: &usize| number < *seen + AHEAD;
                progress.wait_for(caught_up).await.unwrap();
            }
        };
        let watching = async {
            let (mut seen, mut watcher) = (Vec::new(), first);
            for kill in 1..=50 {
                while seen.len() < kill * 45 {
                    seen.extend(watcher.next().await.unwrap());
                    seen_so_far.send_replace(seen.len());
                }
                let token = watcher.token.clone();
                // With its connection, and whatever was under way on it.
                drop(watcher);
                watcher = Watcher::open(&sandbox, watch_all(&token)).await;
            }
            while seen.len() < ids.len() {
                seen.extend(watcher.next().await.unwrap());
                seen_so_far.send_replace(seen.len());
            }
            seen
        };
        let ((), seen) = tokio::join!(load, watching);
        assert_eq!(seen, ids);
    }
}

#[tokio::test]
async fn a_watcher_sees_what_fits_its_filter_from_its_first_message_on() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        ingest(&sandbox, [event(1, "before")]).await;
        let of = |number, event_type, member: &str| WebhookEvent {
            actor_member_id: member.to_owned(),
            ..event(number, event_type)
        };
        let mut watchers = Vec::new();
        for (event_type, member_id, expected) in [
            ("", "", &[2, 3, 4][..]),
            ("kept", "", &[2, 4]),
            ("", "ada", &[2, 3]),
            ("kept", "ada", &[2]),
        ] {
            let request = WatchWebhookEventsRequest {
                event_type: event_type.to_owned(),
                member_id: member_id.to_owned(),
                ..watch_all("")
            };
            watchers.push((Watcher::open(&sandbox, request).await, expected));
        }
        let batch = [
            of(2, "kept", "ada"),
            of(3, "other", "ada"),
            of(4, "kept", "bob"),
        ];
        ingest(&sandbox, batch).await;
        ingest(&sandbox, [of(5, "kept", "ada")]).await;
        for (mut watcher, expected) in watchers {
            for number in expected.iter().chain(&[5]) {
                let seen = watcher.event().await;
                assert_eq!(seen, event(*number, "").event_id);
            }
        }
    }
}

#[tokio::test]
async fn a_watch_that_cannot_be_is_refused_by_its_reason() {
    let sandbox = Sandbox::start().await;
    let mut elsewhere = Sandbox::start().await;
    let good = Watcher::open(&sandbox, watch_all("")).await.token;
    let foreign = Watcher::open(&elsewhere, watch_all("")).await.token;
    elsewhere.service.kill();
    let damaged = good.replacen(&good[..1], if good.starts_with('A') { "B" } else { "A" }, 1);
    for token in ["nonsense", "%", &damaged, &good[1..], &foreign] {
        refused(&sandbox, watch_all(token))
            .await
            .is(Code::InvalidArgument, ErrorReason::InvalidResumeToken)
            .about("resume_token");
    }
    let long = WatchWebhookEventsRequest {
        event_type: "x".repeat(129),
        ..watch_all("")
    };
    let spaced = WatchWebhookEventsRequest {
        member_id: "a b".to_owned(),
        ..watch_all("")
    };
    for (request, field) in [(long, "event_type"), (spaced, "member_id")] {
        refused(&sandbox, request)
            .await
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
}

#[tokio::test]
async fn a_token_whose_next_events_were_deleted_for_their_age_has_expired() {
    let mut sandbox = Sandbox::start().await;
    let token = Watcher::open(&sandbox, watch_all("")).await.token;
    // Received years ago.
    ingest(&sandbox, [event(1, "event.aged")]).await;
    crate::projections::projected(&sandbox).await;
    sandbox
        .service
        .set("COMMUNITY_SVC_EVENT_RETENTION_DAYS", "8");
    sandbox.service.terminate().await;
    sandbox.service.restart().await;
    eventually("the token has expired", async || {
        let mut client = sandbox.clients.webhook_events();
        match client.watch_webhook_events(watch_all(&token)).await {
            Ok(_) => Err("it still works"),
            Err(status) => Ok(status),
        }
    })
    .await;
    refused(&sandbox, watch_all(&token))
        .await
        .is(Code::OutOfRange, ErrorReason::ResumeTokenExpired)
        .about("resume_token");
}

#[tokio::test]
async fn a_mongodb_that_is_no_replica_set_cannot_be_followed() {
    let folder = tempfile::tempdir().unwrap();
    let address = ports::free();
    let mut mongod = Program::new(
        "mongod",
        &tools::tool("TEST_MONGOD"),
        folder.path(),
        &[address],
    );
    for argument in ["--bind_ip", "127.0.0.1", "--nounixsocket", "--port"] {
        mongod = mongod.arg(argument);
    }
    mongod = mongod
        .arg(address.port().to_string())
        .arg("--dbpath")
        .arg(folder.path().display().to_string());
    mongod.start().await;
    let sandbox = Sandbox::builder()
        .service_setting("MONGODB_URI", &format!("mongodb://{address}/"))
        .start()
        .await;
    let _checked = refused(&sandbox, watch_all(""))
        .await
        .is(Code::FailedPrecondition, ErrorReason::WatchUnavailable);
    // All else works.
    ingest(&sandbox, [event(1, "event.alone")]).await;
}

#[tokio::test]
async fn a_service_that_stops_sends_its_watchers_elsewhere() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let mut sandbox = builder.start().await;
        let mut watcher = Watcher::open(&sandbox, watch_all("")).await;
        ingest(&sandbox, [event(1, "event.first")]).await;
        watcher.event().await;
        sandbox.service.ask_to_end();
        let end = loop {
            if let Err(status) = watcher.next().await {
                break status;
            }
        };
        let _checked =
            Failure::read(&end).is(Code::Unavailable, ErrorReason::EventStoreUnavailable);
        assert!(sandbox.service.wait().await.success());
        sandbox.service.restart().await;
        ingest(&sandbox, [event(2, "event.second")]).await;
        let mut again = Watcher::open(&sandbox, watch_all(&watcher.token)).await;
        assert_eq!(again.event().await, event(2, "").event_id);
    }
}

#[tokio::test]
async fn a_watcher_goes_on_after_mongodb_was_killed() {
    let mut sandbox = Sandbox::builder().with_own_mongodb().start().await;
    let mut watcher = Watcher::open(&sandbox, watch_all("")).await;
    ingest(&sandbox, [event(1, "event.first")]).await;
    watcher.event().await;
    let mongodb = sandbox.mongodb.as_mut().unwrap();
    mongodb.program.kill();
    mongodb.restart().await;
    eventually("events are stored again", async || {
        let request = community_proto::v1::IngestWebhookEventsRequest {
            events: vec![event(2, "event.second")],
        };
        let mut client = sandbox.clients.webhook_events();
        client.ingest_webhook_events(request).await
    })
    .await;
    // The stream lived on, or ended with an error that says to come again.
    let seen = loop {
        match watcher.next().await {
            Ok(Some(id)) => break id,
            Ok(None) => {}
            Err(status) => {
                let _checked = Failure::read(&status)
                    .is(Code::Unavailable, ErrorReason::EventStoreUnavailable);
                let token = watcher.token.clone();
                watcher = Watcher::open(&sandbox, watch_all(&token)).await;
            }
        }
    };
    assert_eq!(seen, event(2, "").event_id);
}

#[tokio::test]
async fn there_are_256_places_for_watchers_and_no_call_waits_for_one() {
    let sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_MAX_CONCURRENT_CALLS", "16")
        .start()
        .await;
    let mut clients = [(); 2].map(|()| sandbox.clients.webhook_events());
    let mut held = Vec::new();
    for number in 0..256 {
        let opened = clients[number % 2].watch_webhook_events(watch_all(""));
        held.push(opened.await.unwrap().into_inner());
    }
    let _checked = refused(&sandbox, watch_all(""))
        .await
        .is(Code::ResourceExhausted, ErrorReason::Overloaded);
    // None of them is read, and the service goes on.
    for number in 0..50 {
        ingest(&sandbox, [event(number, "event.unread")]).await;
    }
    held.truncate(255);
    eventually("a place is free again", async || {
        let mut client = sandbox.clients.webhook_events();
        client.watch_webhook_events(watch_all("")).await
    })
    .await;
}

fn watch_all(token: &str) -> WatchWebhookEventsRequest {
    WatchWebhookEventsRequest {
        resume_token: token.to_owned(),
        ..WatchWebhookEventsRequest::default()
    }
}

async fn refused(sandbox: &Sandbox, request: WatchWebhookEventsRequest) -> Failure {
    let mut client = sandbox.clients.webhook_events();
    Failure::of(client.watch_webhook_events(request).await)
}

/// A watcher on a connection of its own.
struct Watcher {
    stream: Streaming<WatchWebhookEventsResponse>,
    token: String,
}

impl Watcher {
    /// Open once the first message is there, which has no event.
    async fn open(sandbox: &Sandbox, request: WatchWebhookEventsRequest) -> Self {
        let mut client = sandbox.clients.webhook_events();
        let stream = client.watch_webhook_events(request).await.unwrap();
        let mut watcher = Self {
            stream: stream.into_inner(),
            token: String::new(),
        };
        assert_eq!(watcher.next().await.unwrap(), None);
        watcher
    }

    /// The id of the next message's event, if it has one.
    async fn next(&mut self) -> Result<Option<String>, Status> {
        let message = self.stream.message().await?;
        let message = message.expect("a watch ends with an error only");
        assert!(!message.resume_token.is_empty());
        self.token = message.resume_token;
        Ok(message
            .event
            .map(|stored| stored.event.expect("it has its event").event_id))
    }

    async fn event(&mut self) -> String {
        loop {
            if let Some(id) = self.next().await.unwrap() {
                return id;
            }
        }
    }
}
