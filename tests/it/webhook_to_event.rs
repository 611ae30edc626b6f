//! A change in the community becomes a signed webhook, and the webhook a stored event.

use std::time::Duration;

use community_proto::v1::get_member_request::Identifier;
use community_proto::v1::{
    GetMemberRequest, ListWebhookEventsRequest, Source, StoredWebhookEvent, WebhookFormat,
};
use integration_tests::sandbox::NETWORK_ID;
use integration_tests::{Sandbox, eventually, eventually_within, tools};
use serde_json::{Value, json};

use crate::grpcurl;
use crate::members::by_id;
use crate::posts::{create, post_in, space_for_posts};

/// What the README promises for an event's way through the whole system.
const A_SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_post_created_with_grpcurl_is_a_stored_event_within_a_second() {
    let sandbox = Sandbox::builder().with_redis().with_mongodb().start().await;
    a_post_becomes_an_event(&sandbox).await;
}

#[tokio::test]
async fn the_same_is_true_on_the_embedded_stores() {
    let sandbox = Sandbox::start().await;
    a_post_becomes_an_event(&sandbox).await;
}

async fn a_post_becomes_an_event(sandbox: &Sandbox) {
    let world = sandbox.fake.world().await;
    let space = space_for_posts(&world);
    let answer = grpcurl::call(
        sandbox,
        "community.v1.CommunityService/CreatePost",
        &json!({ "space_id": space, "title": "From a terminal", "text": "Hello" }),
    );
    let post_id = answer["post"]["id"].as_str().unwrap().to_owned();

    for event_type in ["post.published", "post.created"] {
        let request = json!({ "event_type": event_type });
        let event = eventually_within(A_SECOND, event_type, async || {
            let method = "community.v1.WebhookEventService/ListWebhookEvents";
            let answer = grpcurl::call(sandbox, method, &request);
            let events = answer["events"].as_array().cloned().unwrap_or_default();
            let of_the_post = |stored: &Value| stored["event"]["objectId"] == post_id.as_str();
            events
                .into_iter()
                .find(of_the_post)
                .ok_or(answer.to_string())
        })
        .await["event"]
            .clone();
        assert_eq!(event["noun"], "POST");
        assert_eq!(event["networkId"], NETWORK_ID);
        assert_eq!(event["path"], "/webhooks/bettermode");
        assert_eq!(event["format"], "WEBHOOK_FORMAT_BETTERMODE");
    }
}

#[tokio::test]
async fn the_stored_event_is_the_webhook_byte_for_byte() {
    let sandbox = Sandbox::start().await;
    // Odd spacing and order, escapes, a number that a float would change.
    let body = format!(
        "{{ \"type\":\"SUBSCRIPTION\" ,\n \"data\":{{\"name\":\"post.pinned\",\"id\":\"{}\",\
         \"big\":123456789012345678901234567890.10, \"u\":\"\\u00e9\"}},\"networkId\":\"{NETWORK_ID}\"}}",
        "ab".repeat(16)
    );
    let answer = sandbox.clients.send_webhook(body.clone()).await;
    assert_eq!(answer.status(), 200);
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(
        answer,
        json!({ "type": "SUBSCRIPTION", "status": "SUCCEEDED", "data": {} })
    );
    let stored = of_type(&sandbox, "post.pinned").await;
    assert_eq!(stored.len(), 1);
    let event = stored[0].event.as_ref().unwrap();
    assert_eq!(event.payload, body.as_bytes());
    assert_eq!(event.event_id, "ab".repeat(16));
    assert!(event.receive_time.is_some() && stored[0].store_time.is_some());
}

#[tokio::test]
async fn a_webhook_that_comes_twice_is_stored_once() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.logging_each_webhook().start().await;
        sandbox.fake.fault("webhook_duplicate", json!({})).await;
        let space = space_for_posts(&sandbox.fake.world().await);
        let post = create(&sandbox, post_in(&space)).await.unwrap();
        // The edge has answered the second delivery of both webhooks.
        eventually("both webhooks arrived twice", async || {
            let lines = sandbox.edge.lines();
            let count = |word: &str| lines.iter().filter(|line| line.contains(word)).count();
            let duplicates = count("\"outcome\":\"duplicate\"");
            if duplicates >= 2 {
                Ok(())
            } else {
                Err(format!("{duplicates} duplicates"))
            }
        })
        .await;
        for event_type in ["post.published", "post.created"] {
            let events = of_type(&sandbox, event_type).await;
            let of_the_post =
                |stored: &&StoredWebhookEvent| stored.event.as_ref().unwrap().object_id == post.id;
            assert_eq!(events.iter().filter(of_the_post).count(), 1, "{event_type}");
        }
    }
}

#[tokio::test]
async fn a_duplicate_by_event_id_keeps_the_first_copy() {
    let sandbox = Sandbox::start().await;
    for word in ["first", "second"] {
        let body = subscription("space.updated", &"cd".repeat(16), word);
        assert_eq!(sandbox.clients.send_webhook(body).await.status(), 200);
    }
    let stored = of_type(&sandbox, "space.updated").await;
    assert_eq!(stored.len(), 1);
    let payload = stored[0].event.as_ref().unwrap().payload.clone();
    assert!(String::from_utf8_lossy(&payload).contains("first"));
}

#[tokio::test]
async fn the_flat_envelope_of_the_former_integration_is_taken_on_every_path() {
    let sandbox = Sandbox::start().await;
    for (number, path) in [
        "/webhooks/bettermode",
        "/webhooks/bettermode/member",
        "/webhooks/bettermode/activity",
        "/webhooks/bettermode/event",
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({
            "event_type": "comment.created",
            "timestamp": "2026-02-03T04:05:06Z",
            "data": { "id": format!("thing{number}"), "member_id": "member0001" },
        });
        let request = sandbox
            .clients
            .signed_webhook(path, body.to_string().into_bytes());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let stored = of_type(&sandbox, "comment.created").await;
        assert_eq!(stored.len(), number + 1);
        let event = stored[0].event.as_ref().unwrap();
        assert_eq!(event.path, path);
        assert_eq!(event.format(), WebhookFormat::Flat);
        assert_eq!(event.object_id, format!("thing{number}"));
        assert_eq!(event.occur_time.unwrap().seconds, 1_770_091_506);
        assert!(event.event_id.starts_with("sha256:"), "{}", event.event_id);
    }
}

#[tokio::test]
async fn a_kind_that_nobody_has_heard_of_is_stored_as_it_came_and_counted() {
    let sandbox = Sandbox::start().await;
    let hologram = json!({
        "networkId": NETWORK_ID, "type": "SUBSCRIPTION",
        "data": {
            "id": "77".repeat(16), "name": "hologram.teleported",
            "noun": "HOLOGRAM", "verb": "TELEPORTED",
        },
    });
    let unknown_type = json!({ "networkId": NETWORK_ID, "type": "TELEGRAM", "data": {} });
    for body in [hologram, unknown_type] {
        let answer = sandbox.clients.send_webhook(body.to_string()).await;
        assert_eq!(answer.status(), 200);
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(answer["type"], body["type"]);
    }
    let stored = of_type(&sandbox, "hologram.teleported").await;
    let event = stored[0].event.as_ref().unwrap();
    assert_eq!(
        (event.noun.as_str(), event.verb.as_str()),
        ("HOLOGRAM", "TELEPORTED")
    );
    assert_eq!(of_type(&sandbox, "TELEGRAM").await.len(), 1);

    let metrics = sandbox
        .clients
        .http()
        .get(sandbox.edge_admin_url("/metrics"));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    let unknown = metrics
        .lines()
        .filter(|line| !line.starts_with('#') && line.contains("unknown"))
        .any(|line| line.ends_with(" 1"));
    assert!(unknown, "{metrics}");
}

#[tokio::test]
async fn a_name_at_the_edge_of_what_can_be_is_stored_too() {
    let sandbox = Sandbox::start().await;
    for name in [
        "x".repeat(129),
        "x".repeat(256),
        "\u{1F680} launched".to_owned(),
        " ".to_owned(),
    ] {
        let body = json!({ "type": "SUBSCRIPTION", "data": { "name": name, "noun": name } });
        let answer = sandbox.clients.send_webhook(body.to_string()).await;
        assert_eq!(answer.status(), 200, "{name:?}");
    }
    sandbox.forwarded().await;
    let all = ListWebhookEventsRequest::default();
    let mut events = sandbox.clients.webhook_events();
    let stored = events.list_webhook_events(all).await.unwrap().into_inner();
    assert_eq!(stored.events.len(), 4);
}

#[tokio::test]
async fn the_challenge_of_a_tried_address_is_given_back_and_nothing_is_stored() {
    let sandbox = Sandbox::start().await;
    let challenge = "0123456789abcdef0123456789abcdef01234567";
    let body = json!({
        "networkId": "AAAAbbbb01", "context": "NETWORK", "currentSettings": [],
        "type": "TEST", "data": { "challenge": challenge },
    });
    let answer = sandbox.clients.send_webhook(body.to_string()).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let expected = json!({ "challenge": challenge });
    assert_eq!(
        answer,
        json!({ "type": "TEST", "status": "SUCCEEDED", "data": expected })
    );
    assert!(of_type(&sandbox, "TEST").await.is_empty());
}

#[tokio::test]
async fn a_webhook_about_a_member_drops_the_cached_copy() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_redis()] {
        let sandbox = builder.start().await;
        let id = sandbox.fake.world().await.text("/members/0/id");
        let (before, _) = by_id(&sandbox.clients, &id).await;
        assert_ne!(
            by_id(&sandbox.clients, &id).await.1.source(),
            Source::Bettermode
        );

        let change = json!({ "name": "Somebody Else" });
        sandbox
            .fake
            .post(&format!("/_fake/members/{id}"), &change)
            .await;
        eventually("the new name is read", async || {
            let (member, _) = by_id(&sandbox.clients, &id).await;
            if member.name == "Somebody Else" {
                Ok(())
            } else {
                Err(member.name)
            }
        })
        .await;
        let (after, freshness) = by_id(&sandbox.clients, &id).await;
        assert_eq!(after.username, before.username);
        assert_ne!(
            freshness.source(),
            Source::Bettermode,
            "the new copy is kept"
        );
        assert!(!of_type(&sandbox, "member.updated").await.is_empty());
    }
}

#[tokio::test]
async fn webhooks_signed_by_another_implementation_are_taken() {
    // OpenSSL signs and curl sends, as an operator tries it.
    let sandbox = Sandbox::start().await;
    let url = sandbox.clients.edge_url("/webhooks/bettermode");
    let body = format!(
        r#"{{"networkId":"{NETWORK_ID}","type":"SUBSCRIPTION","data":{{"id":"{}","name":"tag.added"}}}}"#,
        "ef".repeat(16)
    );
    let script = r#"
        time=$(date +%s%3N)
        signature=$(printf '%s:%s' "$time" "$BODY" | "$OPENSSL" dgst -sha256 -hmac "$SECRET")
        exec "$CURL" -sS --fail-with-body "$URL" --data-binary "$BODY" \
          -H 'Content-Type: application/json' \
          -H "X-Tribe-Request-Timestamp: $time" -H "X-Tribe-Signature: ${signature##* }""#;
    let ran = tools::finish(
        std::process::Command::new("sh")
            .args(["-c", script])
            .env("OPENSSL", tools::tool("TEST_OPENSSL"))
            .env("CURL", tools::tool("TEST_CURL"))
            .env("SECRET", integration_tests::sandbox::WEBHOOK_SECRET)
            .env("BODY", body)
            .env("URL", url),
    );
    assert!(ran.succeeded, "{ran:?}");
    assert!(ran.stdout.contains("SUCCEEDED"), "{ran:?}");
    assert_eq!(of_type(&sandbox, "tag.added").await.len(), 1);
}

#[tokio::test]
async fn a_members_own_webhook_does_not_hide_a_member_who_is_gone() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.fake.world().await.text("/members/4/id");
    by_id(&sandbox.clients, &id).await;
    sandbox.fake.delete(&format!("/_fake/members/{id}")).await;
    eventually("the member is deleted or gone", async || {
        let request = GetMemberRequest {
            identifier: Some(Identifier::MemberId(id.clone())),
            read_options: None,
        };
        match sandbox.clients.community().get_member(request).await {
            Err(status) if status.code() == tonic::Code::NotFound => Ok(()),
            Ok(answer) => match answer.into_inner().member.unwrap().raw_status.as_str() {
                "DELETED" => Ok(()),
                status => Err(status.to_owned()),
            },
            Err(status) => Err(status.to_string()),
        }
    })
    .await;
}

/// The stored events of one type, latest first.
pub(crate) async fn of_type(sandbox: &Sandbox, event_type: &str) -> Vec<StoredWebhookEvent> {
    sandbox.forwarded().await;
    stored_of_type(sandbox, event_type).await
}

/// The same where the edge is not there to be waited for.
pub(crate) async fn stored_of_type(sandbox: &Sandbox, event_type: &str) -> Vec<StoredWebhookEvent> {
    let request = ListWebhookEventsRequest {
        event_type: event_type.to_owned(),
        page_size: 500,
        ..Default::default()
    };
    let mut events = sandbox.clients.webhook_events();
    let answer = events.list_webhook_events(request).await.unwrap();
    answer.into_inner().events
}

/// An event of this community as the vendor sends it, without the parts that vary.
pub(crate) fn subscription(name: &str, id: &str, word: &str) -> String {
    json!({
        "networkId": NETWORK_ID, "context": "NETWORK", "entityId": NETWORK_ID,
        "currentSettings": [], "type": "SUBSCRIPTION",
        "data": {
            "id": id, "name": name, "noun": "SPACE", "verb": "UPDATED",
            "time": "2026-01-02T03:04:05.678Z", "shortDescription": word,
            "object": { "id": "space0000001" },
        },
    })
    .to_string()
}
