//! A change of a post.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{DateTime, Id, mapping_fields, post_from},
};
use crate::{Post, UpdatePost};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/update_post.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct UpdatePostMutation;

operation!(UpdatePostMutation, update_post_mutation, Write, Post, |_| 1);
post_from!(update_post_mutation, PostParts, |_parts| None);

pub(crate) fn variables(change: UpdatePost) -> update_post_mutation::Variables {
    update_post_mutation::Variables {
        id: change.id.as_str().to_owned(),
        input: update_post_mutation::UpdatePostInput {
            mapping_fields: change
                .fields
                .map(|fields| mapping_fields!(update_post_mutation, fields)),
            publish: change.publish,
            tag_names: change.tag_names,
            owner_id: None,
            attachment_ids: None,
            created_at: None,
            published_at: None,
            updated_at: None,
        },
    }
}

pub(crate) fn answer(data: update_post_mutation::ResponseData) -> Post {
    data.update_post.into()
}
