//! Several members in one call, on newer networks.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{DateTime, MEMBER_COST, member_from},
};
use crate::{Member, MemberId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/members_by_ids.graphql",
    normalization = "rust",
    fragments_other_variant = "true",
    skip_serializing_none
)]
pub(crate) struct MembersByIds;

/// A list counts as five of its type, however long it is.
pub(crate) const COST: u32 = 5 * MEMBER_COST;

operation!(MembersByIds, members_by_ids, Read, Member, |_| COST);
member_from!(members_by_ids);

pub(crate) fn variables(ids: &[MemberId]) -> members_by_ids::Variables {
    members_by_ids::Variables {
        ids: ids.iter().map(|id| id.as_str().to_owned()).collect(),
    }
}

pub(crate) fn answer(data: members_by_ids::ResponseData) -> Vec<Member> {
    data.members_by_ids.into_iter().map(Member::from).collect()
}
