//! A new space.

use graphql_client::GraphQLQuery;

use super::{operation, parts::DateTime};
use crate::{NewSpace, SpaceId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/create_space.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct CreateSpace;

operation!(CreateSpace, create_space, Write, Network, |_| 1);

pub(crate) fn variables(new: NewSpace) -> create_space::Variables {
    create_space::Variables {
        input: create_space::CreateSpaceInput {
            name: new.name,
            slug: Some(new.slug),
            description: new.description,
            collection_id: new.collection_id.map(|id| id.as_str().to_owned()),
            type_: Some(create_space::SpaceType::Group),
            private: Some(new.private),
            hidden: Some(new.hidden),
            invite_only: Some(new.invite_only),
            non_admins_can_invite: None,
            member_ids: None,
            admin_ids: None,
            created_at: new.created_at,
            updated_at: None,
        },
    }
}

pub(crate) fn answer(data: create_space::ResponseData) -> SpaceId {
    SpaceId::new(data.create_space.id)
}
