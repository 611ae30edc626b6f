//! The space that two members write to each other in, on older networks.
//!
//! BetterMode declares it a query; it finds the space or makes it, so it may be
//! repeated.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{POST_TYPE_COST, post_type_from},
};
use crate::{MemberId, PostType, SpaceId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/private_space.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct PrivateSpace;

operation!(PrivateSpace, private_space, Read, Member, |_| 1
    + 1
    + 5 * POST_TYPE_COST);
post_type_from!(private_space);

pub(crate) fn variables(recipient: &MemberId) -> private_space::Variables {
    private_space::Variables {
        input: private_space::PrivateMessageInput {
            member_ids: Some(vec![recipient.as_str().to_owned()]),
        },
    }
}

/// The space, and the post types that a message in it can have.
pub(crate) fn answer(data: private_space::ResponseData) -> (SpaceId, Vec<PostType>) {
    let space = data.private_message;
    let types = space
        .auth_member_props
        .and_then(|props| props.available_post_types);
    let types = types.into_iter().flatten().map(PostType::from).collect();
    (SpaceId::new(space.id), types)
}
