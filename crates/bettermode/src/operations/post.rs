//! One post or reply, with its fields and tags.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{DateTime, FULL_POST_COST, Id, fields_of, post_from, tags_of},
};
use crate::{Post, PostDetails, PostId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/post.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct PostQuery;

operation!(PostQuery, post_query, Read, Post, |_| FULL_POST_COST);
post_from!(post_query, FullPostParts, |parts| Some(PostDetails {
    fields: fields_of!(parts.fields),
    tags: tags_of!(parts.tags),
}));

pub(crate) fn variables(post: &PostId) -> post_query::Variables {
    post_query::Variables {
        id: post.as_str().to_owned(),
    }
}

pub(crate) fn answer(data: post_query::ResponseData) -> Post {
    data.post.into()
}
