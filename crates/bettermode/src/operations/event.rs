//! One event of a calendar, and whether the token's member is registered for it, on
//! newer networks.

use graphql_client::GraphQLQuery;

use super::{
    event_parts::{EVENT_COST, event_from},
    operation,
    parts::{DateTime, Id, filled, spelling},
};
use crate::{CalendarEvent, EventId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/event.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct EventQuery;

operation!(EventQuery, event_query, Read, Event, |_| EVENT_COST + 1 + 1);
event_from!(event_query);

pub(crate) fn variables(id: &EventId) -> event_query::Variables {
    event_query::Variables {
        id: id.as_str().to_owned(),
    }
}

/// The event, and whether the token's member is registered.
pub(crate) fn answer(data: event_query::ResponseData) -> (CalendarEvent, bool) {
    let event = data.event;
    let registration = event
        .auth_member_props
        .and_then(|props| props.event_registration);
    let registered = registration.is_some_and(|one| spelling(one.status) == "registered");
    (event.event_parts.into(), registered)
}
