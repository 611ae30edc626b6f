//! An account for somebody.
//!
//! The vendor offers live tokens of that person with the answer; they are not asked
//! for, so that nothing here could keep or log them.

use graphql_client::GraphQLQuery;
use secrecy::ExposeSecret as _;

use super::{operation, parts::DateTime};
use crate::{MemberId, NewAccount};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/join_network.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct JoinNetwork;

operation!(JoinNetwork, join_network, Write, Member, |_| 2);

pub(crate) fn variables(new: NewAccount) -> join_network::Variables {
    join_network::Variables {
        input: join_network::JoinNetworkInput {
            email: new.email.as_str().to_owned(),
            name: new.name,
            password: new.password.expose_secret().to_owned(),
            username: None,
            phone: None,
            verified: None,
            created_at: new.created_at,
            updated_at: None,
        },
    }
}

pub(crate) fn answer(data: join_network::ResponseData) -> MemberId {
    MemberId::new(data.join_network.member.id)
}
