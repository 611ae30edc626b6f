//! An event that is a post, deleted, on older networks.

use graphql_client::GraphQLQuery;

use super::{operation, parts::Id};
use crate::EventId;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/delete_event_post.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct DeleteEventPost;

operation!(DeleteEventPost, delete_event_post, Write, Event, |_| 1);

pub(crate) fn variables(id: &EventId) -> delete_event_post::Variables {
    delete_event_post::Variables {
        id: id.as_str().to_owned(),
    }
}
