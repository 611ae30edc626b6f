//! A member out of a space.

use graphql_client::GraphQLQuery;

use super::{operation, parts::Id};
use crate::{MemberId, SpaceId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/remove_space_members.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct RemoveSpaceMembers;

operation!(
    RemoveSpaceMembers,
    remove_space_members,
    Write,
    Space,
    |_| 5
);

pub(crate) fn variables(space: &SpaceId, member: &MemberId) -> remove_space_members::Variables {
    remove_space_members::Variables {
        space_id: space.as_str().to_owned(),
        member_ids: vec![member.as_str().to_owned()],
    }
}

/// Whether the vendor says that it was done.
pub(crate) fn answer(data: remove_space_members::ResponseData) -> bool {
    use remove_space_members::ActionStatus;
    let actions = data.remove_space_members;
    let done = |status: &ActionStatus| matches!(status, ActionStatus::Succeeded);
    !actions.is_empty() && actions.iter().all(|action| done(&action.status))
}
