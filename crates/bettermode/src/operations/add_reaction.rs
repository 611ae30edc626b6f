//! A reaction of the token's member to a post.

use graphql_client::GraphQLQuery;

use super::{operation, parts::Id};
use crate::PostId;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/add_reaction.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct AddReaction;

operation!(AddReaction, add_reaction, Write, Post, |_| 1);

pub(crate) fn variables(post: &PostId, reaction: &str) -> add_reaction::Variables {
    add_reaction::Variables {
        post_id: post.as_str().to_owned(),
        input: add_reaction::AddReactionInput {
            reaction: reaction.to_owned(),
            override_single_choice_reactions: None,
            participant_id: None,
        },
    }
}
