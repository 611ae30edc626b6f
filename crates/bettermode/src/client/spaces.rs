//! Spaces, who is in them, and how that changes.

use super::Client;
use crate::{
    Error, Listed, MemberId, Membership, Space, SpaceId, SpaceMember, SpaceRoleId,
    operations::{
        Operation, add_space_members::AddSpaceMembers, member_spaces::MemberSpaces,
        remove_space_members::RemoveSpaceMembers, space::SpaceQuery, space_members::SpaceMembers,
        spaces::Spaces,
    },
    operations::{
        add_space_members, member_spaces, remove_space_members, space, space_members, spaces,
    },
    paging::each_page,
};

impl Client {
    /// One space.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a space that the token does not see; any of
    /// [`Error`].
    pub async fn space(&self, id: &SpaceId) -> Result<Space, Error> {
        let data = self.call::<SpaceQuery>(space::variables(id)).await;
        data.map(space::answer)
    }

    /// Every space that the token sees, all pages of them; private conversations
    /// left out.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn spaces(&self) -> Result<Vec<Space>, Error> {
        let mut all = Vec::new();
        let fetch = |after| async {
            let data = self.call::<Spaces>(spaces::variables(after)).await;
            data.map(spaces::answer)
        };
        let take = |page| {
            all.extend(page);
            false
        };
        each_page(Spaces::NAME, fetch, take).await?;
        Ok(all)
    }

    /// A page of a space's members with one of `roles`, or with any when there are
    /// none. A page of `limit` costs 10 points for each.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown space; any of [`Error`].
    pub async fn space_members(
        &self,
        id: &SpaceId,
        roles: &[SpaceRoleId],
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<SpaceMember>, Error> {
        let variables = space_members::variables(id, roles, limit, after.clone());
        let data = self.call::<SpaceMembers>(variables).await?;
        let (page, total) = space_members::answer(data);
        page.listed(SpaceMembers::NAME, after.as_deref(), total)
    }

    /// How the member is in the space; `None` when not. BetterMode has no question
    /// for it: this goes through the member's spaces.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown member; any of [`Error`].
    pub async fn membership(
        &self,
        space: &SpaceId,
        member: &MemberId,
    ) -> Result<Option<Membership>, Error> {
        let mut found = None;
        let fetch = |after| async {
            let variables = member_spaces::variables(member, after);
            let data = self.call::<MemberSpaces>(variables).await;
            data.map(member_spaces::answer)
        };
        let take = |page: Vec<(SpaceId, Membership)>| {
            let here = page.into_iter().find(|(id, _)| id == space);
            found = here.map(|(_, membership)| membership);
            found.is_some()
        };
        each_page(MemberSpaces::NAME, fetch, take).await?;
        Ok(found)
    }

    /// Puts a member into a space, with the space's ordinary role when `role` is
    /// `None`. Never sent twice. What BetterMode answers about somebody who is in it
    /// already is not documented: expect success, or a refusal.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have happened;
    /// [`Error::ActionFailed`] when BetterMode names nobody whom it added;
    /// [`Error::NotFound`] for an unknown space or member; any of [`Error`].
    pub async fn add_space_member(
        &self,
        space: &SpaceId,
        member: &MemberId,
        role: Option<&SpaceRoleId>,
    ) -> Result<Membership, Error> {
        let variables = add_space_members::variables(space, member, role);
        let data = self.call::<AddSpaceMembers>(variables).await?;
        add_space_members::answer(data).ok_or(Error::ActionFailed {
            operation: AddSpaceMembers::NAME,
        })
    }

    /// Takes a member out of a space. Never sent twice. What BetterMode answers about
    /// somebody who is not in it is not documented: expect success, or a refusal.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have happened;
    /// [`Error::ActionFailed`] when BetterMode answers so;
    /// [`Error::NotFound`] for an unknown space or member; any of [`Error`].
    pub async fn remove_space_member(
        &self,
        space: &SpaceId,
        member: &MemberId,
    ) -> Result<(), Error> {
        let variables = remove_space_members::variables(space, member);
        let data = self.call::<RemoveSpaceMembers>(variables).await?;
        if remove_space_members::answer(data) {
            Ok(())
        } else {
            Err(Error::ActionFailed {
                operation: RemoveSpaceMembers::NAME,
            })
        }
    }
}
