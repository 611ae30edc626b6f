//! Listing webhook events and dead letters, and getting one.

use community_proto::v1 as pb;

use super::{
    count, event_type, projection, projection_filter, state_filter, stored_event, unavailable,
};
use crate::error::Error;
use crate::events::{Cursor, DeadCursor, DeadLetter, DeadLetterQuery, EventQuery, PAGE_BYTES};
use crate::grpc::{WebhookEvents, convert, page_token, validate};

/// What page tokens are bound to, beside the filters.
const EVENTS: &str = "ListWebhookEvents";
const DEAD_LETTERS: &str = "ListDeadLetters";

const MAX_PAGE: i32 = 500;
const DEFAULT_PAGE: i32 = 50;

pub(in crate::grpc) async fn list(
    service: &WebhookEvents,
    mut request: pb::ListWebhookEventsRequest,
) -> Result<pb::ListWebhookEventsResponse, Error> {
    let limit = page_size(std::mem::take(&mut request.page_size))?;
    let token = std::mem::take(&mut request.page_token);
    let before = page_token::decode(EVENTS, &request, &token)?
        .map(|place| Cursor::from_bytes(&place).ok_or(Error::InvalidPageToken))
        .transpose()?;
    let query = EventQuery {
        before,
        // One more than asked for tells whether there is a next page.
        limit: limit + 1,
        ..query(request.clone())?
    };
    let mut events = service.store.list(query).await.map_err(unavailable)?;
    let bytes: usize = events.iter().map(|stored| stored.event.payload.len()).sum();
    let has_more = events.len() > limit || bytes >= PAGE_BYTES;
    events.truncate(limit);
    let next_page_token = match events.last() {
        Some(last) if has_more => page_token::encode(EVENTS, &request, &last.cursor().to_bytes()),
        _ => String::new(),
    };
    Ok(pb::ListWebhookEventsResponse {
        events: events.into_iter().map(stored_event).collect(),
        next_page_token,
    })
}

pub(in crate::grpc) async fn get(
    service: &WebhookEvents,
    request: pb::GetWebhookEventRequest,
) -> Result<pb::GetWebhookEventResponse, Error> {
    let event_id = validate::id("event_id", request.event_id)?;
    let found = service.store.get(&event_id).await.map_err(unavailable)?;
    let event = found.ok_or(Error::WebhookEventNotFound)?;
    Ok(pb::GetWebhookEventResponse {
        event: Some(stored_event(event)),
    })
}

pub(in crate::grpc) async fn dead_letters(
    service: &WebhookEvents,
    mut request: pb::ListDeadLettersRequest,
) -> Result<pb::ListDeadLettersResponse, Error> {
    let limit = page_size(std::mem::take(&mut request.page_size))?;
    let token = std::mem::take(&mut request.page_token);
    let before = page_token::decode(DEAD_LETTERS, &request, &token)?
        .map(|place| DeadCursor::from_bytes(&place).ok_or(Error::InvalidPageToken))
        .transpose()?;
    let query = DeadLetterQuery {
        projection: projection_filter("projection", request.projection)?,
        before,
        limit: limit + 1,
    };
    let found = service.store.dead_letters(query).await;
    let mut dead_letters = found.map_err(unavailable)?;
    let has_more = dead_letters.len() > limit;
    dead_letters.truncate(limit);
    let next_page_token = match dead_letters.last() {
        Some(last) if has_more => {
            page_token::encode(DEAD_LETTERS, &request, &last.cursor().to_bytes())
        }
        _ => String::new(),
    };
    Ok(pb::ListDeadLettersResponse {
        dead_letters: dead_letters.into_iter().map(dead_letter).collect(),
        next_page_token,
    })
}

fn page_size(asked: i32) -> Result<usize, Error> {
    let size = match asked {
        ..0 => return Err(Error::invalid("page_size", "must not be negative")),
        0 => DEFAULT_PAGE,
        size => size.min(MAX_PAGE),
    };
    Ok(usize::try_from(size).unwrap_or(1))
}

fn query(request: pb::ListWebhookEventsRequest) -> Result<EventQuery, Error> {
    let from = validate::optional_time("receive_time_from", request.receive_time_from)?;
    let until = validate::optional_time("receive_time_until", request.receive_time_until)?;
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        let rule = "must be later than receive_time_from";
        return Err(Error::invalid("receive_time_until", rule));
    }
    Ok(EventQuery {
        event_type: event_type("event_type", request.event_type)?,
        member_id: validate::optional_id("member_id", request.member_id)?,
        received_from: from,
        received_until: until,
        state: state_filter("state", request.state)?,
        before: None,
        limit: 0,
    })
}

fn dead_letter(dead: DeadLetter) -> pb::DeadLetter {
    pb::DeadLetter {
        event_id: dead.event_id,
        event_type: dead.event_type,
        projection: projection(dead.projection).into(),
        reason: dead.reason,
        attempts: count(dead.attempts),
        fail_time: Some(convert::timestamp(dead.failed_at)),
        receive_time: Some(convert::timestamp(dead.received_at)),
    }
}
