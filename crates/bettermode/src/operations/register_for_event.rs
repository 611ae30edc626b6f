//! A place at an event for the token's member, on newer networks.

use graphql_client::GraphQLQuery;

use super::{operation, parts::Id};
use crate::EventId;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/register_for_event.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct RegisterForEvent;

operation!(RegisterForEvent, register_for_event, Write, Event, |_| 1);

pub(crate) fn variables(id: &EventId) -> register_for_event::Variables {
    register_for_event::Variables {
        event_id: id.as_str().to_owned(),
    }
}
