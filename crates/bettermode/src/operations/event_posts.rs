//! Pages of the posts of some types in a space, the last created first, on older networks.

use graphql_client::GraphQLQuery;

use super::{
    event_post_parts::{EVENT_POST_COST, event_post_from},
    operation, page_cost,
    parts::{DateTime, Id, filled, spelling},
};
use crate::{PostTypeId, SpaceId, event_post::EventPost, paging::Page};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/event_posts.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct EventPosts;

operation!(EventPosts, event_posts, Read, Space, |variables| {
    page_cost(variables.limit, EVENT_POST_COST)
});
event_post_from!(event_posts);

pub(crate) fn variables<'a>(
    space: &SpaceId,
    types: impl Iterator<Item = &'a PostTypeId>,
    limit: u32,
    after: Option<String>,
) -> event_posts::Variables {
    event_posts::Variables {
        space_ids: Some(vec![space.as_str().to_owned()]),
        post_type_ids: Some(types.map(|id| id.as_str().to_owned()).collect()),
        limit: limit.into(),
        after,
    }
}

pub(crate) fn answer(data: event_posts::ResponseData) -> Page<EventPost> {
    let page = data.posts;
    Page {
        nodes: page
            .nodes
            .into_iter()
            .flatten()
            .map(EventPost::from)
            .collect(),
        end_cursor: page.page_info.end_cursor,
        has_next: page.page_info.has_next_page,
    }
}
