//! Events of a space: the same calls over the calendar of newer networks and over the
//! posts of older ones.

use community_proto::v1::calendar_event_details::Description;
use community_proto::v1::{
    CalendarEvent, CalendarEventDetails, CalendarEventMechanism, CalendarEventStatus,
    CancelEventRequest, ErrorReason, GeoPoint, ListEventsRequest, ListEventsResponse,
    PhysicalPlace, RegisterForEventRequest, ScheduleEventRequest, UpdateEventRequest, VirtualPlace,
};
use integration_tests::{Failure, Sandbox, World};
use prost_types::{FieldMask, Timestamp};
use tonic::Code;

/// 1 May 2031, 9:00 UTC.
const START: i64 = 1_935_392_400;
const HOUR: i64 = 3_600;

#[tokio::test]
async fn an_event_is_kept_in_the_calendar_of_a_newer_network_until_it_is_cancelled() {
    let sandbox = sandbox_of("newer").await;
    let world = sandbox.fake.world().await;
    let (space, host) = (meetups(&world), world.text("/members/1/id"));
    let river = PhysicalPlace {
        name: "River".to_owned(),
        place_id: "P1".to_owned(),
        position: Some(GeoPoint {
            latitude: 38.7,
            longitude: -9.1,
        }),
        ..PhysicalPlace::default()
    };
    let details = CalendarEventDetails {
        physical_places: vec![river.clone()],
        host_member_ids: vec![host.clone()],
        ..walk()
    };
    let event = schedule(&sandbox, &space, details).await;
    assert_eq!(event.mechanism(), CalendarEventMechanism::Calendar);
    assert_eq!(event.status(), CalendarEventStatus::Published);
    assert_eq!(
        (&event.title[..], &event.time_zone[..]),
        ("Walk", "Europe/Lisbon")
    );
    assert_eq!(
        (event.start_time, event.end_time),
        (Some(at(START)), Some(at(START + HOUR)))
    );
    assert_eq!(
        (event.physical_places[0].clone(), event.capacity),
        (river, 2)
    );
    assert_eq!(event.virtual_places[0].provider, "meet.example.com");
    assert_eq!(event.host_member_ids, [host]);
    let there = sandbox.fake.world().await;
    let there = there.one("events", "id", &event.id).clone();
    assert_eq!(
        (&there["spaceId"], &there["status"]),
        (&space.as_str().into(), &"published".into())
    );
    assert_eq!(there["content"], "<p>Bring &lt;shoes&gt;</p>");

    changed_and_cancelled(&sandbox, &space, &event).await;
    let world = sandbox.fake.world().await;
    assert_eq!(world.one("events", "id", &event.id)["status"], "deleted");
    assert_eq!(sandbox.fake.requests("createPost").await, 0);
}

#[tokio::test]
async fn an_event_is_kept_as_a_post_with_dates_on_an_older_network_until_it_is_cancelled() {
    let sandbox = sandbox_of("published").await;
    let space = meetups(&sandbox.fake.world().await);
    let event = schedule(&sandbox, &space, walk()).await;
    assert_eq!(event.mechanism(), CalendarEventMechanism::Post);
    assert_eq!(event.status(), CalendarEventStatus::Published);
    assert_eq!(
        (event.start_time, event.end_time),
        (Some(at(START)), Some(at(START + HOUR)))
    );
    assert_eq!(
        (event.capacity, event.virtual_places[0].url.as_str()),
        (2, "https://meet.example.com/1")
    );
    // The seeded post type has no field for it.
    assert_eq!(event.time_zone, "");
    let there = sandbox.fake.world().await;
    let there = there.one("posts", "id", &event.id).clone();
    assert_eq!(
        (&there["title"], &there["status"]),
        (&"Walk".into(), &"PUBLISHED".into())
    );
    let fields = there["fields"].as_array().unwrap();
    let start = fields
        .iter()
        .find(|field| field["key"] == "start_date")
        .unwrap();
    assert_eq!(start["value"], "\"2031-05-01T09:00:00.000Z\"");

    changed_and_cancelled(&sandbox, &space, &event).await;
    let world = sandbox.fake.world().await;
    assert_eq!(world.one("posts", "id", &event.id)["status"], "DELETED");
}

/// What is the same over either way.
async fn changed_and_cancelled(sandbox: &Sandbox, space: &str, event: &CalendarEvent) {
    let mut community = sandbox.clients.community();
    let change = UpdateEventRequest {
        event_id: event.id.clone(),
        details: Some(CalendarEventDetails {
            title: "Long walk".to_owned(),
            end_time: Some(at(START + 3 * HOUR)),
            // Not in the mask.
            capacity: 9,
            ..CalendarEventDetails::default()
        }),
        update_mask: Some(mask(&["title", "end_time"])),
        ..UpdateEventRequest::default()
    };
    let changed = community.update_event(change).await.unwrap();
    let changed = changed.into_inner().event.unwrap();
    assert_eq!((&changed.id, &changed.title[..]), (&event.id, "Long walk"));
    assert_eq!(changed.end_time, Some(at(START + 3 * HOUR)));
    assert_eq!(
        (changed.start_time, changed.capacity),
        (event.start_time, 2)
    );
    assert_eq!(
        (&changed.html, &changed.virtual_places),
        (&event.html, &event.virtual_places)
    );

    let within = |from: i64, until: i64| ListEventsRequest {
        space_id: space.to_owned(),
        start_time_from: Some(at(from)),
        start_time_until: Some(at(until)),
        page_size: 5,
        ..ListEventsRequest::default()
    };
    let listed = list(sandbox, within(START, START + 1)).await;
    assert_eq!(listed.events, [changed]);
    assert_eq!(
        list(sandbox, within(START + 1, START + HOUR)).await.events,
        []
    );

    let cancel = CancelEventRequest {
        event_id: event.id.clone(),
        ..CancelEventRequest::default()
    };
    community.cancel_event(cancel.clone()).await.unwrap();
    assert_eq!(list(sandbox, within(START, START + 1)).await.events, []);
    let again = Failure::of(community.cancel_event(cancel).await);
    let _ = again.is(Code::NotFound, ErrorReason::EventNotFound);
}

#[tokio::test]
async fn events_are_listed_page_by_page_the_last_created_first() {
    for generation in ["published", "newer"] {
        let sandbox = sandbox_of(generation).await;
        let space = meetups(&sandbox.fake.world().await);
        for title in ["First", "Second"] {
            let details = CalendarEventDetails {
                title: title.to_owned(),
                ..walk()
            };
            schedule(&sandbox, &space, details).await;
        }
        let request = ListEventsRequest {
            space_id: space,
            page_size: 1,
            ..ListEventsRequest::default()
        };
        let page = list(&sandbox, request.clone()).await;
        assert_eq!(page.events[0].title, "Second");
        let next = ListEventsRequest {
            page_token: page.next_page_token.clone(),
            ..request.clone()
        };
        assert_eq!(list(&sandbox, next).await.events[0].title, "First");
        let foreign = ListEventsRequest {
            page_token: page.next_page_token,
            start_time_from: Some(at(0)),
            ..request
        };
        let mut community = sandbox.clients.community();
        Failure::of(community.list_events(foreign).await)
            .is(Code::InvalidArgument, ErrorReason::InvalidPageToken)
            .about("page_token");
    }
}

#[tokio::test]
async fn a_member_registers_for_an_event_until_it_is_full() {
    let sandbox = sandbox_of("newer").await;
    let world = sandbox.fake.world().await;
    let details = CalendarEventDetails {
        capacity: 1,
        ..walk()
    };
    let event = schedule(&sandbox, &meetups(&world), details).await;
    let mut community = sandbox.clients.community();
    let coming = |member: &str| RegisterForEventRequest {
        event_id: event.id.clone(),
        member_id: member.to_owned(),
        ..RegisterForEventRequest::default()
    };
    let (one, other) = (world.text("/members/6/id"), world.text("/members/7/id"));
    community.register_for_event(coming(&one)).await.unwrap();
    let there = sandbox.fake.world().await;
    let there = there.one("events", "id", &event.id)["registeredMemberIds"].clone();
    assert_eq!(there, serde_json::json!([one]));
    Failure::of(community.register_for_event(coming(&other)).await)
        .is(Code::InvalidArgument, ErrorReason::UpstreamRejected)
        .about("event_id");
    let unknown = RegisterForEventRequest {
        event_id: "nothing0000".to_owned(),
        ..coming(&one)
    };
    let failure = Failure::of(community.register_for_event(unknown).await);
    let _ = failure.is(Code::NotFound, ErrorReason::EventNotFound);
}

#[tokio::test]
async fn an_older_network_says_what_it_cannot_keep_or_do_and_keeps_nothing() {
    let sandbox = sandbox_of("published").await;
    let world = sandbox.fake.world().await;
    let space = meetups(&world);
    let river = PhysicalPlace {
        name: "River".to_owned(),
        ..PhysicalPlace::default()
    };
    let before = world.all("posts").len();
    for (what, details) in [
        (
            "keeping the hosts of an event",
            CalendarEventDetails {
                host_member_ids: vec![world.text("/members/1/id")],
                ..walk()
            },
        ),
        (
            "keeping the places of an event",
            CalendarEventDetails {
                physical_places: vec![river],
                ..walk()
            },
        ),
    ] {
        let failure = not_scheduled(&sandbox, &space, details).await;
        let failure = failure.is(Code::FailedPrecondition, ErrorReason::NotSupportedByNetwork);
        assert_eq!(failure.metadata["attempted"], what);
    }
    let request = RegisterForEventRequest {
        event_id: world.text("/posts/0/id"),
        ..RegisterForEventRequest::default()
    };
    let mut community = sandbox.clients.community();
    let failure = Failure::of(community.register_for_event(request).await);
    let failure = failure.is(Code::FailedPrecondition, ErrorReason::NotSupportedByNetwork);
    assert_eq!(failure.metadata["attempted"], "registering for events");
    assert_eq!(sandbox.fake.world().await.all("posts").len(), before);
}

#[tokio::test]
async fn a_space_without_a_post_type_for_events_has_none_and_takes_none() {
    let sandbox = sandbox_of("published").await;
    let world = sandbox.fake.world().await;
    let general = world.one("spaces", "slug", "general")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let failure = not_scheduled(&sandbox, &general, walk()).await;
    let _ = failure.is(Code::InvalidArgument, ErrorReason::PostTypeNotFound);
    let request = ListEventsRequest {
        space_id: general,
        ..ListEventsRequest::default()
    };
    assert_eq!(list(&sandbox, request).await, ListEventsResponse::default());
}

#[tokio::test]
async fn a_post_that_is_no_event_is_neither_changed_nor_cancelled() {
    let sandbox = sandbox_of("published").await;
    let world = sandbox.fake.world().await;
    let question = world.one("postTypes", "slug", "question")["id"]
        .as_str()
        .unwrap();
    let post = world.matching("posts", "postTypeId", question)[0]["id"]
        .as_str()
        .unwrap();
    let mut community = sandbox.clients.community();
    let cancel = CancelEventRequest {
        event_id: post.to_owned(),
        ..CancelEventRequest::default()
    };
    let failure = Failure::of(community.cancel_event(cancel).await);
    let _ = failure.is(Code::NotFound, ErrorReason::EventNotFound);
    let change = UpdateEventRequest {
        event_id: post.to_owned(),
        details: Some(walk()),
        ..UpdateEventRequest::default()
    };
    let failure = Failure::of(community.update_event(change).await);
    let _ = failure.is(Code::NotFound, ErrorReason::EventNotFound);
    let world = sandbox.fake.world().await;
    assert_eq!(world.one("posts", "id", post)["status"], "PUBLISHED");
}

#[tokio::test]
async fn what_bettermode_would_refuse_of_an_event_is_named() {
    let sandbox = sandbox_of("newer").await;
    let world = sandbox.fake.world().await;
    let space = meetups(&world);
    let nowhere = PhysicalPlace {
        name: "River".to_owned(),
        ..PhysicalPlace::default()
    };
    for (field, details) in [
        (
            "details.physical_places",
            CalendarEventDetails {
                physical_places: vec![nowhere],
                ..walk()
            },
        ),
        (
            "details.host_member_ids",
            CalendarEventDetails {
                host_member_ids: vec!["nobody0000".to_owned()],
                ..walk()
            },
        ),
    ] {
        let failure = not_scheduled(&sandbox, &space, details).await;
        failure
            .is(Code::InvalidArgument, ErrorReason::UpstreamRejected)
            .about(field);
    }
    let failure = not_scheduled(&sandbox, "nowhere0000", walk()).await;
    let _ = failure.is(Code::InvalidArgument, ErrorReason::SpaceNotFound);
    let event = schedule(&sandbox, &space, walk()).await;
    let cancel = CancelEventRequest {
        event_id: event.id,
        author_member_id: world.text("/members/6/id"),
        ..CancelEventRequest::default()
    };
    let mut community = sandbox.clients.community();
    Failure::of(community.cancel_event(cancel).await)
        .is(
            Code::PermissionDenied,
            ErrorReason::UpstreamPermissionDenied,
        )
        .about("event_id");
}

#[tokio::test]
async fn an_event_whose_answer_is_lost_may_exist() {
    for (generation, operation) in [("published", "createPost"), ("newer", "createEvent")] {
        let sandbox = sandbox_of(generation).await;
        let space = meetups(&sandbox.fake.world().await);
        sandbox.fake.fault_once("cut_body", operation).await;
        let failure = not_scheduled(&sandbox, &space, walk()).await;
        let _ = failure.is(Code::Unknown, ErrorReason::OutcomeUnknown);
        assert_eq!(sandbox.fake.requests(operation).await, 1);
    }
}

#[tokio::test]
async fn a_field_of_an_event_that_breaks_a_rule_is_named_and_bettermode_hears_nothing() {
    let sandbox = Sandbox::start().await;
    let with = |change: fn(&mut CalendarEventDetails)| {
        let mut details = walk();
        change(&mut details);
        details
    };
    for (field, details) in [
        ("details.title", with(|it| it.title = " ".to_owned())),
        ("details.description", with(|it| it.description = None)),
        ("details.start_time", with(|it| it.start_time = None)),
        (
            "details.end_time",
            with(|it| it.end_time = Some(at(START - 1))),
        ),
        (
            "details.time_zone",
            with(|it| it.time_zone = "Mars/Olympus".to_owned()),
        ),
        ("details.time_zone", with(|it| it.time_zone = String::new())),
        ("details.capacity", with(|it| it.capacity = -1)),
        (
            "details.host_member_ids",
            with(|it| it.host_member_ids = vec!["a".to_owned(); 21]),
        ),
        (
            "details.physical_places",
            with(|it| it.physical_places = vec![PhysicalPlace::default()]),
        ),
        (
            "details.virtual_places",
            with(|it| it.virtual_places[0].url = "ftp://x".to_owned()),
        ),
    ] {
        let failure = not_scheduled(&sandbox, "space0000000", details).await;
        failure
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
    let mut community = sandbox.clients.community();
    let update = UpdateEventRequest {
        event_id: "event".to_owned(),
        details: Some(walk()),
        update_mask: Some(mask(&["title", "colour"])),
        ..UpdateEventRequest::default()
    };
    Failure::of(community.update_event(update).await)
        .is(Code::InvalidArgument, ErrorReason::InvalidField)
        .about("update_mask");
    let request = ScheduleEventRequest {
        space_id: "space0000000".to_owned(),
        details: Some(walk()),
        request_id: "not-a-uuid".to_owned(),
        ..ScheduleEventRequest::default()
    };
    Failure::of(community.schedule_event(request).await)
        .is(Code::InvalidArgument, ErrorReason::InvalidField)
        .about("request_id");
    assert_eq!(sandbox.fake.requests("createEvent").await, 0);
}

pub(crate) fn walk() -> CalendarEventDetails {
    CalendarEventDetails {
        title: "Walk".to_owned(),
        description: Some(Description::Text("Bring <shoes>".to_owned())),
        start_time: Some(at(START)),
        end_time: Some(at(START + HOUR)),
        // The database's spelling is what arrives.
        time_zone: "europe/lisbon".to_owned(),
        virtual_places: vec![VirtualPlace {
            url: "https://meet.example.com/1".to_owned(),
            provider: String::new(),
        }],
        capacity: 2,
        ..CalendarEventDetails::default()
    }
}

async fn schedule(sandbox: &Sandbox, space: &str, details: CalendarEventDetails) -> CalendarEvent {
    let mut community = sandbox.clients.community();
    let answer = community.schedule_event(event_in(space, details)).await;
    answer.unwrap().into_inner().event.unwrap()
}

async fn not_scheduled(sandbox: &Sandbox, space: &str, details: CalendarEventDetails) -> Failure {
    let mut community = sandbox.clients.community();
    Failure::of(community.schedule_event(event_in(space, details)).await)
}

pub(crate) fn event_in(space: &str, details: CalendarEventDetails) -> ScheduleEventRequest {
    ScheduleEventRequest {
        space_id: space.to_owned(),
        details: Some(details),
        ..ScheduleEventRequest::default()
    }
}

async fn list(sandbox: &Sandbox, request: ListEventsRequest) -> ListEventsResponse {
    let mut community = sandbox.clients.community();
    let answer = community.list_events(request).await.unwrap();
    answer.into_inner()
}

pub(crate) fn meetups(world: &World) -> String {
    let space = world.one("spaces", "slug", "meetups");
    space["id"].as_str().unwrap().to_owned()
}

async fn sandbox_of(generation: &str) -> Sandbox {
    Sandbox::builder()
        .fake_setting("FAKE_BETTERMODE_GENERATION", generation)
        .start()
        .await
}

fn mask(paths: &[&str]) -> FieldMask {
    FieldMask {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}
