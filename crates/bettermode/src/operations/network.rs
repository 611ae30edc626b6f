//! The community itself.

use graphql_client::GraphQLQuery;

use super::operation;
use crate::{Network, NetworkId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/network.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct NetworkQuery;

operation!(NetworkQuery, network_query, Read, Network, |_| 1);

pub(crate) fn variables() -> network_query::Variables {
    network_query::Variables
}

pub(crate) fn answer(data: network_query::ResponseData) -> Network {
    Network {
        id: NetworkId::new(data.network.id),
        name: data.network.name,
        domain: data.network.domain,
        locale: data.network.locale,
    }
}
