//! Pages of the events in a space's calendar, the last created first, on newer networks.

use graphql_client::GraphQLQuery;

use super::{
    event_parts::{EVENT_COST, event_from},
    operation, page_cost,
    parts::{DateTime, Id, filled, spelling},
};
use crate::{CalendarEvent, SpaceId, paging::Page};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/events.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct Events;

operation!(Events, events, Read, Space, |variables| {
    page_cost(variables.limit, EVENT_COST)
});
event_from!(events);

pub(crate) fn variables(space: &SpaceId, limit: u32, after: Option<String>) -> events::Variables {
    events::Variables {
        space_ids: Some(vec![space.as_str().to_owned()]),
        limit: limit.into(),
        after,
    }
}

pub(crate) fn answer(data: events::ResponseData) -> Page<CalendarEvent> {
    let page = data.events;
    Page {
        nodes: page
            .nodes
            .into_iter()
            .flatten()
            .map(CalendarEvent::from)
            .collect(),
        end_cursor: page.page_info.end_cursor,
        has_next: page.page_info.has_next_page,
    }
}
