//! One space, by id.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{DateTime, Id, space_from},
};
use crate::{Space, SpaceId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/space.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct SpaceQuery;

operation!(SpaceQuery, space_query, Read, Space, |_| 1);
space_from!(space_query);

pub(crate) fn variables(id: &SpaceId) -> space_query::Variables {
    space_query::Variables {
        id: id.as_str().to_owned(),
    }
}

pub(crate) fn answer(data: space_query::ResponseData) -> Space {
    data.space.into()
}
