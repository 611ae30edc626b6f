//! Inviting people to the community.

use super::Client;
use crate::{
    Email, Error, Invitation, NewInvitations,
    operations::{
        Operation,
        invite_members::{self, InviteMembers},
        member_invitations::{self, MemberInvitations},
    },
    paging::each_page,
};

impl Client {
    /// Invites people, all in one request. Never sent twice. Whether BetterMode
    /// refuses all of them because of one is not documented.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when they may have been invited; any of [`Error`].
    pub async fn invite(&self, new: NewInvitations) -> Result<Vec<Invitation>, Error> {
        let data = self
            .call::<InviteMembers>(invite_members::variables(new))
            .await;
        data.map(invite_members::answer)
    }

    /// The newest invitation that went to exactly this address.
    ///
    /// # Errors
    /// Any of [`Error`]; that newer networks answer this is not confirmed.
    pub async fn invitation_to(&self, email: &Email) -> Result<Option<Invitation>, Error> {
        let mut newest: Option<Invitation> = None;
        let fetch = |after| async {
            let variables = member_invitations::variables(email, after);
            let data = self.call::<MemberInvitations>(variables).await;
            data.map(member_invitations::answer)
        };
        let take = |page: Vec<Invitation>| {
            let theirs = page.into_iter().filter(|i| i.email.as_ref() == Some(email));
            newest = theirs.chain(newest.take()).max_by_key(|i| i.created_at);
            false
        };
        each_page(MemberInvitations::NAME, fetch, take).await?;
        Ok(newest)
    }
}
