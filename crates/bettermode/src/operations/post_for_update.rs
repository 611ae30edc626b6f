//! What has to be known of a post before it is changed.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{Id, POST_TYPE_COST, post_type_from, spelling},
};
use crate::{EditablePost, MappingField, PostId, PostType};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/post_for_update.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct PostForUpdate;

operation!(PostForUpdate, post_for_update, Read, Post, |_| 1
    + 5
    + POST_TYPE_COST);
post_type_from!(post_for_update);

pub(crate) fn variables(post: &PostId) -> post_for_update::Variables {
    post_for_update::Variables {
        id: post.as_str().to_owned(),
    }
}

/// Fields without a value are left out: an input does not take them either.
pub(crate) fn answer(data: post_for_update::ResponseData) -> EditablePost {
    let post = data.post;
    let fields = post.mapping_fields.into_iter().flatten();
    let fields = fields
        .filter(|field| field.value != "null")
        .map(|field| MappingField {
            key: field.key,
            kind: spelling(field.type_).into(),
            json_value: field.value,
        });
    EditablePost {
        status: spelling(post.status).into(),
        fields: fields.collect(),
        post_type: post.post_type.map(PostType::from),
    }
}
