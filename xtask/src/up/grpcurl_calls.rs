//! The calls of docs/grpcurl.md, in their order. A new RPC needs a line here: the page is
//! made from a run, and `cargo xtask grpcurl` fails for an RPC that is not called.

/// One call and what is expected of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    /// What it shows.
    pub(super) title: &'static str,
    /// The service without its package, and the method: `CommunityService/GetMember`.
    pub(super) method: &'static str,
    /// The request as JSON. `$name` stands for something of [`WORLD`] or of an earlier
    /// answer.
    pub(super) request: &'static str,
    /// Parts of the answer for later calls: a name and a JSON pointer each.
    pub(super) keep: &'static [(&'static str, &'static str)],
    /// How it ends.
    pub(super) ends: Ends,
}

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// With an answer.
    Well,
    /// With an error that this text is part of.
    With(&'static str),
    /// Not by itself: it is a stream, left after a second.
    Never,
}

/// What the fake holds when it starts: a name and a JSON pointer each.
pub(super) const WORLD: &[(&str, &str)] = &[
    ("member", "/members/0/id"),
    ("other_member", "/members/1/id"),
    ("email", "/members/0/email"),
    ("space", "/spaces/0/id"),
];

const fn call(title: &'static str, method: &'static str, request: &'static str) -> Call {
    Call {
        title,
        method,
        request,
        keep: &[],
        ends: Ends::Well,
    }
}

impl Call {
    const fn keeping(self, keep: &'static [(&'static str, &'static str)]) -> Self {
        Self { keep, ..self }
    }

    const fn ending(self, ends: Ends) -> Self {
        Self { ends, ..self }
    }
}

/// All of them.
pub(super) const CALLS: &[Call] = &[
    call(
        "Read a member",
        "CommunityService/GetMember",
        r#"{"member_id": "$member"}"#,
    ),
    call(
        "An error: its reason, its link, what is not there",
        "CommunityService/GetMember",
        r#"{"member_id": "nobody0000"}"#,
    )
    .ending(Ends::With("MEMBER_NOT_FOUND")),
    call(
        "An error: the field that is at fault",
        "CommunityService/BatchGetMembers",
        r#"{"member_ids": ["$member", "not an id"]}"#,
    )
    .ending(Ends::With("member_ids[1]")),
    call(
        "Find a member by e-mail address",
        "CommunityService/GetMemberByEmail",
        r#"{"email": "$email"}"#,
    ),
    call(
        "Read several members, each with its own outcome",
        "CommunityService/BatchGetMembers",
        r#"{"member_ids": ["$other_member", "nobody0000"]}"#,
    ),
    call(
        "Drop the copies of a member",
        "CommunityService/InvalidateMember",
        r#"{"member_id": "$member"}"#,
    ),
    call(
        "Create a post",
        "CommunityService/CreatePost",
        r#"{"space_id": "$space", "title": "Hello", "text": "Written over gRPC", "tags": ["news"]}"#,
    )
    .keeping(&[("post", "/post/id")]),
    call(
        "Send a direct message",
        "CommunityService/SendDirectMessage",
        r#"{"recipient_member_id": "$member", "text": "Welcome aboard"}"#,
    ),
    call("Ask how it is", "CommunityService/GetStatus", "{}"),
    call(
        "List the stored webhooks",
        "WebhookEventService/ListWebhookEvents",
        r#"{"event_type": "post.published", "page_size": 1}"#,
    )
    .keeping(&[("event", "/events/0/event/eventId")]),
    call(
        "Read one of them",
        "WebhookEventService/GetWebhookEvent",
        r#"{"event_id": "$event"}"#,
    ),
    call(
        "See what a replay would do",
        "WebhookEventService/ReplayWebhookEvents",
        r#"{"event_ids": ["$event"], "dry_run": true}"#,
    ),
    call(
        "List what was given up on",
        "WebhookEventService/ListDeadLetters",
        "{}",
    ),
    call(
        "Follow webhooks as they come",
        "WebhookEventService/WatchWebhookEvents",
        "{}",
    )
    .ending(Ends::Never),
    call(
        "Store a webhook, as the edge does",
        "WebhookEventService/IngestWebhookEvents",
        r#"{"events": [{"event_id": "4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d", "event_type": "post.published", "network_id": "DemoNet001", "receive_time": "2026-11-25T09:00:00Z", "format": "WEBHOOK_FORMAT_BETTERMODE", "path": "/webhooks/bettermode", "payload": "e30="}]}"#,
    ),
    call(
        "Answer a webhook whose sender waits, as the edge does",
        "WebhookEventService/AnswerWebhook",
        // {"type":"GET_SETTINGS","networkId":"DemoNet001","currentSettings":[],"data":{}}
        r#"{"event": {"event_type": "GET_SETTINGS", "network_id": "DemoNet001", "receive_time": "2026-11-25T09:00:00Z", "format": "WEBHOOK_FORMAT_BETTERMODE", "path": "/webhooks/bettermode", "payload": "eyJ0eXBlIjoiR0VUX1NFVFRJTkdTIiwibmV0d29ya0lkIjoiRGVtb05ldDAwMSIsImN1cnJlbnRTZXR0aW5ncyI6W10sImRhdGEiOnt9fQ=="}}"#,
    ),
    call(
        "List what a member did",
        "ActivityService/ListMemberActivities",
        r#"{"member_id": "$member", "page_size": 2}"#,
    ),
    call(
        "Count what all members did",
        "ActivityService/GetActivitySummary",
        r#"{"most_active_count": 3}"#,
    ),
    call(
        "Erase what is stored about a member",
        "ActivityService/EraseMemberData",
        r#"{"member_id": "$other_member"}"#,
    ),
];
