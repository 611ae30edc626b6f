//! Pages of a chat's messages, on newer networks.

use graphql_client::GraphQLQuery;

use super::{
    operation,
    parts::{DateTime, spelling},
};
use crate::{ConversationId, ConversationMessage, Mechanism, MemberId, paging::Page};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/chat_messages.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct ChatMessages;

// The list, its page info, and its messages as any list of objects.
operation!(ChatMessages, chat_messages, Read, Conversation, |_| 1
    + 1
    + 5);

pub(crate) fn variables(
    chat: &ConversationId,
    limit: u32,
    after: Option<String>,
) -> chat_messages::Variables {
    chat_messages::Variables {
        chat_id: chat.as_str().to_owned(),
        limit: limit.into(),
        after,
    }
}

/// What people wrote; the chat's own log of who came and went is left out.
pub(crate) fn answer(
    data: chat_messages::ResponseData,
    chat: &ConversationId,
) -> Page<ConversationMessage> {
    let list = data.messages;
    let message = |message: chat_messages::ChatMessagesMessagesData| {
        let kind = message.content_type.map(spelling).unwrap_or_default();
        (kind != "ChatLog").then(|| ConversationMessage {
            id: message.id,
            conversation_id: chat.clone(),
            sender_id: MemberId::new(message.author_id),
            content: message.content.unwrap_or_default(),
            is_html: kind != "Plain",
            mechanism: Mechanism::Chat,
            nonce: message.nonce,
            sent_at: message.sent_at,
        })
    };
    Page {
        nodes: list.data.into_iter().filter_map(message).collect(),
        end_cursor: list.page_info.end_cursor,
        has_next: list.page_info.has_next_page,
    }
}
