//! Pages of the members of a space.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{DateTime, Id, MEMBER_COST, member_from, space_role},
};
use crate::{Member, SpaceId, SpaceMember, SpaceRoleId, paging::Page};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/space_members.graphql",
    normalization = "rust",
    fragments_other_variant = "true",
    skip_serializing_none
)]
pub(crate) struct SpaceMembers;

operation!(SpaceMembers, space_members, Read, Space, |variables| {
    page_cost(variables.limit, 1 + MEMBER_COST + 1)
});
member_from!(space_members);

pub(crate) fn variables(
    space: &SpaceId,
    roles: &[SpaceRoleId],
    limit: u32,
    after: Option<String>,
) -> space_members::Variables {
    let roles: Vec<_> = roles.iter().map(|id| id.as_str().to_owned()).collect();
    space_members::Variables {
        space_id: space.as_str().to_owned(),
        limit: i64::from(limit),
        after,
        role_ids: Some(roles).filter(|roles| !roles.is_empty()),
    }
}

/// The page, and how many there are in all. Whoever is no member of the community
/// any more has no member there, and is left out.
pub(crate) fn answer(data: space_members::ResponseData) -> (Page<SpaceMember>, Option<i64>) {
    let page = data.space_members;
    let nodes = page.nodes.into_iter().flatten().filter_map(|node| {
        Some(SpaceMember {
            member: Member::from(node.member?),
            role: node.role.map(|role| space_role!(role)),
        })
    });
    let answer = Page {
        nodes: nodes.collect(),
        end_cursor: page.page_info.end_cursor,
        has_next: page.page_info.has_next_page,
    };
    (answer, page.total_count)
}
