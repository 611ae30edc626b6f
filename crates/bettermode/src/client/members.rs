//! Reading members: one, several, or by e-mail address.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::{Client, MemberRef};
use crate::{
    Email, Error, Member, MemberId, Subject,
    operations::{Operation, member, member_search, members_by_alias, members_by_ids},
    paging::each_page,
};

/// How many members one document asks for: 50 aliases cost 400 points, well
/// under the 1,000 that the vendor announces as the most.
const BATCH: usize = 50;

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

    /// Several members, in as few calls as the network allows, in the order of
    /// `ids`. Each has its own result: a missing one does not spoil the others.
    pub async fn members_by_ids(&self, ids: &[MemberId]) -> Vec<(MemberId, Result<Member, Error>)> {
        let capabilities = self.capabilities().await;
        // Every network understands aliases, so a failed question is no reason
        // to fail.
        let newer = capabilities.is_ok_and(|capabilities| capabilities.members_by_ids);
        let mut found = HashMap::new();
        let mut batches: Vec<&[MemberId]> = ids.chunks(BATCH).rev().collect();
        while let Some(batch) = batches.pop() {
            match self.batch(batch, newer).await {
                Ok(members) => {
                    found.extend(
                        members
                            .into_iter()
                            .map(|member| (member.id.clone(), Ok(member))),
                    );
                }
                // A missing member nulls the whole answer: halve until it stands
                // alone.
                Err(Error::NotFound { .. }) if batch.len() > 1 => {
                    let (left, right) = batch.split_at(batch.len() / 2);
                    batches.extend([right, left]);
                }
                Err(error) => {
                    found.extend(batch.iter().map(|id| (id.clone(), Err(error.clone()))));
                }
            }
        }
        let missing = || {
            Err(Error::NotFound {
                what: Subject::Member,
            })
        };
        let result = |id: &MemberId| found.get(id).cloned().unwrap_or_else(missing);
        ids.iter().map(|id| (id.clone(), result(id))).collect()
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

    async fn batch(&self, ids: &[MemberId], newer: bool) -> Result<Vec<Member>, Error> {
        if newer {
            let variables = members_by_ids::variables(ids);
            let data = self.call::<members_by_ids::MembersByIds>(variables).await;
            data.map(members_by_ids::answer)
        } else {
            let variables = members_by_alias::variables(ids);
            let data = self
                .call::<members_by_alias::MembersByAlias>(variables)
                .await;
            data.map(members_by_alias::answer)
        }
    }
}
