//! Pages of the members who reacted to a post with one key.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{Id, filled},
};
use crate::{MemberId, PostId, Reaction, paging::Page};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/reaction_page.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct ReactionPage;

operation!(ReactionPage, reaction_page, Read, Post, |variables| {
    page_cost(variables.limit, 1 + 1)
});

pub(crate) fn variables(
    post: &PostId,
    reaction: &str,
    limit: u32,
    after: Option<String>,
) -> reaction_page::Variables {
    reaction_page::Variables {
        post_id: post.as_str().to_owned(),
        reaction: reaction.to_owned(),
        limit: limit.into(),
        after,
    }
}

/// Whoever BetterMode shows no member for is left out.
pub(crate) fn answer(data: reaction_page::ResponseData, reaction: &str) -> Page<Reaction> {
    let page = data.post_reaction_participants;
    let people = page.nodes.into_iter().flatten();
    let people = people.filter_map(|node| node.participant);
    let reactions = people.map(|member| Reaction {
        reaction: reaction.to_owned(),
        member_id: MemberId::new(member.id),
        member_name: filled(member.name),
    });
    Page {
        nodes: reactions.collect(),
        end_cursor: page.page_info.end_cursor,
        has_next: page.page_info.has_next_page,
    }
}
