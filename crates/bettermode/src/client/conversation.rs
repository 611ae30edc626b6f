//! Reading conversations, and finding a message in one that may have been sent.

use jiff::Timestamp;

use super::Client;
use crate::{
    ConversationId, ConversationMessage, ConversationRef, Error, FoundMessages, Listed, Mechanism,
    MemberId, SoughtMessage, Subject,
    operations::{Operation, chat_messages, chat_with_member, private_messages, private_space},
    paging::{Page, each_page},
};

/// How many messages a page asks for when one is sought: what was just sent is on the
/// first.
const PAGE: u32 = 20;

impl Client {
    /// One page of a conversation that this client's token takes part in, newest first;
    /// of a chat in the network's own order, which is not documented.
    ///
    /// On older networks naming the other member opens the private space where there is
    /// none yet, because BetterMode has no other way to find it; nobody notices before
    /// the first message in it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a conversation that is not there for this token;
    /// [`Error::NotSupported`] where the network's chats cannot be read; any of
    /// [`Error`].
    pub async fn conversation(
        &self,
        which: ConversationRef<'_>,
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<ConversationMessage>, Error> {
        let mechanism = self.readable_mechanism().await?;
        let id = match which {
            ConversationRef::Id(id) => id.clone(),
            ConversationRef::With(member) => self.conversation_with(member, mechanism).await?,
        };
        let begin = after.clone();
        let page = self.messages(&id, mechanism, limit, after).await?;
        page.listed(chat_messages::ChatMessages::NAME, begin.as_deref(), None)
    }

    /// Looks for a message that this client's token may have sent: for its nonce, and
    /// where messages bear none, for what the token's member wrote to the recipient
    /// since then and `same` takes for the content. Changes nothing, but see
    /// [`conversation`](Self::conversation) about the private space.
    ///
    /// What it cannot tell:
    /// - Without a nonce (always so in a private space), a message that was sent with
    ///   the same words on purpose looks like the one sought. All of them are
    ///   answered: leave out those that are known to be others.
    /// - That a message will not appear after this answer: BetterMode may still be
    ///   carrying out a request that was given up on, and promises no consistency.
    /// - Whether moderation held a message, or somebody deleted it: neither is listed.
    /// - Whether the vendor rewrote the content: compare generously, by words rather
    ///   than by markup.
    ///
    /// # Errors
    /// [`Error::NotSupported`] where the network's chats cannot be read: then nobody
    /// can know; any of [`Error`]. No conversation is no error: nothing was sent.
    pub async fn find_direct_message(
        &self,
        sought: &SoughtMessage<'_>,
        same: impl Fn(&ConversationMessage) -> bool,
    ) -> Result<FoundMessages, Error> {
        let mechanism = self.readable_mechanism().await?;
        let id = match self.conversation_with(sought.recipient, mechanism).await {
            Ok(id) => id,
            Err(Error::NotFound { .. }) => return Ok(FoundMessages::Alike(Vec::new())),
            Err(error) => return Err(error),
        };
        let mut sent = Vec::new();
        let fetch = |after| self.messages(&id, mechanism, PAGE, after);
        let take = |page: Vec<ConversationMessage>| {
            let done = is_behind(&page, sought.since);
            sent.extend(page.into_iter().filter(|message| {
                message.sent_at >= sought.since && message.sender_id != *sought.recipient
            }));
            done
        };
        each_page(chat_messages::ChatMessages::NAME, fetch, take).await?;
        Ok(judge(sent, sought.nonce, same))
    }

    /// How messages are read here: the way that they are sent.
    async fn readable_mechanism(&self) -> Result<Mechanism, Error> {
        let capabilities = self.capabilities().await?;
        match (capabilities.send_message_to_member, capabilities.read_chats) {
            (false, _) => Ok(Mechanism::PrivateSpace),
            (true, true) => Ok(Mechanism::Chat),
            (true, false) => Err(Error::NotSupported {
                what: "reading chats",
            }),
        }
    }

    async fn conversation_with(
        &self,
        member: &MemberId,
        mechanism: Mechanism,
    ) -> Result<ConversationId, Error> {
        match mechanism {
            Mechanism::Chat => self
                .call::<chat_with_member::ChatWithMember>(chat_with_member::variables(member))
                .await
                .map(chat_with_member::answer),
            Mechanism::PrivateSpace => {
                let variables = private_space::variables(member);
                let data = self.call::<private_space::PrivateSpace>(variables).await?;
                let (space, _) = private_space::answer(data);
                Ok(ConversationId::new(space.as_str()))
            }
        }
    }

    async fn messages(
        &self,
        id: &ConversationId,
        mechanism: Mechanism,
        limit: u32,
        after: Option<String>,
    ) -> Result<Page<ConversationMessage>, Error> {
        match mechanism {
            Mechanism::Chat => {
                let variables = chat_messages::variables(id, limit, after);
                let data = self.call::<chat_messages::ChatMessages>(variables).await?;
                Ok(chat_messages::answer(data, id))
            }
            Mechanism::PrivateSpace => {
                let variables = private_messages::variables(id, limit, after);
                let data = self
                    .call::<private_messages::PrivateMessages>(variables)
                    .await?;
                private_messages::answer(data, id).ok_or(Error::NotFound {
                    what: Subject::Conversation,
                })
            }
        }
    }
}

/// Whether pages run backwards in time and have passed `since`. The order of a chat is
/// not documented: where it runs forwards, or a page does not tell, reading goes on.
fn is_behind(page: &[ConversationMessage], since: Timestamp) -> bool {
    let backwards = page.is_sorted_by(|one, next| one.sent_at >= next.sent_at);
    match (page.first(), page.last()) {
        (Some(first), Some(last)) => {
            backwards && first.sent_at > last.sent_at && last.sent_at < since
        }
        _ => false,
    }
}

fn judge(
    mut sent: Vec<ConversationMessage>,
    nonce: Option<&str>,
    same: impl Fn(&ConversationMessage) -> bool,
) -> FoundMessages {
    let Some(nonce) = nonce else {
        return alike(sent, same);
    };
    let marked = |message: &ConversationMessage| message.nonce.as_deref() == Some(nonce);
    if let Some(place) = sent.iter().position(marked) {
        return FoundMessages::Marked(sent.swap_remove(place));
    }
    // What bears another nonce is another message.
    sent.retain(|message| message.nonce.is_none());
    alike(sent, same)
}

fn alike(
    mut sent: Vec<ConversationMessage>,
    same: impl Fn(&ConversationMessage) -> bool,
) -> FoundMessages {
    sent.retain(same);
    // Most often they came newest first; of one moment they stay in that order, reversed.
    sent.reverse();
    sent.sort_by_key(|message| message.sent_at);
    FoundMessages::Alike(sent)
}

#[cfg(test)]
mod tests;
