//! A new event in a space's calendar, on newer networks.

use graphql_client::GraphQLQuery;

use super::{
    event_parts::{EVENT_COST, event_from, event_inputs},
    operation,
    parts::{DateTime, Id, filled, spelling},
};
use crate::{CalendarEvent, Error, NewEvent};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/create_event.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct CreateEvent;

operation!(CreateEvent, create_event, Write, Space, |_| EVENT_COST);
event_from!(create_event);
event_inputs!(create_event);

/// Refuses a place that the vendor would: see [`Error::InvalidInput`].
pub(crate) fn variables(new: &NewEvent) -> Result<create_event::Variables, Error> {
    let details = &new.details;
    Ok(create_event::Variables {
        space_id: new.space_id.as_str().to_owned(),
        input: create_event::CreateEventInput {
            title: details.title.clone(),
            content: details.html.clone(),
            start_time: details.start,
            end_time: details.end,
            time_zone: details.time_zone.clone(),
            host_ids: members(&details.host_ids),
            notification_settings: notifications(details.notify),
            capacity: details.capacity.map(i64::from),
            physical_locations: Some(physical(&details.physical_places)?),
            virtual_locations: Some(virtual_(&details.virtual_places)),
            slug: None,
            tag_ids: None,
        },
    })
}

pub(crate) fn answer(data: create_event::ResponseData) -> CalendarEvent {
    data.create_event.into()
}
