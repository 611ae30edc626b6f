//! Sending direct messages, by whichever way the network has.

use bettermode::{DirectMessage, MemberId};

use crate::error::{Call, Error};
use crate::upstream::Upstream;

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

    /// Sends sanitised `html` to `recipient` as `sender`, or as the bot account.
    /// Never tries twice.
    ///
    /// # Errors
    /// [`Error`]; [`Error::OutcomeUnknown`] when it may have been sent all the same.
    pub async fn send(
        &self,
        recipient: &MemberId,
        html: &str,
        sender: Option<&MemberId>,
    ) -> Result<DirectMessage, Error> {
        let call = match sender {
            None => Call::DIRECT_MESSAGE,
            Some(_) => Call::DIRECT_MESSAGE_AS,
        };
        let client = self.upstream.acting_as(sender, call)?;
        let sent = client.send_direct_message(recipient, html, None).await;
        self.upstream.settle(call, sent)
    }
}
