//! A change of an event in a calendar, on newer networks.

use graphql_client::GraphQLQuery;

use super::{
    event_parts::{EVENT_COST, event_from, event_inputs},
    operation,
    parts::{DateTime, Id, filled, spelling},
};
use crate::{CalendarEvent, Error, EventChange, EventId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/update_event.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct UpdateEvent;

operation!(UpdateEvent, update_event, Write, Event, |_| EVENT_COST);
event_from!(update_event);
event_inputs!(update_event);

/// What is not changed stays out. Refuses a place that the vendor would.
pub(crate) fn variables(
    id: &EventId,
    change: &EventChange,
) -> Result<update_event::Variables, Error> {
    let places = change
        .physical_places
        .as_deref()
        .map(physical)
        .transpose()?;
    Ok(update_event::Variables {
        id: id.as_str().to_owned(),
        input: update_event::UpdateEventInput {
            title: change.title.clone(),
            content: change.html.clone(),
            start_time: change.start,
            end_time: change.end,
            time_zone: change.time_zone.clone(),
            host_ids: change.host_ids.as_deref().map(members),
            notification_settings: change.notify.map(notifications),
            capacity: change.capacity.map(i64::from),
            physical_locations: places,
            virtual_locations: change.virtual_places.as_deref().map(virtual_),
            slug: None,
            tag_ids: None,
        },
    })
}

pub(crate) fn answer(data: update_event::ResponseData) -> CalendarEvent {
    data.update_event.into()
}
