//! Sending direct messages.

use bettermode::MemberId;
use community_proto::v1 as pb;
use community_proto::v1::send_direct_message_request::Content;

use super::{Community, convert, validate};
use crate::error::Error;
use crate::html;

pub(super) async fn send(
    community: &Community,
    request: pb::SendDirectMessageRequest,
) -> Result<pb::SendDirectMessageResponse, Error> {
    let recipient = validate::id("recipient_member_id", request.recipient_member_id)?;
    let recipient = MemberId::new(recipient);
    let html = match validate::required("content", request.content)? {
        Content::Text(text) => html::from_text(&validate::text("text", text, 1, 20_000)?),
        Content::Html(html) => html::sanitise(&validate::text("html", html, 1, 100_000)?),
    };
    let sender =
        validate::optional_id("sender_member_id", request.sender_member_id)?.map(MemberId::new);
    let sent = community
        .direct_messages
        .send(&recipient, &html, sender.as_ref())
        .await?;
    Ok(pb::SendDirectMessageResponse {
        direct_message: Some(convert::direct_message(sent)),
    })
}
