//! Pages of the spaces that a member is in.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{Id, space_role},
};
use crate::{MemberId, Membership, SpaceId, paging::Page};

/// How many spaces a page asks for.
pub(crate) const PAGE: i64 = 100;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/member_spaces.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct MemberSpaces;

operation!(MemberSpaces, member_spaces, Read, Member, |variables| {
    page_cost(variables.limit, 1 + 1 + 1)
});

pub(crate) fn variables(member: &MemberId, after: Option<String>) -> member_spaces::Variables {
    member_spaces::Variables {
        member_id: member.as_str().to_owned(),
        limit: PAGE,
        after,
    }
}

pub(crate) fn answer(data: member_spaces::ResponseData) -> Page<(SpaceId, Membership)> {
    let page = data.member_spaces;
    let nodes = page.nodes.into_iter().flatten().filter_map(|node| {
        let membership = Membership {
            role: node.role.map(|role| space_role!(role)),
        };
        Some((SpaceId::new(node.space?.id), membership))
    });
    Page {
        nodes: nodes.collect(),
        end_cursor: page.page_info.end_cursor,
        has_next: page.page_info.has_next_page,
    }
}
