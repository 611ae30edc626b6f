//! Sending direct messages.

use bettermode::{DirectMessage, MemberId};
use community_proto::v1 as pb;
use community_proto::v1::send_direct_message_request::Content;
use prost::Message as _;

use super::{Community, convert, validate};
use crate::direct_messages::NewDirectMessage;
use crate::error::Error;
use crate::html;
use crate::writes::{Fingerprint, Write};

const METHOD: &str = "SendDirectMessage";

pub(super) async fn send(
    community: &Community,
    mut request: pb::SendDirectMessageRequest,
) -> Result<pb::SendDirectMessageResponse, Error> {
    let id = std::mem::take(&mut request.request_id);
    let id = validate::request_id("request_id", &id)?;
    let fingerprint = Fingerprint::of([METHOD.as_bytes(), &request.encode_to_vec()]);
    let message = NewDirectMessage {
        mark: id.map(|id| id.to_string()),
        ..new_message(request)?
    };
    let write = id.map(|request_id| Write {
        request_id,
        method: METHOD,
        attempted: "sending a direct message",
        fingerprint,
        effect: message.effect(),
    });
    let (sending, sought) = (community.direct_messages.clone(), message.clone());
    let looking = sending.clone();
    community
        .writes
        .run(
            write,
            async move { Ok(sending.send(&message).await?.map(answer)) },
            move |since| async move { Ok(looking.find(&sought, since).await?.map(answer)) },
        )
        .await
}

fn new_message(request: pb::SendDirectMessageRequest) -> Result<NewDirectMessage, Error> {
    let recipient = validate::id("recipient_member_id", request.recipient_member_id)?;
    let html = match validate::required("content", request.content)? {
        Content::Text(text) => html::from_text(&validate::text("text", text, 1, 20_000)?),
        Content::Html(html) => html::sanitise(&validate::text("html", html, 1, 100_000)?),
    };
    let sender =
        validate::optional_id("sender_member_id", request.sender_member_id)?.map(MemberId::new);
    Ok(NewDirectMessage {
        recipient: MemberId::new(recipient),
        html,
        sender,
        mark: None,
    })
}

fn answer(sent: DirectMessage) -> pb::SendDirectMessageResponse {
    pb::SendDirectMessageResponse {
        direct_message: Some(convert::direct_message(sent)),
    }
}
