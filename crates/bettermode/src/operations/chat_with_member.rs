//! The chat with one member, on newer networks. Not found where nobody has written yet.

use graphql_client::GraphQLQuery;

use super::operation;
use crate::{ConversationId, MemberId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/chat_with_member.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct ChatWithMember;

operation!(ChatWithMember, chat_with_member, Read, Conversation, |_| 1);

pub(crate) fn variables(member: &MemberId) -> chat_with_member::Variables {
    chat_with_member::Variables {
        member_id: member.as_str().to_owned(),
    }
}

pub(crate) fn answer(data: chat_with_member::ResponseData) -> ConversationId {
    ConversationId::new(data.find_chat_with_member.id)
}
