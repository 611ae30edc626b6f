//! Single events, dead letters, and running projections again.

use community_proto::v1::{
    DeadLetter, ErrorReason, GetWebhookEventRequest, ListDeadLettersRequest,
    ListDeadLettersResponse, ListWebhookEventsRequest, Projection, ReplayRange,
    ReplayWebhookEventsRequest, ReplayWebhookEventsResponse, StoredWebhookEvent, WebhookEvent,
    WebhookEventState,
};
use integration_tests::{Failure, Sandbox};
use prost_types::Timestamp;
use tonic::Code;

use crate::projections::projected;
use crate::stored_events::{event, ingest};

const ALL: [Projection; 3] = [
    Projection::Cache,
    Projection::Members,
    Projection::Activities,
];

#[tokio::test]
async fn an_event_is_got_by_its_id_with_its_payload() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        let sent = event(1, "event.got");
        ingest(&sandbox, [sent.clone(), event(2, "event.got")]).await;
        projected(&sandbox).await;
        let got = get(&sandbox, &sent.event_id).await;
        assert_eq!(got.state(), WebhookEventState::Done);
        assert!(got.projections.is_empty());
        assert!(got.store_time.is_some());
        let platform = "bettermode".to_owned();
        assert_eq!(got.event, Some(WebhookEvent { platform, ..sent }));
        let _checked = get_refused(&sandbox, "nobody")
            .await
            .is(Code::NotFound, ErrorReason::WebhookEventNotFound);
        get_refused(&sandbox, "")
            .await
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about("event_id");
    }
}

#[tokio::test]
async fn lists_are_filtered_and_their_tokens_belong_to_the_filters() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        let events = (0..20).map(|number| WebhookEvent {
            actor_member_id: ["ada", "bob"][number as usize % 2].to_owned(),
            ..event(number, "event.filtered")
        });
        ingest(&sandbox, events).await;
        projected(&sandbox).await;
        let received = |number| event(number, "").receive_time;
        let request = ListWebhookEventsRequest {
            page_size: 2,
            event_type: "event.filtered".to_owned(),
            member_id: "bob".to_owned(),
            receive_time_from: received(5),
            receive_time_until: received(15),
            state: WebhookEventState::Done.into(),
            ..ListWebhookEventsRequest::default()
        };
        let (mut page, mut seen, mut token) = (request.clone(), Vec::new(), String::new());
        loop {
            let mut client = sandbox.clients.webhook_events();
            let answer = client.list_webhook_events(page.clone()).await.unwrap();
            let answer = answer.into_inner();
            seen.extend(
                answer
                    .events
                    .into_iter()
                    .map(|one| one.event.unwrap().event_id),
            );
            if answer.next_page_token.is_empty() {
                break;
            }
            token.clone_from(&answer.next_page_token);
            page.page_token = answer.next_page_token;
        }
        let expected = [13, 11, 9, 7, 5].map(|number| event(number, "").event_id);
        assert_eq!(seen, expected);
        let with_token = ListWebhookEventsRequest {
            page_token: token,
            ..request
        };
        let changes: [fn(&mut ListWebhookEventsRequest); 5] = [
            |request| request.event_type.clear(),
            |request| request.member_id = "ada".to_owned(),
            |request| request.receive_time_from = None,
            |request| request.receive_time_until = None,
            |request| request.state = 0,
        ];
        for change in changes {
            let mut request = with_token.clone();
            change(&mut request);
            list_refused(&sandbox, request)
                .await
                .is(Code::InvalidArgument, ErrorReason::InvalidPageToken)
                .about("page_token");
        }
    }
}

#[tokio::test]
async fn a_filter_that_breaks_a_rule_is_refused_by_name() {
    let sandbox = Sandbox::start().await;
    let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
    let query = ListWebhookEventsRequest::default;
    for (field, request) in [
        (
            "member_id",
            ListWebhookEventsRequest {
                member_id: "a b".to_owned(),
                ..query()
            },
        ),
        (
            "state",
            ListWebhookEventsRequest {
                state: 9,
                ..query()
            },
        ),
        (
            "receive_time_from",
            ListWebhookEventsRequest {
                receive_time_from: at(i64::MAX),
                ..query()
            },
        ),
        (
            "receive_time_until",
            ListWebhookEventsRequest {
                receive_time_from: at(7),
                receive_time_until: at(7),
                ..query()
            },
        ),
    ] {
        list_refused(&sandbox, request)
            .await
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
}

#[tokio::test]
async fn a_replay_runs_what_was_asked_for_and_a_dry_run_nothing() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        ingest(&sandbox, (0..30).map(|number| event(number, "event.again"))).await;
        projected(&sandbox).await;
        let range = ReplayRange {
            receive_time_from: event(10, "").receive_time,
            receive_time_until: event(25, "").receive_time,
            event_type: "event.again".to_owned(),
            state: WebhookEventState::Done.into(),
        };
        let request = ReplayWebhookEventsRequest {
            range: Some(range),
            dry_run: true,
            ..ReplayWebhookEventsRequest::default()
        };
        for dry_run in [true, false] {
            let request = ReplayWebhookEventsRequest {
                dry_run,
                ..request.clone()
            };
            let answer = replay(&sandbox, request).await;
            assert_eq!(answer.event_count, 15);
            let ids: Vec<_> = answer.events.iter().map(|one| &one.event_id[..]).collect();
            let expected: Vec<_> = (10..25).rev().map(|n| event(n, "").event_id).collect();
            assert_eq!(ids, expected);
            for event in &answer.events {
                assert_eq!(event.state(), WebhookEventState::Done);
                assert_eq!(event.projections().collect::<Vec<_>>(), ALL);
            }
        }
        projected(&sandbox).await;
        let by_id = ReplayWebhookEventsRequest {
            event_ids: vec![event(3, "").event_id, "nobody".to_owned()],
            projections: vec![Projection::Members.into(), Projection::Cache.into()],
            ..ReplayWebhookEventsRequest::default()
        };
        let answer = replay(&sandbox, by_id).await;
        assert_eq!((answer.event_count, answer.events.len()), (1, 1));
        assert_eq!(answer.unknown_event_ids, ["nobody"]);
        let again: Vec<_> = answer.events[0].projections().collect();
        assert_eq!(again, [Projection::Cache, Projection::Members]);
        projected(&sandbox).await;
    }
}

#[tokio::test]
async fn a_replay_that_breaks_a_rule_is_refused_by_name() {
    let sandbox = Sandbox::start().await;
    let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
    let range = |from, until| ReplayRange {
        receive_time_from: from,
        receive_time_until: until,
        ..ReplayRange::default()
    };
    let of = |event_ids: &[&str], range| ReplayWebhookEventsRequest {
        event_ids: event_ids.iter().map(|&id| id.to_owned()).collect(),
        range,
        ..ReplayWebhookEventsRequest::default()
    };
    let mut unknown = of(&["x"], None);
    unknown.projections = vec![0];
    for (field, request) in [
        ("event_ids", of(&[], None)),
        ("event_ids", of(&["x"; 501], None)),
        ("event_ids", of(&["a b"], None)),
        ("range", of(&["x"], Some(range(at(1), at(2))))),
        ("range.receive_time_from", of(&[], Some(range(None, at(2))))),
        (
            "range.receive_time_until",
            of(&[], Some(range(at(1), None))),
        ),
        (
            "range.receive_time_until",
            of(&[], Some(range(at(2), at(2)))),
        ),
        ("projections", unknown),
    ] {
        let mut client = sandbox.clients.webhook_events();
        Failure::of(client.replay_webhook_events(request).await)
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
}

#[tokio::test]
async fn dead_letters_are_listed_until_a_replay_brings_them_to_life() {
    let mut sandbox = Sandbox::start().await;
    ingest(&sandbox, (0..5).map(|number| event(number, "event.dead"))).await;
    projected(&sandbox).await;
    sandbox.service.terminate().await;
    give_up_on_all(&sandbox);
    sandbox.service.restart().await;

    let dead = get(&sandbox, &event(3, "").event_id).await;
    assert_eq!(dead.state(), WebhookEventState::Dead);
    assert_eq!(dead.projections[0].state(), WebhookEventState::Dead);
    assert_eq!(dead.projections[0].attempts, 10);

    let request = ListDeadLettersRequest {
        page_size: 2,
        projection: Projection::Members.into(),
        ..ListDeadLettersRequest::default()
    };
    let seen = all_dead_letters(&sandbox, request.clone()).await;
    let ids: Vec<_> = seen.iter().map(|dead| &dead.event_id[..]).collect();
    let expected: Vec<_> = (0..5).rev().map(|n| event(n, "").event_id).collect();
    assert_eq!(ids, expected);
    assert_eq!(seen[0].reason, "the record would not take it");
    assert_eq!(
        (seen[0].attempts, seen[0].projection()),
        (10, Projection::Members)
    );
    assert_eq!(seen[0].event_type, "event.dead");
    assert_eq!(seen[0].receive_time, event(4, "").receive_time);

    bad_requests_for_dead_letters_are_refused(&sandbox, request).await;

    let again = ReplayWebhookEventsRequest {
        event_ids: expected,
        ..ReplayWebhookEventsRequest::default()
    };
    replay(&sandbox, again).await;
    projected(&sandbox).await;
    let left = dead_letters(&sandbox, ListDeadLettersRequest::default()).await;
    assert!(left.dead_letters.is_empty());
}

/// As a service leaves them behind whose record of members refuses them ten times.
pub(crate) fn give_up_on_all(sandbox: &Sandbox) {
    let file = sandbox.folder().join("community-svc/community.sqlite");
    rusqlite::Connection::open(file)
        .unwrap()
        .execute_batch(
            "INSERT INTO bettermode_webhook_projections
                 (event_id, projection, seq, attempts, reason, failed_at)
             SELECT event_id, 'members', seq, 10, 'the record would not take it', received_at
             FROM bettermode_webhook_events;
             UPDATE bettermode_webhook_events SET state = 'dead';",
        )
        .unwrap();
}

async fn get(sandbox: &Sandbox, event_id: &str) -> StoredWebhookEvent {
    let request = GetWebhookEventRequest {
        event_id: event_id.to_owned(),
    };
    let mut client = sandbox.clients.webhook_events();
    let answer = client.get_webhook_event(request).await.unwrap();
    answer.into_inner().event.unwrap()
}

async fn get_refused(sandbox: &Sandbox, event_id: &str) -> Failure {
    let request = GetWebhookEventRequest {
        event_id: event_id.to_owned(),
    };
    let mut client = sandbox.clients.webhook_events();
    Failure::of(client.get_webhook_event(request).await)
}

async fn list_refused(sandbox: &Sandbox, request: ListWebhookEventsRequest) -> Failure {
    let mut client = sandbox.clients.webhook_events();
    Failure::of(client.list_webhook_events(request).await)
}

async fn replay(
    sandbox: &Sandbox,
    request: ReplayWebhookEventsRequest,
) -> ReplayWebhookEventsResponse {
    let mut client = sandbox.clients.webhook_events();
    let answer = client.replay_webhook_events(request).await;
    answer.unwrap().into_inner()
}

async fn dead_letters(
    sandbox: &Sandbox,
    request: ListDeadLettersRequest,
) -> ListDeadLettersResponse {
    let mut client = sandbox.clients.webhook_events();
    client
        .list_dead_letters(request)
        .await
        .unwrap()
        .into_inner()
}

async fn dead_letters_refused(sandbox: &Sandbox, request: ListDeadLettersRequest) -> Failure {
    let mut client = sandbox.clients.webhook_events();
    Failure::of(client.list_dead_letters(request).await)
}

async fn all_dead_letters(
    sandbox: &Sandbox,
    mut request: ListDeadLettersRequest,
) -> Vec<DeadLetter> {
    let mut seen = Vec::new();
    loop {
        let page = dead_letters(sandbox, request.clone()).await;
        seen.extend(page.dead_letters);
        if page.next_page_token.is_empty() {
            return seen;
        }
        request.page_token = page.next_page_token;
    }
}

async fn bad_requests_for_dead_letters_are_refused(
    sandbox: &Sandbox,
    first: ListDeadLettersRequest,
) {
    // A token belongs to its filter.
    let page_token = dead_letters(sandbox, first.clone()).await.next_page_token;
    let of_all = ListDeadLettersRequest {
        page_token,
        projection: 0,
        ..first
    };
    let _checked = dead_letters_refused(sandbox, of_all)
        .await
        .is(Code::InvalidArgument, ErrorReason::InvalidPageToken);
    for (field, page_size, projection) in [("page_size", -1, 0), ("projection", 0, 9)] {
        let request = ListDeadLettersRequest {
            page_size,
            projection,
            ..ListDeadLettersRequest::default()
        };
        dead_letters_refused(sandbox, request)
            .await
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
}
