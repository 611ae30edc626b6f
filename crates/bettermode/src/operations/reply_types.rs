//! The post types that may answer a post.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{Id, POST_TYPE_COST, post_type_from, spelling},
};
use crate::{PostId, PostType, ReplyTarget};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/reply_types.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct ReplyTypes;

operation!(ReplyTypes, reply_types, Read, Post, |_| 1
    + 1
    + 5 * POST_TYPE_COST);
post_type_from!(reply_types);

pub(crate) fn variables(post: &PostId) -> reply_types::Variables {
    reply_types::Variables {
        id: post.as_str().to_owned(),
    }
}

pub(crate) fn answer(data: reply_types::ResponseData) -> ReplyTarget {
    let types = data.post.post_type.and_then(|kind| kind.valid_reply_types);
    ReplyTarget {
        status: spelling(data.post.status).into(),
        reply_types: types.into_iter().flatten().map(PostType::from).collect(),
    }
}
