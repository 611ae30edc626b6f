//! Pages of posts, with their fields and tags.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{
        DateTime, FULL_POST_COST, Id, fields_of, page_of, post_from, post_page_variables, tags_of,
    },
};
use crate::{Post, PostDetails, PostQuery, paging::Page};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/full_post_page.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct FullPostPage;

operation!(FullPostPage, full_post_page, Read, Space, |variables| {
    page_cost(variables.limit, FULL_POST_COST)
});
post_from!(full_post_page, FullPostParts, |parts| Some(PostDetails {
    fields: fields_of!(parts.fields),
    tags: tags_of!(parts.tags),
}));
post_page_variables!(full_post_page);

pub(crate) fn answer(data: full_post_page::ResponseData) -> Page<Post> {
    page_of!(data.posts)
}
