//! How many reacted to a post, by the key of the reaction.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{Id, count, spelling},
};
use crate::{PostId, PostStatus, ReactionCount};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/reaction_counts.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct ReactionCounts;

operation!(ReactionCounts, reaction_counts, Read, Post, |_| 1 + 5);

pub(crate) fn variables(post: &PostId) -> reaction_counts::Variables {
    reaction_counts::Variables {
        id: post.as_str().to_owned(),
    }
}

/// Where the post is in its life, and the counts in BetterMode's order.
pub(crate) fn answer(data: reaction_counts::ResponseData) -> (PostStatus, Vec<ReactionCount>) {
    let reactions = data.post.reactions.into_iter().flatten();
    let counts = reactions.map(|detail| ReactionCount {
        reaction: detail.reaction,
        count: count(detail.count),
        reacted: detail.reacted,
    });
    (spelling(data.post.status).into(), counts.collect())
}
