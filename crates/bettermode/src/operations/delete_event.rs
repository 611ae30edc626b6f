//! An event, taken out of its calendar, on newer networks. Its status becomes `deleted`.

use graphql_client::GraphQLQuery;

use super::{operation, parts::Id};
use crate::EventId;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/delete_event.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct DeleteEvent;

operation!(DeleteEvent, delete_event, Write, Event, |_| 1);

pub(crate) fn variables(id: &EventId) -> delete_event::Variables {
    delete_event::Variables {
        id: id.as_str().to_owned(),
    }
}
