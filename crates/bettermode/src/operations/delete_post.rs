//! The end of a post or reply.

use graphql_client::GraphQLQuery;

use super::{operation, parts::Id};
use crate::PostId;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/delete_post.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct DeletePost;

operation!(DeletePost, delete_post, Write, Post, |_| 1);

pub(crate) fn variables(post: &PostId) -> delete_post::Variables {
    delete_post::Variables {
        id: post.as_str().to_owned(),
    }
}
