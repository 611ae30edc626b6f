//! Bodies are shaped as the vendor's examples are; of posts, replies and reactions
//! no complete example is published, so those hold the keys that official apps read.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn stored(event_type: &str, format: Format, payload: impl Into<Bytes>) -> NewEvent {
    NewEvent {
        event_id: "e1".to_owned(),
        event_type: event_type.to_owned(),
        noun: None,
        verb: None,
        network_id: Some("NETWORK001".to_owned()),
        actor_member_id: None,
        object_id: None,
        occurred_at: Some(time("2026-03-04T05:06:07.089123Z")),
        received_at: time("2026-03-04T05:06:08Z"),
        format,
        path: "/webhooks/bettermode".to_owned(),
        payload: payload.into(),
        trace_parent: None,
    }
}

/// A SUBSCRIPTION by the member ADMIN1.
fn event(name: &str, data: &Value, entities: &Value) -> NewEvent {
    let mut whole = json!({
        "id": "e1", "name": name,
        "actor": { "id": "ADMIN1", "roleType": "admin", "sessionInfo": [null] },
    });
    for (key, value) in data.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let body = json!({
        "networkId": "NETWORK001", "context": "NETWORK", "entityId": "NETWORK001",
        "currentSettings": [], "type": "SUBSCRIPTION", "data": whole, "entities": entities,
    });
    stored(name, Format::BetterMode, body.to_string())
}

fn flat(event_type: &str, data: &Value) -> NewEvent {
    let body =
        json!({ "event_type": event_type, "timestamp": "2026-03-04T05:06:07Z", "data": data });
    stored(event_type, Format::Flat, body.to_string())
}

/// `kind type member actor subject`, the subject as JSON.
fn told(event: &NewEvent) -> Vec<String> {
    let text = |id: &Option<MemberId>| id.as_ref().map_or("-".to_owned(), ToString::to_string);
    normalise(event)
        .into_iter()
        .map(|one| {
            let subject = serde_json::to_string(&one.subject).unwrap();
            let word = one.activity_type.name();
            let actor = text(&one.actor_id);
            format!("{} {word} {} {actor} {subject}", one.kind, one.member_id)
        })
        .collect()
}

#[test]
fn a_members_life_is_told_about_the_member_and_not_about_the_actor() {
    let data = json!({
        "object": { "id": "MEMBER2", "status": "UNVERIFIED", "password": null },
        "target": { "memberId": "MEMBER2" },
    });
    for (name, kind) in [
        ("member.created", "member.created"),
        ("member.verified", "member.joined"),
        ("member.updated", "member.updated"),
        ("member.deleted", "member.left"),
        ("member.suspended", "member.suspended"),
        ("member.unsuspended", "member.unsuspended"),
    ] {
        assert_eq!(
            told(&event(name, &data, &json!({}))),
            [format!(
                r#"{kind} member MEMBER2 ADMIN1 {{"member_id":"MEMBER2"}}"#
            )]
        );
    }
    let only_target = json!({ "target": { "memberId": "MEMBER2" } });
    assert_eq!(
        told(&event("member.deleted", &only_target, &json!({}))).len(),
        1
    );
}

#[test]
fn a_post_counts_when_it_is_published_and_belongs_to_its_author() {
    let data = json!({
        "object": { "id": "POST1", "spaceId": "SPACE1", "createdById": "AUTHOR1", "isReply": false, "repliedToId": null },
        "target": { "postId": "POST1", "spaceId": "SPACE1", "memberId": "AUTHOR1" },
    });
    let subject = r#"{"member_id":"AUTHOR1","post_id":"POST1","space_id":"SPACE1"}"#;
    let of = |name| {
        told(&event(
            name,
            &data,
            &json!({ "postType": { "slug": "discussion" } }),
        ))
    };
    assert_eq!(of("post.created"), [""; 0]);
    for (name, kind) in [
        ("post.published", "post.created"),
        ("post.updated", "post.updated"),
        ("post.deleted", "post.deleted"),
        ("post.hidden", "post.hidden"),
    ] {
        let expected = format!("{kind} post AUTHOR1 ADMIN1 {subject}");
        assert_eq!(of(name), [expected]);
    }
    let nobody_named = json!({ "object": { "id": "POST1" } });
    let told = told(&event("post.published", &nobody_named, &json!({})));
    assert_eq!(
        told,
        [r#"post.created post ADMIN1 ADMIN1 {"member_id":"ADMIN1","post_id":"POST1"}"#]
    );
}

#[test]
fn a_reply_is_known_by_any_of_three_signs() {
    let target = json!({ "postId": "ABOVE1", "replyId": "REPLY1" });
    for (object, entities) in [
        (json!({ "id": "REPLY1", "isReply": true }), json!({})),
        (
            json!({ "id": "REPLY1", "repliedToId": "ABOVE1" }),
            json!({}),
        ),
        (
            json!({ "id": "REPLY1" }),
            json!({ "postType": { "slug": "comment" } }),
        ),
        (
            json!({ "id": "REPLY1" }),
            json!({ "post": { "repliedToId": "ABOVE1" } }),
        ),
    ] {
        let data = json!({ "object": object, "target": target });
        for (name, kind) in [
            ("post.published", "reply.created"),
            ("post.updated", "reply.updated"),
            ("post.deleted", "reply.deleted"),
        ] {
            let expected = format!(
                r#"{kind} comment ADMIN1 ADMIN1 {{"member_id":"ADMIN1","post_id":"REPLY1","parent_post_id":"ABOVE1"}}"#
            );
            assert_eq!(told(&event(name, &data, &entities)), [expected]);
        }
        assert_eq!(told(&event("post.created", &data, &entities)), [""; 0]);
    }
}

#[test]
fn a_post_is_an_event_only_if_its_type_says_so() {
    let data = json!({ "object": { "id": "POST1" } });
    let entities = json!({ "postType": { "slug": "event" } });
    for (name, kind) in [
        ("post.published", "event.scheduled"),
        ("post.updated", "event.updated"),
        ("post.deleted", "event.cancelled"),
    ] {
        let told = told(&event(name, &data, &entities));
        assert!(
            told[0].starts_with(&format!("{kind} post ADMIN1")),
            "{told:?}"
        );
    }
}

#[test]
fn a_reaction_names_itself_its_post_and_whose_post_it_is() {
    let data = json!({
        "object": { "id": "REACTION1", "postId": "POST1" },
        "target": { "postId": "POST1", "spaceId": "SPACE1", "reactionId": "REACTION1" },
        "with": { "reactionString": "heart" },
    });
    let entities = json!({ "owner": { "id": "AUTHOR1" } });
    for name in ["reaction.added", "reaction.removed"] {
        let expected = format!(
            r#"{name} reaction ADMIN1 ADMIN1 {{"member_id":"AUTHOR1","post_id":"POST1","space_id":"SPACE1","reaction":"heart"}}"#
        );
        assert_eq!(told(&event(name, &data, &entities)), [expected]);
    }
    let to_a_reply = json!({ "target": { "postId": "POST1", "replyId": "REPLY1" } });
    assert_eq!(
        told(&event("reaction.added", &to_a_reply, &json!({}))),
        [r#"reaction.added reaction ADMIN1 ADMIN1 {"post_id":"REPLY1","parent_post_id":"POST1"}"#]
    );
}

#[test]
fn a_membership_that_an_administrator_makes_concerns_both() {
    let subject = r#"{"member_id":"MEMBER2","space_id":"SPACE1"}"#;
    let object = json!({ "networkId": "NETWORK001", "memberId": "MEMBER2", "spaceId": "SPACE1" });
    for (verb, own, others) in [
        ("created", "joined", "member_added"),
        ("deleted", "left", "member_removed"),
    ] {
        let name = format!("space_membership.{verb}");
        let by_an_admin = event(&name, &json!({ "object": object }), &json!({}));
        assert_eq!(
            told(&by_an_admin),
            [
                format!("space.{own} space MEMBER2 ADMIN1 {subject}"),
                format!("space.{others} space ADMIN1 ADMIN1 {subject}"),
            ]
        );
        let data = json!({ "actor": { "id": "MEMBER2" }, "object": object });
        assert_eq!(
            told(&event(&name, &data, &json!({}))),
            [format!("space.{own} space MEMBER2 MEMBER2 {subject}")]
        );
    }
}

#[test]
fn what_has_no_rule_keeps_its_vendor_name() {
    for (name, data, expected) in [
        (
            "tag.added",
            json!({ "object": { "id": "TAG1", "spaceId": "SPACE1" }, "target": { "postId": "POST1", "spaceId": "SPACE1", "memberId": "ADMIN1" } }),
            r#"tag.added other ADMIN1 ADMIN1 {"post_id":"POST1","space_id":"SPACE1"}"#,
        ),
        (
            "moderation.created",
            json!({ "object": { "entityType": "POST", "entityId": "POST1", "spaceId": "SPACE1" } }),
            r#"moderation.created other ADMIN1 ADMIN1 {"post_id":"POST1","space_id":"SPACE1"}"#,
        ),
        (
            "moderation.accepted",
            json!({ "actor": null, "object": { "entityType": "MEMBER", "entityId": "MEMBER2", "moderatorId": "MOD1" } }),
            r#"moderation.accepted other MOD1 - {"member_id":"MEMBER2"}"#,
        ),
        (
            "member_invitation.created",
            json!({ "object": { "id": "I1", "inviteeEmail": "ada@example.com", "inviterId": "ADMIN1" } }),
            "member_invitation.created other ADMIN1 ADMIN1 {}",
        ),
        (
            "space_join_request.created",
            json!({ "actor": {}, "object": { "memberId": "MEMBER2", "spaceId": "SPACE1" } }),
            r#"space_join_request.created other MEMBER2 - {"member_id":"MEMBER2","space_id":"SPACE1"}"#,
        ),
        (
            "space.created",
            json!({ "object": { "id": "SPACE1" } }),
            r#"space.created space ADMIN1 ADMIN1 {"space_id":"SPACE1"}"#,
        ),
        (
            "hologram.teleported",
            json!({}),
            "hologram.teleported other ADMIN1 ADMIN1 {}",
        ),
        ("odd.na me", json!({}), "other other ADMIN1 ADMIN1 {}"),
    ] {
        assert_eq!(told(&event(name, &data, &json!({}))), [expected]);
    }
}

#[test]
fn the_former_integrations_events_are_told_in_the_same_words() {
    for (name, data, expected) in [
        (
            "member.created",
            json!({ "id": "M1" }),
            r#"member.joined member M1 - {"member_id":"M1"}"#,
        ),
        (
            "member.updated",
            json!({ "id": "M1" }),
            r#"member.updated member M1 - {"member_id":"M1"}"#,
        ),
        (
            "post.created",
            json!({ "id": "P1", "authorId": "M1" }),
            r#"post.created post M1 M1 {"post_id":"P1"}"#,
        ),
        (
            "post.created",
            json!({ "id": "P1", "authorId": "M1", "spaceType": "event" }),
            r#"event.scheduled post M1 M1 {"post_id":"P1"}"#,
        ),
        (
            "comment.created",
            json!({ "id": "C1", "memberId": "M1", "postId": "P1" }),
            r#"reply.created comment M1 M1 {"post_id":"C1","parent_post_id":"P1"}"#,
        ),
        (
            "reaction.created",
            json!({ "id": "R1", "member_id": "M1", "post_id": "P1" }),
            r#"reaction.added reaction M1 M1 {"post_id":"P1"}"#,
        ),
    ] {
        assert_eq!(told(&flat(name, &data)), [expected]);
    }
}

#[test]
fn what_says_too_little_gives_no_activity() {
    let no_member = json!({ "actor": {}, "object": {} });
    let odd_ids = json!({ "actor": { "id": 7 }, "object": { "id": "a b" } });
    for event in [
        event("post.published", &no_member, &json!({})),
        event("member.verified", &odd_ids, &json!({})),
        event("network.updated", &json!({ "actor": null }), &json!({})),
        flat("comment.created", &json!({ "id": "C1" })),
        stored("member.verified", Format::BetterMode, ""),
        stored("member.verified", Format::BetterMode, "{"),
        stored("member.verified", Format::BetterMode, "[]"),
        stored(
            "member.verified",
            Format::BetterMode,
            r#"{"type":"SUBSCRIPTION"}"#,
        ),
        stored(
            "INTERACTION",
            Format::BetterMode,
            r#"{"type":"INTERACTION","data":{"actor":{"id":"M1"}}}"#,
        ),
        stored("member.verified", Format::Flat, "[".repeat(100_000)),
    ] {
        assert_eq!(told(&event), [""; 0]);
    }
}

#[test]
fn the_time_is_the_vendors_unless_it_cannot_be() {
    let at = |sent: Option<&str>| {
        let mut event = event("hologram.seen", &json!({}), &json!({}));
        event.occurred_at = sent.map(time);
        normalise(&event)[0].occurred_at
    };
    assert_eq!(
        at(Some("2026-03-04T05:06:07.089123Z")),
        time("2026-03-04T05:06:07.089Z")
    );
    assert_eq!(
        at(Some("2026-03-04T05:10:00Z")),
        time("2026-03-04T05:10:00Z")
    );
    let received = time("2026-03-04T05:06:08Z");
    for impossible in [
        None,
        Some("2026-03-04T06:00:00Z"),
        Some("1969-12-31T23:59:59Z"),
        Some("-000001-01-01T00:00:00Z"),
    ] {
        assert_eq!(at(impossible), received);
    }
}

#[test]
fn only_an_address_that_a_browser_opens_is_a_url() {
    let url = |url: &str| {
        let data = json!({ "object": { "id": "P1", "url": url } });
        normalise(&event("post.published", &data, &json!({})))[0]
            .url
            .clone()
    };
    let page = "https://community.example.com/post/1";
    assert_eq!(url(page).as_deref(), Some(page));
    for other in [
        "javascript:alert(1)",
        "/post/1",
        "mailto:ada@example.com",
        "",
    ] {
        assert_eq!(url(other), None);
    }
}

proptest::proptest! {
    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        for activity in normalise(&stored("post.published", Format::Flat, body)) {
            proptest::prop_assert!(!activity.member_id.as_str().is_empty());
        }
    }
}
