//! A new post in a space.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{DateTime, Id, filled, spelling},
};
use crate::{CreatePost, MappingField, MappingType, MemberId, Post, PostId, PostTypeId, SpaceId};

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

pub(crate) fn variables(post: CreatePost) -> create_post_mutation::Variables {
    let tags = Some(post.tag_names).filter(|names| !names.is_empty());
    create_post_mutation::Variables {
        space_id: post.space_id.as_str().to_owned(),
        input: create_post_mutation::CreatePostInput {
            post_type_id: post.post_type_id.as_str().to_owned(),
            mapping_fields: post.fields.into_iter().map(mapping_field).collect(),
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

pub(crate) fn answer(data: create_post_mutation::ResponseData) -> Post {
    let post = data.create_post;
    Post {
        id: PostId::new(post.id),
        space_id: SpaceId::new(post.space_id),
        post_type_id: PostTypeId::new(post.post_type_id),
        owner_id: MemberId::new(post.owner_id),
        created_by_id: MemberId::new(post.created_by_id),
        title: filled(post.title),
        status: spelling(post.status).into(),
        url: filled(post.url),
        created_at: post.created_at,
        updated_at: post.updated_at,
        published_at: post.published_at,
    }
}

fn mapping_field(field: MappingField) -> create_post_mutation::PostMappingFieldInput {
    create_post_mutation::PostMappingFieldInput {
        key: field.key,
        type_: mapping_type(field.kind),
        value: field.json_value,
    }
}

fn mapping_type(kind: MappingType) -> create_post_mutation::PostMappingTypeEnum {
    use create_post_mutation::PostMappingTypeEnum as Wire;
    match kind {
        MappingType::Text => Wire::Text,
        MappingType::Html => Wire::Html,
        MappingType::Date => Wire::Date,
        MappingType::Number => Wire::Number,
        MappingType::Boolean => Wire::Boolean,
        MappingType::Image => Wire::Image,
        MappingType::TextArray => Wire::TextArray,
        MappingType::NumberArray => Wire::NumberArray,
        MappingType::Other(text) => Wire::Other(text),
    }
}
