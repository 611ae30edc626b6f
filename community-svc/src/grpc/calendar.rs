//! Events: check, call, convert.

use bettermode::{
    CalendarEvent, EventId, EventMechanism, EventStatus, MemberId, NewEvent, PhysicalPlace,
    SpaceId, VirtualPlace,
};
use community_proto::v1 as pb;

use super::keyed::{Key, Kind};
use super::{Community, calendar_details, convert, page_token, validate};
use crate::error::Error;
use crate::writes::{Effect, Found, Made, repeatable};

/// What the network can do or the post types, and the event.
const SCHEDULE: Kind = kind("ScheduleEvent", "creating an event");
const UPDATE: Kind = kind("UpdateEvent", "changing an event");
const CANCEL: Kind = kind("CancelEvent", "cancelling an event");
const REGISTER: Kind = kind("RegisterForEvent", "registering for an event");

const fn kind(method: &'static str, attempted: &'static str) -> Kind {
    Kind {
        method,
        attempted,
        requests: 3,
    }
}

/// What page tokens are bound to, beside the filters.
const LIST: &str = "ListEvents";
const DEFAULT_PAGE: u32 = 20;
const MAX_PAGE: u32 = 50;

pub(super) async fn schedule(
    community: &Community,
    mut request: pb::ScheduleEventRequest,
) -> Result<pb::ScheduleEventResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(SCHEDULE, &key, &request)?;
    let space_id = SpaceId::new(validate::id("space_id", request.space_id)?);
    let details = validate::required("details", request.details)?;
    let new = NewEvent {
        space_id,
        details: calendar_details::whole(details)?,
    };
    let author = member("author_member_id", request.author_member_id)?;
    let (calendar, sought, whose) = (community.calendar.clone(), new.clone(), author.clone());
    let looking = calendar.clone();
    community
        .writes
        .run(
            key.write(|| effect(&sought)),
            async move { Ok(scheduled(calendar.schedule(&new, author.as_ref()).await?)) },
            move |since| async move {
                let found = looking.lookup_scheduled(&sought, whose.as_ref(), since);
                let found = found.await?.into_iter().map(scheduled);
                Ok(Found::Objects(found.collect()))
            },
        )
        .await
}

/// As a look-up compares events.
fn effect(new: &NewEvent) -> Effect {
    let start = new.details.start.to_string();
    let parts = ["event", new.space_id.as_str(), &new.details.title, &start];
    Effect::of(parts)
}

fn scheduled(created: CalendarEvent) -> Made<pb::ScheduleEventResponse> {
    let id = created.id.as_str().to_owned();
    let event = Some(event(created));
    Made::object(id, pb::ScheduleEventResponse { event })
}

pub(super) async fn update(
    community: &Community,
    mut request: pb::UpdateEventRequest,
) -> Result<pb::UpdateEventResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(UPDATE, &key, &request)?;
    let id = event_id(request.event_id)?;
    let details = validate::required("details", request.details)?;
    let mask = request.update_mask.map(|mask| mask.paths);
    let change = calendar_details::change(&details, &mask.unwrap_or_default())?;
    let author = member("author_member_id", request.author_member_id)?;
    let calendar = community.calendar.clone();
    let attempt = async move {
        let changed = calendar.update(&id, &change, author.as_ref()).await?;
        Ok(Made::change(pb::UpdateEventResponse {
            event: Some(event(changed)),
        }))
    };
    community
        .writes
        .run(key.change(), attempt, repeatable)
        .await
}

pub(super) async fn cancel(
    community: &Community,
    mut request: pb::CancelEventRequest,
) -> Result<pb::CancelEventResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(CANCEL, &key, &request)?;
    let id = event_id(request.event_id)?;
    let author = member("author_member_id", request.author_member_id)?;
    let (calendar, sought, whose) = (community.calendar.clone(), id.clone(), author.clone());
    let looking = calendar.clone();
    let done = pb::CancelEventResponse {};
    community
        .writes
        .run(
            key.change(),
            async move {
                calendar.cancel(&id, author.as_ref()).await?;
                Ok(Made::change(done))
            },
            move |_| async move {
                let is_done = looking.lookup_cancelled(&sought, whose.as_ref()).await?;
                Ok(Found::change(is_done.then_some(done)))
            },
        )
        .await
}

pub(super) async fn register(
    community: &Community,
    mut request: pb::RegisterForEventRequest,
) -> Result<pb::RegisterForEventResponse, Error> {
    let key = std::mem::take(&mut request.request_id);
    let key = Key::new(REGISTER, &key, &request)?;
    let id = event_id(request.event_id)?;
    let coming = member("member_id", request.member_id)?;
    let (calendar, sought, whose) = (community.calendar.clone(), id.clone(), coming.clone());
    let looking = calendar.clone();
    let done = pb::RegisterForEventResponse {};
    community
        .writes
        .run(
            key.change(),
            async move {
                calendar.register(&id, coming.as_ref()).await?;
                Ok(Made::change(done))
            },
            move |_| async move {
                let is_done = looking.lookup_registered(&sought, whose.as_ref()).await?;
                Ok(Found::change(is_done.then_some(done)))
            },
        )
        .await
}

pub(super) async fn list(
    community: &Community,
    mut request: pb::ListEventsRequest,
) -> Result<pb::ListEventsResponse, Error> {
    let asked = std::mem::take(&mut request.page_size);
    let limit = validate::page_size(asked, DEFAULT_PAGE, MAX_PAGE)?;
    let token = std::mem::take(&mut request.page_token);
    // What is left of the request are its filters.
    let filters = request.clone();
    let space = SpaceId::new(validate::id("space_id", request.space_id)?);
    let from = validate::optional_time("start_time_from", request.start_time_from)?;
    let until = validate::optional_time("start_time_until", request.start_time_until)?;
    let reader = member("reader_member_id", request.reader_member_id)?;
    let after = page_token::decode(LIST, &filters, &token)?
        .map(String::from_utf8)
        .transpose()
        .map_err(|_| Error::InvalidPageToken)?;
    let page = community
        .calendar
        .list(&space, reader.as_ref(), limit, after)
        .await?;
    let wanted = |event: &CalendarEvent| {
        from.is_none_or(|from| event.start >= from) && until.is_none_or(|until| event.start < until)
    };
    Ok(pb::ListEventsResponse {
        events: page.items.into_iter().filter(wanted).map(event).collect(),
        next_page_token: page
            .next
            .map(|place| page_token::encode(LIST, &filters, place.as_bytes()))
            .unwrap_or_default(),
    })
}

fn event_id(id: String) -> Result<EventId, Error> {
    validate::id("event_id", id).map(EventId::new)
}

fn member(field: &'static str, id: String) -> Result<Option<MemberId>, Error> {
    Ok(validate::optional_id(field, id)?.map(MemberId::new))
}

fn event(event: CalendarEvent) -> pb::CalendarEvent {
    let hosts = event.host_ids.iter();
    pb::CalendarEvent {
        id: event.id.as_str().to_owned(),
        space_id: event.space_id.as_str().to_owned(),
        title: event.title,
        html: event.html,
        start_time: Some(convert::timestamp(event.start)),
        end_time: event.end.map(convert::timestamp),
        time_zone: event.time_zone.unwrap_or_default(),
        host_member_ids: hosts.map(|id| id.as_str().to_owned()).collect(),
        physical_places: event.physical_places.into_iter().map(physical).collect(),
        virtual_places: event.virtual_places.into_iter().map(virtual_).collect(),
        capacity: count(event.capacity),
        registration_count: count(event.registrations),
        status: status(&event.status).into(),
        raw_status: event.status.raw().to_owned(),
        url: event.url.unwrap_or_default(),
        created_by_member_id: event.created_by_id.as_str().to_owned(),
        create_time: Some(convert::timestamp(event.created_at)),
        update_time: Some(convert::timestamp(event.updated_at)),
        mechanism: match event.mechanism {
            EventMechanism::Calendar => pb::CalendarEventMechanism::Calendar,
            EventMechanism::Post => pb::CalendarEventMechanism::Post,
        }
        .into(),
    }
}

fn status(status: &EventStatus) -> pb::CalendarEventStatus {
    match status {
        EventStatus::Published => pb::CalendarEventStatus::Published,
        EventStatus::Draft => pb::CalendarEventStatus::Draft,
        EventStatus::Deleted => pb::CalendarEventStatus::Cancelled,
        EventStatus::Blocked => pb::CalendarEventStatus::Blocked,
        EventStatus::Other(_) => pb::CalendarEventStatus::Unspecified,
    }
}

fn count(count: Option<u32>) -> i32 {
    i32::try_from(count.unwrap_or(0)).unwrap_or(i32::MAX)
}

fn physical(place: PhysicalPlace) -> pb::PhysicalPlace {
    let point = |(latitude, longitude)| pb::GeoPoint {
        latitude,
        longitude,
    };
    pb::PhysicalPlace {
        name: place.name.unwrap_or_default(),
        address: place.address.unwrap_or_default(),
        place_id: place.place_id.unwrap_or_default(),
        position: place.position.map(point),
    }
}

fn virtual_(place: VirtualPlace) -> pb::VirtualPlace {
    pb::VirtualPlace {
        url: place.url,
        provider: place.provider.unwrap_or_default(),
    }
}
