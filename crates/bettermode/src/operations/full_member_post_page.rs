//! Pages of one member's posts, with their fields and tags.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{
        DateTime, FULL_POST_COST, Id, fields_of, member_post_page_variables, page_of, post_from,
        tags_of,
    },
};
use crate::{MemberId, Post, PostDetails, paging::Page};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/full_member_post_page.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct FullMemberPostPage;

operation!(
    FullMemberPostPage,
    full_member_post_page,
    Read,
    Member,
    |variables| page_cost(variables.limit, FULL_POST_COST)
);
post_from!(full_member_post_page, FullPostParts, |parts| Some(
    PostDetails {
        fields: fields_of!(parts.fields),
        tags: tags_of!(parts.tags),
    }
));
member_post_page_variables!(full_member_post_page);

pub(crate) fn answer(data: full_member_post_page::ResponseData) -> Page<Post> {
    page_of!(data.member_posts)
}
