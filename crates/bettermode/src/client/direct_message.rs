//! A message to one member, by whichever of the two ways the network has.

use super::Client;
use crate::{
    ConversationId, CreatePost, DirectMessage, Error, MappingField, Mechanism, MemberId, PostType,
    SpaceId, Subject,
    operations::{private_space, send_message},
};

/// The title of a message where the network's post type insists on one.
const TITLE: &str = "Direct message";

impl Client {
    /// Sends a message of HTML to a member. The HTML goes out as it is: sanitise
    /// it before. Never sent twice.
    ///
    /// A `nonce` marks the message, so that [`find_direct_message`] knows it again;
    /// private spaces have no place for it. What BetterMode does with a message whose
    /// nonce it has seen is not documented.
    ///
    /// [`find_direct_message`]: Self::find_direct_message
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been sent; [`Error::NotFound`]
    /// for an unknown member, or when no post type fits a message; any of
    /// [`Error`].
    pub async fn send_direct_message(
        &self,
        recipient: &MemberId,
        html: &str,
        nonce: Option<&str>,
    ) -> Result<DirectMessage, Error> {
        if self.capabilities().await?.send_message_to_member {
            self.send_by_chat(recipient, html, nonce).await
        } else {
            self.send_by_private_space(recipient, html).await
        }
    }

    async fn send_by_chat(
        &self,
        recipient: &MemberId,
        html: &str,
        nonce: Option<&str>,
    ) -> Result<DirectMessage, Error> {
        let variables = send_message::variables(recipient, html, nonce);
        let data = self.call::<send_message::SendMessage>(variables).await?;
        Ok(send_message::answer(data, recipient))
    }

    async fn send_by_private_space(
        &self,
        recipient: &MemberId,
        html: &str,
    ) -> Result<DirectMessage, Error> {
        let variables = private_space::variables(recipient);
        let data = self.call::<private_space::PrivateSpace>(variables).await?;
        let (space_id, post_types) = private_space::answer(data);
        let message = message(space_id, &post_types, html)?;
        let post = self.create_post(message).await?;
        Ok(DirectMessage {
            id: post.id.as_str().to_owned(),
            conversation_id: ConversationId::new(post.space_id.as_str()),
            sender_id: post.created_by_id,
            recipient_id: recipient.clone(),
            mechanism: Mechanism::PrivateSpace,
            sent_at: post.created_at,
        })
    }
}

/// The post that is the message: by a post type that wants only a body, else by
/// one that wants a title too.
fn message(space_id: SpaceId, types: &[PostType], html: &str) -> Result<CreatePost, Error> {
    let body_only = types.iter().find(|kind| {
        kind.content_key()
            .is_some_and(|key| kind.needs_only(&[key]))
    });
    if let Some((kind, key)) = body_only.and_then(|kind| Some((kind, kind.content_key()?))) {
        return Ok(CreatePost {
            space_id,
            post_type_id: kind.id.clone(),
            fields: vec![MappingField::html(key, html)],
            publish: true,
            owner_id: None,
            tag_names: Vec::new(),
        });
    }
    let mut titled = types
        .iter()
        .map(|kind| CreatePost::article(space_id.clone(), kind, TITLE, html));
    titled.find_map(Result::ok).ok_or(Error::NotFound {
        what: Subject::PostType,
    })
}
