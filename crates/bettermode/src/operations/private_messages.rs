//! Pages of the posts in a private-message space, newest first, on older networks.
//!
//! The space is asked for along with them: a list of posts is empty, and no error,
//! where the space is not there for this token.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{DateTime, Id, spelling},
};
use crate::{ConversationId, ConversationMessage, Mechanism, MemberId, paging::Page};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/private_messages.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct PrivateMessages;

operation!(
    PrivateMessages,
    private_messages,
    Read,
    Conversation,
    // The space, and the posts with their fields.
    |variables| 1 + page_cost(variables.limit, 1 + 5)
);

pub(crate) fn variables(
    space: &ConversationId,
    limit: u32,
    after: Option<String>,
) -> private_messages::Variables {
    private_messages::Variables {
        space_id: space.as_str().to_owned(),
        space_ids: Some(vec![space.as_str().to_owned()]),
        limit: limit.into(),
        after,
    }
}

/// The messages; `None` when the space is an ordinary one.
pub(crate) fn answer(
    data: private_messages::ResponseData,
    space: &ConversationId,
) -> Option<Page<ConversationMessage>> {
    if spelling(data.space.type_) != "PrivateMessage" {
        return None;
    }
    let page = data.posts;
    let message = |post: private_messages::PrivateMessagesPostsNodes| ConversationMessage {
        content: body(post.mapping_fields.as_deref().unwrap_or_default()),
        id: post.id,
        conversation_id: space.clone(),
        sender_id: MemberId::new(post.created_by_id),
        is_html: true,
        mechanism: Mechanism::PrivateSpace,
        nonce: None,
        sent_at: post.created_at,
    };
    Some(Page {
        nodes: page.nodes.into_iter().flatten().map(message).collect(),
        end_cursor: page.page_info.end_cursor,
        has_next: page.page_info.has_next_page,
    })
}

/// The field `content`, else the first that is HTML; empty when there is none.
fn body(fields: &[private_messages::PrivateMessagesPostsNodesMappingFields]) -> String {
    let html = |field: &&private_messages::PrivateMessagesPostsNodesMappingFields| {
        matches!(field.type_, private_messages::PostMappingTypeEnum::Html)
    };
    let mut bodies = fields.iter().filter(html);
    let content = bodies.clone().find(|field| field.key == "content");
    let field = content.or_else(|| bodies.next());
    // The value is JSON in a text.
    field
        .and_then(|field| serde_json::from_str(&field.value).ok())
        .unwrap_or_default()
}
