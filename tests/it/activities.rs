//! Webhooks become activities that can be listed, counted and erased.

use community_proto::v1::activity_service_client::ActivityServiceClient;
use community_proto::v1::{
    Activity, EraseMemberDataRequest, ErrorReason, GetActivitySummaryRequest,
    GetActivitySummaryResponse, GetWebhookEventRequest, ListMemberActivitiesRequest,
    ListMemberActivitiesResponse,
};
use integration_tests::sandbox::NETWORK_ID;
use integration_tests::{Failure, Sandbox};
use prost_types::Timestamp;
use serde_json::{Value, json};
use tonic::Code;
use tonic::transport::Channel;

use crate::projections::projected;

/// 2026-01-02T03:04:05Z
const THEN: i64 = 1_767_323_045;

pub(crate) fn activities(sandbox: &Sandbox) -> ActivityServiceClient<Channel> {
    ActivityServiceClient::new(sandbox.clients.channel())
}

/// A SUBSCRIPTION of this member, `minute` minutes after 03:00.
pub(crate) fn webhook(id: &str, name: &str, member: &str, minute: u32, object: &Value) -> String {
    json!({
        "networkId": NETWORK_ID, "context": "NETWORK", "entityId": NETWORK_ID,
        "currentSettings": [], "type": "SUBSCRIPTION",
        "data": {
            "id": id, "name": name,
            "noun": name.split('.').next().unwrap_or_default().to_uppercase(),
            "time": format!("2026-01-02T03:{minute:02}:05.000Z"),
            "actor": { "id": member, "roleType": "member", "sessionInfo": [null] },
            "object": object,
            "target": { "networkId": NETWORK_ID, "spaceId": "SPACE00000001" },
        },
    })
    .to_string()
}

async fn send(sandbox: &Sandbox, body: String) {
    assert_eq!(sandbox.clients.send_webhook(body).await.status(), 200);
}

/// A member joins, posts, replies and reacts; another one posts.
async fn some_life(sandbox: &Sandbox) {
    let post = |id: &str, by: &str| {
        json!({
            "id": id, "createdById": by, "spaceId": "SPACE00000001",
            "url": format!("https://community.example.com/post/{id}"),
        })
    };
    let mut reply = post("POST00000003", "ada");
    reply["repliedToId"] = "POST00000001".into();
    for (id, name, member, minute, object) in [
        (
            "01",
            "member.verified",
            "ada",
            1,
            json!({ "id": "ada", "name": "Ada" }),
        ),
        ("02", "post.created", "ada", 2, post("POST00000001", "ada")),
        (
            "03",
            "post.published",
            "ada",
            2,
            post("POST00000001", "ada"),
        ),
        ("04", "post.published", "bo", 3, post("POST00000002", "bo")),
        ("05", "post.published", "ada", 4, reply),
        (
            "06",
            "reaction.added",
            "ada",
            5,
            json!({ "id": "REACTION001", "postId": "POST00000002" }),
        ),
    ] {
        send(
            sandbox,
            webhook(&id.repeat(16), name, member, minute, &object),
        )
        .await;
    }
    projected(sandbox).await;
}

async fn list(
    sandbox: &Sandbox,
    request: ListMemberActivitiesRequest,
) -> ListMemberActivitiesResponse {
    let answer = activities(sandbox).list_member_activities(request).await;
    answer.unwrap().into_inner()
}

async fn summary(sandbox: &Sandbox, member: &str, period: &str) -> GetActivitySummaryResponse {
    let request = GetActivitySummaryRequest {
        member_id: member.to_owned(),
        period: period.to_owned(),
        most_active_count: 0,
    };
    let answer = activities(sandbox).get_activity_summary(request).await;
    answer.unwrap().into_inner()
}

fn kinds(found: &[Activity]) -> Vec<&str> {
    found.iter().map(|one| &one.kind[..]).collect()
}

#[tokio::test]
async fn what_members_do_is_listed_the_latest_first() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        some_life(&sandbox).await;
        let of_ada = ListMemberActivitiesRequest {
            member_id: "ada".to_owned(),
            ..Default::default()
        };
        let found = list(&sandbox, of_ada.clone()).await.activities;
        let expected = [
            "reaction.added",
            "reply.created",
            "post.created",
            "member.joined",
        ];
        assert_eq!(kinds(&found), expected);
        let reply = &found[1];
        let subject = reply.subject.as_ref().unwrap();
        assert_eq!(
            (
                &subject.post_id[..],
                &subject.parent_post_id[..],
                &subject.space_id[..]
            ),
            ("POST00000003", "POST00000001", "SPACE00000001")
        );
        assert_eq!(
            (&reply.activity_type[..], &reply.platform[..]),
            ("comment", "bettermode")
        );
        assert_eq!(
            (&reply.network_id[..], &reply.actor_member_id[..]),
            (NETWORK_ID, "ada")
        );
        assert_eq!(reply.url, "https://community.example.com/post/POST00000003");
        assert_eq!(reply.occur_time.unwrap().seconds, THEN);
        assert!(reply.receive_time.unwrap().seconds > THEN);

        let posts = ListMemberActivitiesRequest {
            kind: "post.created".to_owned(),
            ..Default::default()
        };
        assert_eq!(list(&sandbox, posts).await.activities.len(), 2);
        let in_minute_three = ListMemberActivitiesRequest {
            occur_time_from: Some(at(THEN - 60)),
            occur_time_until: Some(at(THEN)),
            ..Default::default()
        };
        let found = list(&sandbox, in_minute_three).await.activities;
        assert_eq!(
            (kinds(&found), &found[0].member_id[..]),
            (vec!["post.created"], "bo")
        );
        pages_follow_each_other(&sandbox, of_ada, &expected).await;
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

async fn pages_follow_each_other(
    sandbox: &Sandbox,
    mut request: ListMemberActivitiesRequest,
    expected: &[&str],
) {
    request.page_size = 3;
    let first = list(sandbox, request.clone()).await;
    assert_eq!(kinds(&first.activities), expected[..3]);
    request.page_token = first.next_page_token;
    let second = list(sandbox, request.clone()).await;
    assert_eq!(kinds(&second.activities), expected[3..]);
    assert_eq!(second.next_page_token, "");
    // A token belongs to its filters.
    "post.created".clone_into(&mut request.kind);
    let refused = activities(sandbox).list_member_activities(request).await;
    Failure::of(refused)
        .is(Code::InvalidArgument, ErrorReason::InvalidPageToken)
        .about("page_token");
}

#[tokio::test]
async fn the_store_counts_by_kind_by_time_and_by_member() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        some_life(&sandbox).await;
        for period in ["", "2026", "2026-01", "2026-01-02"] {
            let counted = summary(&sandbox, "", period).await;
            assert_eq!(counted.total_count, 5, "{period}");
            assert_eq!(counted.counts_by_kind[0].kind, "post.created");
            assert_eq!(counted.counts_by_kind[0].count, 2);
            let active: Vec<_> = counted
                .most_active_members
                .iter()
                .map(|one| (&one.member_id[..], one.count))
                .collect();
            assert_eq!(active, [("ada", 4), ("bo", 1)], "{period}");
            let parts: Vec<_> = counted
                .counts_by_time
                .iter()
                .map(|part| part.count)
                .collect();
            assert_eq!(parts, [5], "{period}");
            assert_eq!(counted.last_active_time, Some(at(THEN + 60)), "{period}");
        }
        let hour = summary(&sandbox, "ada", "2026-01-02")
            .await
            .counts_by_time
            .remove(0);
        assert_eq!((hour.start_time, hour.count), (Some(at(THEN - 245)), 4));
        assert_eq!(
            summary(&sandbox, "", "2025").await,
            GetActivitySummaryResponse::default()
        );
    }
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_by_its_name() {
    let sandbox = Sandbox::start().await;
    for period in ["2026-13", "2026-1", "yesterday"] {
        let request = GetActivitySummaryRequest {
            period: period.to_owned(),
            ..Default::default()
        };
        let refused = activities(&sandbox).get_activity_summary(request).await;
        Failure::of(refused)
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about("period");
    }
    let request = ListMemberActivitiesRequest {
        page_size: -1,
        ..Default::default()
    };
    let refused = activities(&sandbox).list_member_activities(request).await;
    Failure::of(refused)
        .is(Code::InvalidArgument, ErrorReason::InvalidField)
        .about("page_size");
    let nobody = EraseMemberDataRequest::default();
    let refused = activities(&sandbox).erase_member_data(nobody).await;
    Failure::of(refused)
        .is(Code::InvalidArgument, ErrorReason::InvalidField)
        .about("member_id");
}

#[tokio::test]
async fn an_erased_member_is_gone_and_the_same_webhook_brings_nothing_back() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        some_life(&sandbox).await;
        let request = EraseMemberDataRequest {
            member_id: "ada".to_owned(),
        };
        let erased = activities(&sandbox)
            .erase_member_data(request.clone())
            .await;
        let erased = erased.unwrap().into_inner();
        assert_eq!(
            (
                erased.event_count,
                erased.activity_count,
                erased.member_record
            ),
            (5, 4, true)
        );
        let again = activities(&sandbox).erase_member_data(request).await;
        let again = again.unwrap().into_inner();
        assert_eq!(
            (again.event_count, again.activity_count, again.member_record),
            (0, 0, false)
        );

        let object = json!({ "id": "ada", "name": "Ada" });
        send(
            &sandbox,
            webhook(&"01".repeat(16), "member.verified", "ada", 1, &object),
        )
        .await;
        projected(&sandbox).await;
        let left = list(&sandbox, ListMemberActivitiesRequest::default())
            .await
            .activities;
        assert_eq!(left.len(), 1);
        assert!(!format!("{left:?}").contains("\"ada\""), "{left:?}");
        assert_eq!(summary(&sandbox, "ada", "").await.total_count, 0);
        assert_eq!(summary(&sandbox, "", "").await.total_count, 5);
        let request = GetWebhookEventRequest {
            event_id: "01".repeat(16),
        };
        let event = sandbox
            .clients
            .webhook_events()
            .get_webhook_event(request)
            .await;
        let event = event.unwrap().into_inner().event.unwrap();
        assert!(event.erase_time.is_some());
        assert!(event.event.unwrap().payload.is_empty());
    }
}
