//! One event that is a post, with its post type, on older networks.

use graphql_client::GraphQLQuery;

use super::{
    event_post_parts::{EVENT_POST_COST, event_post_from},
    operation,
    parts::{DateTime, Id, POST_TYPE_COST, filled, post_type_from, spelling},
};
use crate::{EventId, PostType, event_post::EventPost as Post};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/event_post.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct EventPost;

operation!(EventPost, event_post, Read, Event, |_| EVENT_POST_COST
    + POST_TYPE_COST);
event_post_from!(event_post);
post_type_from!(event_post);

pub(crate) fn variables(id: &EventId) -> event_post::Variables {
    event_post::Variables {
        id: id.as_str().to_owned(),
    }
}

pub(crate) fn answer(data: event_post::ResponseData) -> (Post, Option<PostType>) {
    let post = data.post;
    (
        post.event_post_parts.into(),
        post.post_type.map(PostType::from),
    )
}
