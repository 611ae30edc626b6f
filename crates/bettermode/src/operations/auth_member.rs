//! Who the token acts as.

use graphql_client::GraphQLQuery;

use super::operation;
use crate::MemberId;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/auth_member.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct AuthMember;

operation!(AuthMember, auth_member, Read, Member, |_| 1);

pub(crate) fn variables() -> auth_member::Variables {
    auth_member::Variables
}

pub(crate) fn answer(data: auth_member::ResponseData) -> MemberId {
    MemberId::new(data.auth_member.id)
}
