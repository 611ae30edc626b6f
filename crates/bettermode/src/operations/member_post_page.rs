//! Pages of one member's posts, without what costs extra.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{DateTime, Id, POST_COST, member_post_page_variables, page_of, post_from},
};
use crate::{MemberId, Post, paging::Page};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/member_post_page.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct MemberPostPage;

operation!(
    MemberPostPage,
    member_post_page,
    Read,
    Member,
    |variables| page_cost(variables.limit, POST_COST)
);
post_from!(member_post_page, PostParts, |_parts| None);
member_post_page_variables!(member_post_page);

pub(crate) fn answer(data: member_post_page::ResponseData) -> Page<Post> {
    page_of!(data.member_posts)
}
