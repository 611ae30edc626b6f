//! A new post in a space.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{DateTime, Id, mapping_fields, post_from},
};
use crate::{CreatePost, Post, PostTimes};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/create_post.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct CreatePostMutation;

operation!(
    CreatePostMutation,
    create_post_mutation,
    Write,
    Space,
    |_| 1
);
post_from!(create_post_mutation, PostParts, |_parts| None);

pub(crate) fn variables(post: CreatePost) -> create_post_mutation::Variables {
    let tags = Some(post.tag_names).filter(|names| !names.is_empty());
    create_post_mutation::Variables {
        space_id: post.space_id.as_str().to_owned(),
        input: create_post_mutation::CreatePostInput {
            post_type_id: post.post_type_id.as_str().to_owned(),
            mapping_fields: mapping_fields!(create_post_mutation, post.fields),
            publish: post.publish,
            owner_id: post.owner_id.map(|id| id.as_str().to_owned()),
            tag_names: tags,
            tag_ids: None,
            attachment_ids: None,
            key: None,
            external_id: None,
            external_url: None,
            locked: None,
            slug: None,
            created_at: None,
            published_at: None,
            updated_at: None,
        },
    }
}

/// The same, as of another time.
pub(crate) fn variables_at(post: CreatePost, at: PostTimes) -> create_post_mutation::Variables {
    let mut variables = variables(post);
    variables.input.created_at = Some(at.created_at);
    variables.input.published_at = Some(at.published_at);
    variables.input.updated_at = Some(at.created_at);
    variables
}

pub(crate) fn answer(data: create_post_mutation::ResponseData) -> Post {
    data.create_post.into()
}
