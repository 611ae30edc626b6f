//! Members into a space.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{Id, space_role},
};
use crate::{MemberId, Membership, SpaceId, SpaceRoleId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/add_space_members.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct AddSpaceMembers;

operation!(AddSpaceMembers, add_space_members, Write, Space, |_| 5
    * (1 + 1 + 1));

pub(crate) fn variables(
    space: &SpaceId,
    member: &MemberId,
    role: Option<&SpaceRoleId>,
) -> add_space_members::Variables {
    add_space_members::Variables {
        space_id: space.as_str().to_owned(),
        input: vec![add_space_members::AddSpaceMemberInput {
            member_id: member.as_str().to_owned(),
            role_id: role.map(|id| id.as_str().to_owned()),
        }],
    }
}

/// Several at once, with the space's ordinary role.
pub(crate) fn several(space: &SpaceId, members: &[MemberId]) -> add_space_members::Variables {
    let input = |member: &MemberId| add_space_members::AddSpaceMemberInput {
        member_id: member.as_str().to_owned(),
        role_id: None,
    };
    add_space_members::Variables {
        space_id: space.as_str().to_owned(),
        input: members.iter().map(input).collect(),
    }
}

/// Whom the vendor names as added.
pub(crate) fn added(data: add_space_members::ResponseData) -> Vec<MemberId> {
    let members = data.add_space_members.into_iter();
    let members = members.filter_map(|row| row.member);
    members.map(|member| MemberId::new(member.id)).collect()
}

/// `None` when the vendor names nobody whom it added.
pub(crate) fn answer(data: add_space_members::ResponseData) -> Option<Membership> {
    let added = data.add_space_members.into_iter().next()?;
    Some(Membership {
        role: added.role.map(|role| space_role!(role)),
    })
}
