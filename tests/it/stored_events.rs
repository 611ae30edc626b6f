//! The event store as its clients see it: what goes in, and pages that come out.

use std::collections::BTreeSet;

use community_proto::v1::{
    ErrorReason, IngestOutcome, IngestResult, IngestWebhookEventsRequest, ListWebhookEventsRequest,
    ListWebhookEventsResponse, WebhookEvent, WebhookFormat,
};
use integration_tests::{Failure, Sandbox};
use tonic::Code;

#[tokio::test]
async fn pages_hold_every_event_once_the_latest_first_while_new_ones_arrive() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        ingest(&sandbox, (0..25).map(|number| event(number, "page.turned"))).await;

        let mut seen = Vec::new();
        let mut token = String::new();
        for page in 0.. {
            let answer = list(&sandbox, 10, &token, "page.turned").await;
            seen.extend(
                answer
                    .events
                    .iter()
                    .map(|stored| stored.event.clone().unwrap().event_id),
            );
            // Later arrivals belong to a page before the first, so they change none.
            ingest(&sandbox, [event(100 + page, "page.turned")]).await;
            token = answer.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let expected: Vec<_> = (0..25)
            .rev()
            .map(|number| event(number, "").event_id)
            .collect();
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn a_page_holds_50_events_unless_asked_and_500_at_most() {
    let sandbox = Sandbox::start().await;
    ingest(
        &sandbox,
        (0..500).map(|number| event(number, "page.filled")),
    )
    .await;
    ingest(
        &sandbox,
        (500..510).map(|number| event(number, "page.filled")),
    )
    .await;
    for (asked, got) in [(0, 50), (1, 1), (500, 500), (i32::MAX, 500)] {
        let answer = list(&sandbox, asked, "", "page.filled").await;
        assert_eq!(answer.events.len(), got, "{asked}");
        assert!(!answer.next_page_token.is_empty());
    }
}

#[tokio::test]
async fn a_page_is_small_enough_for_a_client_with_default_limits() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        for number in 0..9 {
            let large = WebhookEvent {
                payload: vec![b' '; 1024 * 1024].into(),
                ..event(number, "page.heavy")
            };
            ingest(&sandbox, [large]).await;
        }
        let mut seen = Vec::new();
        let mut token = String::new();
        loop {
            let answer = list(&sandbox, 0, &token, "page.heavy").await;
            let count = answer.events.len();
            seen.extend(
                answer
                    .events
                    .into_iter()
                    .map(|stored| stored.event.unwrap().event_id),
            );
            let is_last = answer.next_page_token.is_empty();
            assert!(count > 0 || is_last, "every page brings one further");
            token = answer.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let expected: Vec<_> = (0..9)
            .rev()
            .map(|number| event(number, "").event_id)
            .collect();
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn a_damaged_or_foreign_page_token_is_refused() {
    let sandbox = Sandbox::start().await;
    ingest(&sandbox, (0..3).map(|number| event(number, "page.torn"))).await;
    let good = list(&sandbox, 1, "", "page.torn").await.next_page_token;
    let mut damaged = good.clone();
    let last = if damaged.pop() == Some('A') { 'B' } else { 'A' };
    damaged.push(last);
    for (token, event_type) in [
        ("nonsense", "page.torn"),
        ("%%%", "page.torn"),
        (&damaged, "page.torn"),
        (&good[..good.len() / 2], "page.torn"),
        // A token belongs to its filter.
        (&good, ""),
        (&good, "post.published"),
    ] {
        let failure = list_refused(&sandbox, 1, token, event_type).await;
        failure
            .is(Code::InvalidArgument, ErrorReason::InvalidPageToken)
            .about("page_token");
    }
    let next = list(&sandbox, 1, &good, "page.torn").await;
    assert_eq!(
        next.events[0].event.as_ref().unwrap().event_id,
        event(1, "").event_id
    );
}

#[tokio::test]
async fn a_query_that_breaks_a_rule_is_refused_by_name() {
    let sandbox = Sandbox::start().await;
    for (page_size, event_type, field) in [
        (-1, String::new(), "page_size"),
        (1, "x".repeat(129), "event_type"),
    ] {
        list_refused(&sandbox, page_size, "", &event_type)
            .await
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
}

#[tokio::test]
async fn an_event_of_a_batch_that_was_stored_before_comes_back_as_a_duplicate() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        let first = ingest(&sandbox, [event(1, "batch.sent")]).await;
        assert_eq!(first, [IngestOutcome::Stored]);
        // Again with others, and with itself twice.
        let again = [1, 2, 3, 2].map(|number| event(number, "batch.sent"));
        assert_eq!(
            ingest(&sandbox, again).await,
            [
                IngestOutcome::Duplicate,
                IngestOutcome::Stored,
                IngestOutcome::Stored,
                IngestOutcome::Duplicate,
            ]
        );
        let stored = list(&sandbox, 0, "", "batch.sent").await.events;
        assert_eq!(stored.len(), 3);
    }
}

#[tokio::test]
async fn a_batch_with_one_bad_event_stores_none_of_it() {
    let sandbox = Sandbox::start().await;
    let good = event(1, "batch.bad");
    for (field, bad) in [
        (
            "events.event_id",
            WebhookEvent {
                event_id: String::new(),
                ..good.clone()
            },
        ),
        (
            "events.event_id",
            WebhookEvent {
                event_id: "x".repeat(129),
                ..good.clone()
            },
        ),
        (
            "events.event_type",
            WebhookEvent {
                event_type: String::new(),
                ..good.clone()
            },
        ),
        (
            "events.format",
            WebhookEvent {
                format: 0,
                ..good.clone()
            },
        ),
        (
            "events.receive_time",
            WebhookEvent {
                receive_time: None,
                ..good.clone()
            },
        ),
        (
            "events.payload",
            WebhookEvent {
                payload: vec![b' '; 1024 * 1024 + 1].into(),
                ..good.clone()
            },
        ),
    ] {
        let events = vec![event(2, "batch.bad"), bad];
        ingest_refused(&sandbox, events).await.about(field);
    }
    ingest_refused(&sandbox, Vec::new()).await.about("events");
    let many = (0..501).map(|number| event(number, "batch.bad")).collect();
    ingest_refused(&sandbox, many).await.about("events");
    assert!(list(&sandbox, 0, "", "batch.bad").await.events.is_empty());
}

#[tokio::test]
async fn events_survive_the_end_of_the_service() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let mut sandbox = builder.start().await;
        ingest(&sandbox, (0..20).map(|number| event(number, "event.kept"))).await;
        sandbox.service.kill();
        sandbox.service.restart().await;
        let stored = list(&sandbox, 0, "", "event.kept").await.events;
        let ids: BTreeSet<_> = stored
            .into_iter()
            .map(|stored| stored.event.unwrap().event_id)
            .collect();
        assert_eq!(ids.len(), 20);
        let again = ingest(&sandbox, [event(7, "event.kept")]).await;
        assert_eq!(again, [IngestOutcome::Duplicate]);
    }
}

/// An event; a higher number was received later.
pub(crate) fn event(number: u32, event_type: &str) -> WebhookEvent {
    WebhookEvent {
        event_id: format!("event-{number:06}"),
        event_type: event_type.to_owned(),
        receive_time: Some(prost_types::Timestamp {
            seconds: 1_700_000_000 + i64::from(number),
            nanos: 0,
        }),
        format: WebhookFormat::Bettermode.into(),
        path: "/webhooks/bettermode".to_owned(),
        payload: b"{}".to_vec().into(),
        ..WebhookEvent::default()
    }
}

pub(crate) async fn ingest(
    sandbox: &Sandbox,
    events: impl IntoIterator<Item = WebhookEvent>,
) -> Vec<IngestOutcome> {
    let events: Vec<_> = events.into_iter().collect();
    let ids: Vec<_> = events.iter().map(|event| event.event_id.clone()).collect();
    let request = IngestWebhookEventsRequest { events };
    let mut client = sandbox.clients.webhook_events();
    let answer = client.ingest_webhook_events(request).await.unwrap();
    let results = answer.into_inner().results;
    let answered: Vec<_> = results
        .iter()
        .map(|result| result.event_id.clone())
        .collect();
    assert_eq!(answered, ids);
    results.iter().map(IngestResult::outcome).collect()
}

async fn ingest_refused(sandbox: &Sandbox, events: Vec<WebhookEvent>) -> Failure {
    let request = IngestWebhookEventsRequest { events };
    let mut client = sandbox.clients.webhook_events();
    Failure::of(client.ingest_webhook_events(request).await)
        .is(Code::InvalidArgument, ErrorReason::InvalidField)
}

async fn list(
    sandbox: &Sandbox,
    page_size: i32,
    page_token: &str,
    event_type: &str,
) -> ListWebhookEventsResponse {
    let request = query(page_size, page_token, event_type);
    let mut client = sandbox.clients.webhook_events();
    client
        .list_webhook_events(request)
        .await
        .unwrap()
        .into_inner()
}

async fn list_refused(
    sandbox: &Sandbox,
    page_size: i32,
    page_token: &str,
    event_type: &str,
) -> Failure {
    let request = query(page_size, page_token, event_type);
    Failure::of(
        sandbox
            .clients
            .webhook_events()
            .list_webhook_events(request)
            .await,
    )
}

fn query(page_size: i32, page_token: &str, event_type: &str) -> ListWebhookEventsRequest {
    ListWebhookEventsRequest {
        page_size,
        page_token: page_token.to_owned(),
        event_type: event_type.to_owned(),
        ..ListWebhookEventsRequest::default()
    }
}
