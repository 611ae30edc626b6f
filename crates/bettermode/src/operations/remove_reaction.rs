//! A reaction of the token's member, taken back.

use graphql_client::GraphQLQuery;

use super::{operation, parts::Id};
use crate::PostId;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/remove_reaction.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct RemoveReaction;

operation!(RemoveReaction, remove_reaction, Write, Post, |_| 1);

pub(crate) fn variables(post: &PostId, reaction: &str) -> remove_reaction::Variables {
    remove_reaction::Variables {
        post_id: post.as_str().to_owned(),
        reaction: reaction.to_owned(),
    }
}
