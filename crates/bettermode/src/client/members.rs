//! Reading one member, also by e-mail address; listing and changing members.

use std::sync::atomic::Ordering;

use super::{Client, MemberRef};
use crate::{
    Email, Error, Listed, Member, MemberFilter, MemberId, MemberUpdate, Subject,
    operations::{Operation, member, member_search, update_member},
    paging::each_page,
};

impl Client {
    /// One member.
    ///
    /// # Errors
    /// [`Error::NotFound`]; any of [`Error`].
    pub async fn member(&self, which: MemberRef<'_>) -> Result<Member, Error> {
        self.call::<member::MemberQuery>(member::variables(which))
            .await
            .map(member::answer)
    }

    /// The member with exactly this address.
    ///
    /// BetterMode has no query for it; this is a search over members of every
    /// status, all its pages, and a comparison here.
    ///
    /// # Errors
    /// [`Error::EmailNotVisible`] when the token does not see other members'
    /// addresses, so that nobody can say; [`Error::NotFound`] when it does and
    /// none is this; any of [`Error`].
    pub async fn member_by_email(&self, email: &Email) -> Result<Member, Error> {
        use member_search::{MemberSearch, answer, variables};
        let (mut found, mut hidden) = (None, false);
        let fetch = |after| async {
            self.call::<MemberSearch>(variables(email, after))
                .await
                .map(answer)
        };
        let take = |page: Vec<Member>| {
            for member in page {
                match member.email.as_deref().map(Email::parse) {
                    Some(Ok(address)) if address == *email => found = Some(member),
                    None => hidden = true,
                    _ => {}
                }
            }
            found.is_some()
        };
        each_page(MemberSearch::NAME, fetch, take).await?;
        if let Some(member) = found {
            return Ok(member);
        }
        // A search that finds nobody is no proof: addresses that the token does not
        // see are not searched either.
        if hidden || !self.sees_addresses().await? {
            return Err(Error::EmailNotVisible);
        }
        Err(Error::NotFound {
            what: Subject::Member,
        })
    }

    /// A page of the members that a filter lets through, in BetterMode's order. A page
    /// of `limit` costs 8 points for each.
    ///
    /// # Errors
    /// Any of [`Error`].
    pub async fn members(
        &self,
        filter: &MemberFilter,
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<Member>, Error> {
        use member_search::{MemberSearch, answer, list, total};
        let variables = list(filter, limit, after.clone());
        let data = self.call::<MemberSearch>(variables).await?;
        let total = total(&data);
        answer(data).listed(MemberSearch::NAME, after.as_deref(), total)
    }

    /// Changes a member. Never sent twice.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have happened; [`Error::NotFound`]; any
    /// of [`Error`].
    pub async fn update_member(
        &self,
        id: &MemberId,
        update: MemberUpdate,
    ) -> Result<Member, Error> {
        use update_member::{UpdateMember, answer, variables};
        self.call::<UpdateMember>(variables(id, update))
            .await
            .map(answer)
    }

    /// Whether the token sees other members' addresses: two of a few members have
    /// one, and one of them may be the token's own. A yes is remembered.
    async fn sees_addresses(&self) -> Result<bool, Error> {
        use member_search::{MemberSearch, answer, sample};
        let known = &self.inner.sees_addresses;
        if self.identity.is_none() && known.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let few = answer(self.call::<MemberSearch>(sample()).await?).nodes;
        let sees = few.iter().filter(|member| member.email.is_some()).count() > 1;
        if self.identity.is_none() && sees {
            known.store(true, Ordering::Relaxed);
        }
        Ok(sees)
    }
}
