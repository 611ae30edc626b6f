//! Sending and reading direct messages.

use bettermode::{ConversationId, ConversationMessage, ConversationRef, MemberId};
use community_proto::v1 as pb;
use community_proto::v1::direct_message::Content as Kept;
use community_proto::v1::list_direct_messages_request::Conversation;
use community_proto::v1::send_direct_message_request::Content;
use uuid::Uuid;

use super::keyed::{Key, Kind};
use super::{Community, convert, page_token, validate};
use crate::direct_messages::{Outgoing, id_for};
use crate::error::Error;
use crate::html;
use crate::writes::Write;

/// A read on the way and the write.
const SEND: Kind = Kind {
    method: "SendDirectMessage",
    attempted: "sending a direct message",
    requests: 2,
};

/// What page tokens are bound to, beside the filters.
const LIST: &str = "ListDirectMessages";
const DEFAULT_PAGE: u32 = 20;
const MAX_PAGE: u32 = 50;

/// Each is a request to BetterMode of its own, or two.
const MAX_RECIPIENTS: usize = 20;

/// Between the two parts of a place in a list; no id of BetterMode's holds it.
const SEPARATOR: char = '\n';

pub(super) async fn send(
    community: &Community,
    mut request: pb::SendDirectMessageRequest,
) -> Result<pb::SendDirectMessageResponse, Error> {
    let id = std::mem::take(&mut request.request_id);
    let one = std::mem::take(&mut request.recipient_member_id);
    let several = std::mem::take(&mut request.recipient_member_ids);
    // Whoever receives it is a part of each write's own name.
    let key = Key::new(SEND, &id, &request)?;
    let recipients = recipients(one, several)?;
    let html = match validate::required("content", request.content)? {
        Content::Text(text) => html::from_text(&validate::text("text", text, 1, 20_000)?),
        Content::Html(html) => html::sanitise(&validate::text("html", html, 1, 100_000)?),
    };
    let sender =
        validate::optional_id("sender_member_id", request.sender_member_id)?.map(MemberId::new);
    let message = |recipient: MemberId, id: Option<Uuid>| Outgoing {
        recipient,
        html: html.clone(),
        sender: sender.clone(),
        id,
    };
    match recipients {
        Recipients::One(recipient) => {
            let sent = deliver(community, &key, message(recipient, key.id())).await?;
            Ok(pb::SendDirectMessageResponse {
                direct_message: Some(sent),
                results: Vec::new(),
            })
        }
        Recipients::Several(recipients) => {
            let mut results = Vec::with_capacity(recipients.len());
            // One after the other: at once they would use up the budget of everybody.
            for recipient in recipients {
                let id = key.id().map(|id| id_for(id, &recipient));
                results.push(send_one(community, &key, message(recipient, id)).await);
            }
            Ok(pb::SendDirectMessageResponse {
                direct_message: None,
                results,
            })
        }
    }
}

/// One message, once for its id.
async fn deliver(
    community: &Community,
    key: &Key,
    message: Outgoing,
) -> Result<pb::DirectMessage, Error> {
    let write: Option<Write> = message
        .id
        .map(|id| key.part(id, message.recipient.as_str(), message.effect()));
    let (sending, sought) = (community.direct_messages.clone(), message.clone());
    let looking = sending.clone();
    community
        .writes
        .run(
            write,
            async move {
                Ok(sending
                    .attempt(&message)
                    .await?
                    .map(convert::direct_message))
            },
            move |since| async move {
                Ok(looking
                    .lookup(&sought, since)
                    .await?
                    .map(convert::direct_message))
            },
        )
        .await
}

enum Recipients {
    One(MemberId),
    Several(Vec<MemberId>),
}

fn recipients(one: String, several: Vec<String>) -> Result<Recipients, Error> {
    const FIELD: &str = "recipient_member_ids";
    if several.is_empty() {
        let id = validate::id("recipient_member_id", one)?;
        return Ok(Recipients::One(MemberId::new(id)));
    }
    if !one.is_empty() {
        return Err(Error::invalid(
            FIELD,
            "must be empty where recipient_member_id is set",
        ));
    }
    if several.len() > MAX_RECIPIENTS {
        return Err(Error::invalid(
            FIELD,
            format!("must be at most {MAX_RECIPIENTS}"),
        ));
    }
    let mut ids: Vec<MemberId> = Vec::with_capacity(several.len());
    for id in several {
        let id = MemberId::new(validate::id(FIELD, id)?);
        if ids.contains(&id) {
            return Err(Error::invalid(FIELD, "must not name a member twice"));
        }
        ids.push(id);
    }
    Ok(Recipients::Several(ids))
}

async fn send_one(
    community: &Community,
    key: &Key,
    message: Outgoing,
) -> pb::SendDirectMessageResult {
    let mut result = pb::SendDirectMessageResult {
        recipient_member_id: message.recipient.as_str().to_owned(),
        ..pb::SendDirectMessageResult::default()
    };
    match deliver(community, key, message).await {
        Ok(sent) => result.direct_message = Some(sent),
        Err(error) => {
            result.error = Some(pb::SendDirectMessageError {
                code: error.code().into(),
                reason: error.reason().into(),
                message: error.to_string(),
                retry_after: error
                    .retry_after()
                    .and_then(|wait| prost_types::Duration::try_from(wait).ok()),
            });
        }
    }
    result
}

pub(super) async fn list(
    community: &Community,
    mut request: pb::ListDirectMessagesRequest,
) -> Result<pb::ListDirectMessagesResponse, Error> {
    let asked = std::mem::take(&mut request.page_size);
    let limit = validate::page_size(asked, DEFAULT_PAGE, MAX_PAGE)?;
    let token = std::mem::take(&mut request.page_token);
    // What is left of the request are its filters.
    let filters = request.clone();
    let named = Named::of(validate::required("conversation", request.conversation)?)?;
    let reader =
        validate::optional_id("reader_member_id", request.reader_member_id)?.map(MemberId::new);
    // A place holds the conversation too, so that it is looked for once.
    let place = page_token::decode(LIST, &filters, &token)?;
    let place = place.map(|place| parse(&place)).transpose()?;
    let (found, after) = place.unzip();
    let named = found.flatten().unwrap_or(named);
    let which = match &named {
        Named::Id(id) => ConversationRef::Id(id),
        Named::With(member) => ConversationRef::With(member),
    };
    let page = community
        .direct_messages
        .list(which, reader.as_ref(), limit, after)
        .await?;
    let known = match (&named, page.items.first()) {
        (Named::Id(id), _) => id.as_str(),
        (Named::With(_), Some(message)) => message.conversation_id.as_str(),
        (Named::With(_), None) => "",
    };
    let next = page.next.map(|next| format!("{known}{SEPARATOR}{next}"));
    Ok(pb::ListDirectMessagesResponse {
        next_page_token: next
            .map(|place| page_token::encode(LIST, &filters, place.as_bytes()))
            .unwrap_or_default(),
        direct_messages: page.items.into_iter().map(message).collect(),
    })
}

/// How the caller names a conversation.
enum Named {
    Id(ConversationId),
    With(MemberId),
}

impl Named {
    fn of(conversation: Conversation) -> Result<Self, Error> {
        Ok(match conversation {
            Conversation::ConversationId(id) => {
                Self::Id(ConversationId::new(validate::id("conversation_id", id)?))
            }
            Conversation::MemberId(id) => Self::With(MemberId::new(validate::id("member_id", id)?)),
        })
    }
}

/// The conversation, where it was known, and BetterMode's cursor.
fn parse(place: &[u8]) -> Result<(Option<Named>, String), Error> {
    let text = std::str::from_utf8(place).ok();
    let (id, after) = text
        .and_then(|text| text.split_once(SEPARATOR))
        .ok_or(Error::InvalidPageToken)?;
    let named = (!id.is_empty()).then(|| Named::Id(ConversationId::new(id)));
    Ok((named, after.to_owned()))
}

fn message(message: ConversationMessage) -> pb::DirectMessage {
    let content = message.content.clone();
    let content = if message.is_html {
        Kept::Html(content)
    } else {
        Kept::Text(content)
    };
    pb::DirectMessage {
        recipient_member_id: String::new(),
        content: Some(content),
        ..convert::direct_message(message.sent_to(MemberId::new("")))
    }
}
