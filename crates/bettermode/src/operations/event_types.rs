//! Every kind of webhook that the network can send.

use graphql_client::GraphQLQuery;

use super::{operation, parts::spelling};
use crate::EventType;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/event_types.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct EventTypes;

operation!(EventTypes, event_types, Read, Network, |_| 5);

pub(crate) fn variables() -> event_types::Variables {
    event_types::Variables
}

pub(crate) fn answer(data: event_types::ResponseData) -> Vec<EventType> {
    let kind = |kind: event_types::EventTypesGlobalEventTypes| EventType {
        name: kind.name,
        noun: kind.noun,
        verb: spelling(kind.verb),
        required_scope: kind.required_scope,
        short_description: kind.short_description,
        description: kind.description,
    };
    data.global_event_types.into_iter().map(kind).collect()
}
