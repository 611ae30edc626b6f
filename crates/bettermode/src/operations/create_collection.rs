//! A new collection for spaces.

use graphql_client::GraphQLQuery;
use jiff::Timestamp;

use super::{operation, parts::DateTime};
use crate::CollectionId;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/create_collection.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct CreateCollection;

operation!(CreateCollection, create_collection, Write, Network, |_| 1);

pub(crate) fn variables(
    name: String,
    created_at: Option<Timestamp>,
) -> create_collection::Variables {
    create_collection::Variables {
        input: create_collection::CreateCollectionInput {
            name,
            description: None,
            created_at,
            updated_at: None,
        },
    }
}

pub(crate) fn answer(data: create_collection::ResponseData) -> CollectionId {
    CollectionId::new(data.create_collection.id)
}
