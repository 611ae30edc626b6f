//! A reply to a post or to a reply.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{DateTime, Id, mapping_fields, post_from},
};
use crate::{CreateReply, Post, PostTimes};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/create_reply.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct CreateReplyMutation;

operation!(
    CreateReplyMutation,
    create_reply_mutation,
    Write,
    Post,
    |_| 1
);
post_from!(create_reply_mutation, PostParts, |_parts| None);

pub(crate) fn variables(reply: CreateReply) -> create_reply_mutation::Variables {
    create_reply_mutation::Variables {
        post_id: reply.post_id.as_str().to_owned(),
        input: create_reply_mutation::CreatePostInput {
            post_type_id: reply.post_type_id.as_str().to_owned(),
            mapping_fields: mapping_fields!(create_reply_mutation, reply.fields),
            publish: true,
            owner_id: reply.owner_id.map(|id| id.as_str().to_owned()),
            tag_names: None,
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
pub(crate) fn variables_at(reply: CreateReply, at: PostTimes) -> create_reply_mutation::Variables {
    let mut variables = variables(reply);
    variables.input.created_at = Some(at.created_at);
    variables.input.published_at = Some(at.published_at);
    variables.input.updated_at = Some(at.created_at);
    variables
}

pub(crate) fn answer(data: create_reply_mutation::ResponseData) -> Post {
    data.create_reply.into()
}
