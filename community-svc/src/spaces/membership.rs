//! Who is in a space.
//!
//! What BetterMode answers when somebody is added who is in already, or taken out who
//! is not in, is not documented. After a refusal the service looks; where all is as it
//! was to be, that is a success.

use bettermode::{Listed, MemberId, Membership, SpaceId, SpaceMember, SpaceRoleId};

use super::Spaces;
use crate::error::{Call, Error};

impl Spaces {
    /// A page of a space's members, those with one of `roles`, or all when there are
    /// none.
    ///
    /// # Errors
    /// [`Error::NoSuchSpace`], or what went wrong on the way.
    pub async fn members(
        &self,
        space: &SpaceId,
        roles: &[SpaceRoleId],
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<SpaceMember>, Error> {
        let client = self.upstream.client();
        let page = client.space_members(space, roles, limit, after).await;
        of_space(self.upstream.settle(Call::SPACE_MEMBERS, page))
    }

    /// Puts a member into a space, with its ordinary role when `role` is `None`. Nothing
    /// changes for one who is in it.
    ///
    /// # Errors
    /// [`Error::NoSuchSpace`], [`Error::MemberNotFound`], or what went wrong on the way;
    /// [`Error::OutcomeUnknown`] when it may have happened.
    pub async fn attempt_add(
        &self,
        space: &SpaceId,
        member: &MemberId,
        role: Option<&SpaceRoleId>,
    ) -> Result<Membership, Error> {
        let client = self.upstream.client();
        let added = client.add_space_member(space, member, role).await;
        match of_space(self.upstream.settle(Call::ADD_SPACE_MEMBER, added)) {
            Err(refused) if may_be_done_already(&refused) => {
                self.lookup_membership(space, member).await?.ok_or(refused)
            }
            settled => settled,
        }
    }

    /// Takes a member out of a space. Nothing changes for one who is not in it.
    ///
    /// # Errors
    /// As [`attempt_add`](Self::attempt_add).
    pub async fn attempt_remove(&self, space: &SpaceId, member: &MemberId) -> Result<(), Error> {
        let client = self.upstream.client();
        let removed = client.remove_space_member(space, member).await;
        match of_space(self.upstream.settle(Call::REMOVE_SPACE_MEMBER, removed)) {
            Err(refused) if may_be_done_already(&refused) => {
                match self.lookup_membership(space, member).await? {
                    None => Ok(()),
                    Some(_) => Err(refused),
                }
            }
            settled => settled,
        }
    }

    /// How the member is in the space; `None` when not. What an attempt to add or to
    /// take out wanted to bring about can be seen here. It cannot tell who brought it
    /// about and when, nor whether the space exists.
    ///
    /// # Errors
    /// [`Error::MemberNotFound`], or what went wrong on the way.
    pub async fn lookup_membership(
        &self,
        space: &SpaceId,
        member: &MemberId,
    ) -> Result<Option<Membership>, Error> {
        let client = self.upstream.client();
        let found = client.membership(space, member).await;
        self.upstream.settle(Call::MEMBERSHIP, found)
    }
}

/// The call is about the space: that there is none is not a wrong value in it.
fn of_space<T>(settled: Result<T, Error>) -> Result<T, Error> {
    settled.map_err(|error| match error {
        Error::SpaceNotFound => Error::NoSuchSpace,
        other => other,
    })
}

/// A refusal that can mean that nothing was left to do; one of the role cannot.
fn may_be_done_already(error: &Error) -> bool {
    matches!(error, Error::UpstreamRejected { field, .. } if *field != Some("role_id"))
}
