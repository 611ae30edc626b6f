//! Sending direct messages, by whichever way the network has.

use bettermode::{ConversationMessage, DirectMessage, FoundMessages, MemberId, SoughtMessage};
use jiff::Timestamp;

use crate::error::{Call, Error};
use crate::html;
use crate::upstream::Upstream;
use crate::writes::{Effect, Found, Made};

/// A message to send, checked.
#[derive(Debug, Clone)]
pub struct NewDirectMessage {
    /// Who receives it.
    pub recipient: MemberId,
    /// What it says, sanitised.
    pub html: String,
    /// Who sends it; `None` is the bot account.
    pub sender: Option<MemberId>,
    /// Marks it where the network has a place for that: newer ones, in a field that no
    /// reader sees. Such a message can be told from another with the same words.
    pub mark: Option<String>,
}

impl NewDirectMessage {
    /// What the recipient has of it in the end. As [`DirectMessages::find`] compares:
    /// by the words.
    #[must_use]
    pub fn effect(&self) -> Effect {
        let sender = self.sender.as_ref().map_or("", MemberId::as_str);
        let words = html::essence(&self.html);
        Effect::of(["direct message", sender, self.recipient.as_str(), &words])
    }
}

/// Sends direct messages.
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

    /// Sends `message`. Never tries twice.
    ///
    /// # Errors
    /// [`Error`]; [`Error::OutcomeUnknown`] when it may have been sent all the same.
    pub async fn send(&self, message: &NewDirectMessage) -> Result<Made<DirectMessage>, Error> {
        let call = match message.sender {
            None => Call::DIRECT_MESSAGE,
            Some(_) => Call::DIRECT_MESSAGE_AS,
        };
        let client = self.upstream.acting_as(message.sender.as_ref(), call)?;
        let mark = message.mark.as_deref();
        let sent = client
            .send_direct_message(&message.recipient, &message.html, mark)
            .await;
        self.upstream.settle(call, sent).map(made)
    }

    /// Looks for `message`, sent at `since` or later by the vendor's clock: for its
    /// mark, else for everything without a mark that says the same. It does not see
    /// what moderation holds or somebody deleted.
    ///
    /// # Errors
    /// [`Error`] when BetterMode cannot be asked.
    pub async fn find(
        &self,
        message: &NewDirectMessage,
        since: Timestamp,
    ) -> Result<Found<DirectMessage>, Error> {
        let call = Call::LOOK_FOR_MESSAGE;
        let client = self.upstream.acting_as(message.sender.as_ref(), call)?;
        let sought = SoughtMessage {
            recipient: &message.recipient,
            since,
            nonce: message.mark.as_deref(),
        };
        let words = html::essence(&message.html);
        let same = |found: &ConversationMessage| words_of(found) == words;
        let found = client.find_direct_message(&sought, same).await;
        if matches!(found, Err(bettermode::Error::NotSupported { .. })) {
            return Ok(Found::CannotTell);
        }
        let sent = |found: ConversationMessage| made(found.sent_to(message.recipient.clone()));
        Ok(match self.upstream.settle(call, found)? {
            FoundMessages::Marked(found) => Found::Marked(sent(found)),
            FoundMessages::Alike(found) => Found::Objects(found.into_iter().map(sent).collect()),
        })
    }
}

fn words_of(message: &ConversationMessage) -> String {
    if message.is_html {
        return html::essence(&message.content);
    }
    html::essence(&html::from_text(&message.content))
}

fn made(message: DirectMessage) -> Made<DirectMessage> {
    Made {
        object_id: Some(message.id.clone()),
        answer: message,
    }
}

#[cfg(test)]
mod tests {
    use bettermode::{ConversationId, Mechanism};

    use super::*;

    fn new(html: &str) -> NewDirectMessage {
        NewDirectMessage {
            recipient: MemberId::new("ada"),
            html: html.to_owned(),
            sender: None,
            mark: None,
        }
    }

    #[test]
    fn messages_with_the_same_words_from_one_to_another_have_one_effect() {
        let message = new("<p>Good day</p>");
        assert_eq!(message.effect(), new("<b>Good</b> day").effect());
        assert_ne!(message.effect(), new("<p>Good night</p>").effect());
        let as_bob = NewDirectMessage {
            sender: Some(MemberId::new("bob")),
            ..message.clone()
        };
        assert_ne!(message.effect(), as_bob.effect());
        let marked = NewDirectMessage {
            mark: Some("m".to_owned()),
            ..message.clone()
        };
        assert_eq!(message.effect(), marked.effect());
    }

    #[test]
    fn plain_text_is_compared_by_what_it_says_too() {
        let found = |content: &str, is_html| ConversationMessage {
            id: "m1".to_owned(),
            conversation_id: ConversationId::new("c1"),
            sender_id: MemberId::new("bot"),
            content: content.to_owned(),
            is_html,
            mechanism: Mechanism::Chat,
            nonce: None,
            sent_at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(
            words_of(&found("1 < 2", false)),
            words_of(&found("<p>1 &lt; 2</p>", true))
        );
    }
}
