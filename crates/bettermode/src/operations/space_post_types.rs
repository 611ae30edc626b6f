//! Pages of the post types that a space takes.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{Id, POST_TYPE_COST, post_type_from},
};
use crate::{PostType, SpaceId, paging::Page};

/// How many post types a page asks for.
pub(crate) const PAGE: i64 = 20;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/space_post_types.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct SpacePostTypes;

operation!(SpacePostTypes, space_post_types, Read, Space, |variables| {
    page_cost(variables.limit, 1 + POST_TYPE_COST)
});
post_type_from!(space_post_types);

pub(crate) fn variables(space: &SpaceId, after: Option<String>) -> space_post_types::Variables {
    space_post_types::Variables {
        space_id: space.as_str().to_owned(),
        context: Some(space_post_types::PostTypeContext::Post),
        limit: PAGE,
        after,
    }
}

pub(crate) fn answer(data: space_post_types::ResponseData) -> Page<PostType> {
    let page = data.space_post_types;
    let types = page
        .nodes
        .into_iter()
        .flatten()
        .filter_map(|node| node.post_type);
    Page {
        nodes: types.map(PostType::from).collect(),
        end_cursor: page.page_info.end_cursor,
        has_next: page.page_info.has_next_page,
    }
}
