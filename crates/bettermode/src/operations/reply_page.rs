//! Pages of the replies to one post, with their bodies and without their tags.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{DateTime, Id, REPLY_COST, fields_of, page_of, post_from},
};
use crate::{Post, PostDetails, PostId, paging::Page};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/reply_page.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct ReplyPage;

operation!(ReplyPage, reply_page, Read, Post, |variables| {
    page_cost(variables.limit, REPLY_COST)
});
post_from!(reply_page, ReplyParts, |parts| Some(PostDetails {
    fields: fields_of!(parts.fields),
    tags: Vec::new(),
}));

/// By the time of their creation.
pub(crate) fn variables(
    post: &PostId,
    ascending: bool,
    limit: u32,
    after: Option<String>,
) -> reply_page::Variables {
    reply_page::Variables {
        post_id: post.as_str().to_owned(),
        order_by: Some(reply_page::PostListOrderByEnum::CreatedAt),
        reverse: Some(!ascending),
        limit: limit.into(),
        after,
    }
}

pub(crate) fn answer(data: reply_page::ResponseData) -> Page<Post> {
    page_of!(data.replies)
}
