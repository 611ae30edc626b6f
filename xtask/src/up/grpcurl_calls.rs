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
        "List members",
        "CommunityService/ListMembers",
        r#"{"page_size": 1}"#,
    ),
    call(
        "Change a member",
        "CommunityService/UpdateMember",
        r#"{"member": {"id": "$member", "tagline": "Here to help"}, "update_mask": {"paths": ["tagline"]}}"#,
    ),
    call(
        "Invite people, each with its own outcome",
        "CommunityService/InviteMembers",
        r#"{"invitees": [{"email": "grace@example.com", "name": "Grace"}], "message": "Join us"}"#,
    ),
    call(
        "Note who was whom in Circle",
        "CommunityService/LinkMembers",
        r#"{"links": [{"bettermode_member_id": "$member", "circle_member_id": "4101"}]}"#,
    ),
    call(
        "List spaces",
        "CommunityService/ListSpaces",
        r#"{"page_size": 1}"#,
    ),
    call(
        "Read a space",
        "CommunityService/GetSpace",
        r#"{"space_id": "$space"}"#,
    ),
    call(
        "Put a member into a space",
        "CommunityService/AddSpaceMember",
        r#"{"space_id": "$space", "member_id": "$other_member"}"#,
    ),
    call(
        "List who is in a space",
        "CommunityService/ListSpaceMembers",
        r#"{"space_id": "$space", "page_size": 1}"#,
    ),
    call(
        "Take a member out of a space",
        "CommunityService/RemoveSpaceMember",
        r#"{"space_id": "$space", "member_id": "$other_member"}"#,
    ),
    call(
        "List the kinds of webhook that the network can send",
        "CommunityService/ListEventTypes",
        r"{}",
    ),
    call(
        "Create a post",
        "CommunityService/CreatePost",
        r#"{"space_id": "$space", "title": "Hello", "text": "Written over gRPC", "tags": ["news"]}"#,
    )
    .keeping(&[("post", "/post/id")]),
    call(
        "Read a post",
        "CommunityService/GetPost",
        r#"{"post_id": "$post"}"#,
    ),
    call(
        "List the posts of a space",
        "CommunityService/ListPosts",
        r#"{"space_id": "$space", "page_size": 1}"#,
    ),
    call(
        "Change a post",
        "CommunityService/UpdatePost",
        r#"{"post_id": "$post", "title": "Hello again", "update_mask": {"paths": ["title"]}}"#,
    ),
    call(
        "Reply to a post",
        "CommunityService/CreateReply",
        r#"{"post_id": "$post", "text": "Well said"}"#,
    ),
    call(
        "List the replies",
        "CommunityService/ListReplies",
        r#"{"post_id": "$post"}"#,
    ),
    call(
        "React to a post",
        "CommunityService/AddReaction",
        r#"{"post_id": "$post", "reaction": "+1"}"#,
    ),
    call(
        "List the reactions",
        "CommunityService/ListReactions",
        r#"{"post_id": "$post", "reaction": "+1"}"#,
    ),
    call(
        "Take a reaction back",
        "CommunityService/RemoveReaction",
        r#"{"post_id": "$post", "reaction": "+1"}"#,
    ),
    call(
        "Delete a post",
        "CommunityService/DeletePost",
        r#"{"post_id": "$post"}"#,
    ),
    call(
        "Send a direct message, once however often it is asked for",
        "CommunityService/SendDirectMessage",
        r#"{"recipient_member_id": "$member", "text": "Welcome aboard", "request_id": "8d3f1b0e-6a52-4a4b-9f0a-1c2d3e4f5a6b"}"#,
    ),
    call(
        "Read the conversation",
        "CommunityService/ListDirectMessages",
        r#"{"member_id": "$member"}"#,
    ),
    call(
        "Schedule an event",
        "CommunityService/ScheduleEvent",
        r#"{"space_id": "$space", "details": {"title": "Meeting", "text": "All are welcome", "start_time": "2027-03-01T18:00:00Z", "end_time": "2027-03-01T19:00:00Z", "time_zone": "Europe/Berlin", "capacity": 20}}"#,
    )
    .keeping(&[("calendar_event", "/event/id")]),
    call(
        "Change an event",
        "CommunityService/UpdateEvent",
        r#"{"event_id": "$calendar_event", "details": {"title": "Monthly meeting"}, "update_mask": {"paths": ["title"]}}"#,
    ),
    call(
        "List the events of a space",
        "CommunityService/ListEvents",
        r#"{"space_id": "$space", "page_size": 1}"#,
    ),
    call(
        "Register a member for an event",
        "CommunityService/RegisterForEvent",
        r#"{"event_id": "$calendar_event", "member_id": "$member"}"#,
    ),
    call(
        "Cancel an event",
        "CommunityService/CancelEvent",
        r#"{"event_id": "$calendar_event"}"#,
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
