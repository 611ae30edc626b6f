//! Pages of posts, without what costs extra.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{DateTime, Id, POST_COST, page_of, post_from, post_page_variables},
};
use crate::{Post, PostQuery, paging::Page};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/post_page.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct PostPage;

operation!(PostPage, post_page, Read, Space, |variables| {
    page_cost(variables.limit, POST_COST)
});
post_from!(post_page, PostParts, |_parts| None);
post_page_variables!(post_page);

pub(crate) fn answer(data: post_page::ResponseData) -> Page<Post> {
    page_of!(data.posts)
}
