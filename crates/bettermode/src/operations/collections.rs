//! The collections that spaces are in.

use graphql_client::GraphQLQuery;

use super::{operation, parts::DateTime};
use crate::{Collection, CollectionId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/collections.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct Collections;

operation!(Collections, collections, Read, Network, |_| 5);

pub(crate) fn variables() -> collections::Variables {
    collections::Variables
}

pub(crate) fn answer(data: collections::ResponseData) -> Vec<Collection> {
    let collection = |row: collections::CollectionsCollections| Collection {
        id: CollectionId::new(row.id),
        name: row.name,
        created_at: row.created_at,
    };
    data.collections.into_iter().map(collection).collect()
}
