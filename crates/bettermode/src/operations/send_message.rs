//! A chat message to one member, on newer networks.

use graphql_client::GraphQLQuery;

use super::{operation, parts::DateTime};
use crate::{ConversationId, DirectMessage, Mechanism, MemberId};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/send_message.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct SendMessage;

operation!(SendMessage, send_message, Write, Member, |_| 2);

pub(crate) fn variables(
    recipient: &MemberId,
    html: &str,
    nonce: Option<&str>,
) -> send_message::Variables {
    send_message::Variables {
        input: send_message::SendMessageToMemberInput {
            recipient_id: recipient.as_str().to_owned(),
            message: send_message::SendMessageToChatInput {
                content: html.to_owned(),
                nonce: nonce.map(str::to_owned),
                attachment_ids: None,
                embed_ids: None,
                image_ids: None,
            },
        },
    }
}

pub(crate) fn answer(data: send_message::ResponseData, recipient: &MemberId) -> DirectMessage {
    let sent = data.send_message_to_member;
    DirectMessage {
        id: sent.message.id,
        conversation_id: ConversationId::new(sent.chat_id),
        sender_id: MemberId::new(sent.message.author_id),
        recipient_id: recipient.clone(),
        mechanism: Mechanism::Chat,
        sent_at: sent.message.sent_at,
    }
}
