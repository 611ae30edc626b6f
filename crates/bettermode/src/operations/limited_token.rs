//! A token for the app itself, or for a member it acts for.

use graphql_client::GraphQLQuery;
use secrecy::SecretString;

use super::operation;
use crate::{MemberId, NetworkId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/limited_token.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct LimitedToken;

operation!(LimitedToken, limited_token, Read, Network, |_| 1);

/// In the context of a network the entity is the network itself; sending all
/// three satisfies every snapshot of the schema.
pub(crate) fn variables(
    network: &NetworkId,
    member: Option<&MemberId>,
) -> limited_token::Variables {
    limited_token::Variables {
        network_id: network.as_str().to_owned(),
        context: limited_token::PermissionContext::Network,
        entity_id: network.as_str().to_owned(),
        impersonate_member_id: member.map(|id| id.as_str().to_owned()),
    }
}

pub(crate) fn answer(data: limited_token::ResponseData) -> SecretString {
    data.limited_token.access_token.into()
}
