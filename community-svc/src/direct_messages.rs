//! Sending and reading direct messages, by whichever way the network has.

use bettermode::{
    ConversationMessage, ConversationRef, DirectMessage, FoundMessages, Listed, MemberId,
    SoughtMessage,
};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

use crate::error::{Call, Error};
use crate::html;
use crate::upstream::Upstream;
use crate::writes::{Effect, Found, Made};

/// A message to one member, checked: what an attempt sends and a look-up looks for.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Who receives it.
    pub recipient: MemberId,
    /// Sanitised.
    pub html: String,
    /// As whom it is sent; `None` is the bot account.
    pub sender: Option<MemberId>,
    /// Marks the message where the network has a place for it; see [`id_for`].
    pub id: Option<Uuid>,
}

impl Outgoing {
    /// What the recipient has of it in the end, by its words: what a look-up compares.
    #[must_use]
    pub fn effect(&self) -> Effect {
        let sender = self.sender.as_ref().map_or("", MemberId::as_str);
        let words = html::words(&self.html);
        Effect::of(["direct message", sender, self.recipient.as_str(), &words])
    }

    fn call(&self) -> Call {
        match self.sender {
            None => Call::DIRECT_MESSAGE,
            Some(_) => Call::DIRECT_MESSAGE_AS,
        }
    }
}

/// The id of the message to one of several members, made of the request's: each message
/// is a write of its own, and the same call has the same ids.
#[must_use]
pub fn id_for(request_id: Uuid, recipient: &MemberId) -> Uuid {
    let mut hasher = Sha256::new();
    hasher.update(request_id.as_bytes());
    hasher.update(recipient.as_str());
    let digest: [u8; 32] = hasher.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// Sends and reads direct messages.
#[derive(Debug, Clone)]
pub struct DirectMessages {
    upstream: Upstream,
}

impl DirectMessages {
    /// Over this upstream.
    #[must_use]
    pub fn new(upstream: Upstream) -> Self {
        Self { upstream }
    }

    /// Sends a message. Never tries twice.
    ///
    /// # Errors
    /// [`Error`]; [`Error::OutcomeUnknown`] when it may have been sent all the same.
    pub async fn attempt(&self, message: &Outgoing) -> Result<Made<DirectMessage>, Error> {
        let call = message.call();
        let client = self.upstream.acting_as(message.sender.as_ref(), call)?;
        let nonce = message.id.map(|id| id.to_string());
        let sent = client.send_direct_message(&message.recipient, &message.html, nonce.as_deref());
        self.upstream.settle(call, sent.await).map(made)
    }

    /// Looks for a message that an attempt since then may have sent. Sends nothing.
    ///
    /// Where the network keeps no ids, messages are compared by their words alone,
    /// without markup and white space, because BetterMode may rewrite both. So what it
    /// cannot tell: messages of the same words apart, whoever sent them as this sender,
    /// and two that are made of pictures alone; one that moderation holds or somebody
    /// deleted, which is not listed; one that BetterMode will still record, because it is
    /// still carrying out a request that was given up on. See
    /// [`find_direct_message`](bettermode::Client::find_direct_message).
    ///
    /// # Errors
    /// [`Error`]: the look-up failed, and nothing is known.
    pub async fn lookup(
        &self,
        message: &Outgoing,
        since: Timestamp,
    ) -> Result<Found<DirectMessage>, Error> {
        let call = Call::CONVERSATION;
        let client = self.upstream.acting_as(message.sender.as_ref(), call)?;
        let nonce = message.id.map(|id| id.to_string());
        let sought = SoughtMessage {
            recipient: &message.recipient,
            since,
            nonce: nonce.as_deref(),
        };
        let words = html::words(&message.html);
        let same = |found: &ConversationMessage| says(found) == words;
        let found = client.find_direct_message(&sought, same).await;
        if matches!(found, Err(bettermode::Error::NotSupported { .. })) {
            // Chats that cannot be read: nobody can know.
            return Ok(Found::CannotTell);
        }
        let sent = |found: ConversationMessage| made(found.sent_to(message.recipient.clone()));
        Ok(match self.upstream.settle(call, found)? {
            FoundMessages::Marked(found) => Found::Marked(sent(found)),
            FoundMessages::Alike(found) => Found::Objects(found.into_iter().map(sent).collect()),
        })
    }

    /// One page of a conversation as `reader`, or the bot account, sees it.
    ///
    /// # Errors
    /// [`Error::ConversationNotFound`]; any of [`Error`].
    pub async fn list(
        &self,
        which: ConversationRef<'_>,
        reader: Option<&MemberId>,
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<ConversationMessage>, Error> {
        let call = Call::CONVERSATION;
        let client = self.upstream.acting_as(reader, call)?;
        let page = client.conversation(which, limit, after).await;
        self.upstream.settle(call, page)
    }
}

fn made(message: DirectMessage) -> Made<DirectMessage> {
    Made::object(message.id.clone(), message)
}

fn says(message: &ConversationMessage) -> String {
    if message.is_html {
        html::words(&message.content)
    } else {
        html::words(&html::from_text(&message.content))
    }
}

#[cfg(test)]
mod tests;
