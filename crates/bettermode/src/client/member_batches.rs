//! Reading several members in as few requests, and then as few points, as the
//! network and the vendor's prices allow.

use std::collections::{HashMap, HashSet};

use super::{Client, MemberRef};
use crate::{
    Error, Member, MemberId, Subject,
    operations::{
        Operation,
        member::{self, MemberQuery},
        members_by_alias::{self, MembersByAlias},
        members_by_ids::{self, MembersByIds},
    },
    reply::Failure,
};

/// The most ids that one document of [`Client::members_by_ids`] asks for. See
/// [`Client::largest_batch`] for how many it is at present.
pub const LARGEST_BATCH: usize = 100;

/// What the vendor announces as the most points of one document.
const MOST_POINTS: u32 = 1_000;

/// The three ways to ask for members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Document {
    /// The plain query, for one.
    One,
    /// An alias of it for each, on every network. It costs by the number of ids.
    Aliases,
    /// `membersByIds`, on newer networks. It costs the same for any number.
    List,
}

/// What each id led to.
type Found = HashMap<MemberId, Result<Member, Error>>;

impl Client {
    /// Several members, in as few calls as the network allows, in the order of
    /// `ids`. Each has its own result: a missing one does not spoil the others. An
    /// id that is there twice is asked for once.
    pub async fn members_by_ids(&self, ids: &[MemberId]) -> Vec<(MemberId, Result<Member, Error>)> {
        let mut found = Found::new();
        let mut groups = Vec::new();
        push(&mut groups, distinct(ids));
        while let Some(mut group) = groups.pop() {
            // A member acted for who does not exist is not one of those asked for.
            if let Err(error) = self.token().await {
                groups.push(group);
                fail(&mut found, groups.drain(..).flatten(), &error);
                break;
            }
            let (document, size) = self.document_for(group.len()).await;
            if size < group.len() {
                groups.push(group.split_off(size));
            }
            match self.fetch(document, &group).await {
                Ok(members) => {
                    found.extend(members.into_iter().map(|m| (m.id.clone(), Ok(m))));
                }
                Err(failure) => settle(&mut found, &mut groups, group, &failure),
            }
        }
        let result = |id: &MemberId| found.get(id).cloned().unwrap_or(Err(MISSING));
        ids.iter().map(|id| (id.clone(), result(id))).collect()
    }

    /// How many ids [`members_by_ids`](Self::members_by_ids) asks for in one document
    /// at present: at most [`LARGEST_BATCH`], and fewer where the vendor has been found
    /// to charge so much that it would cost more than 1,000 points. At least 1.
    #[must_use]
    pub fn largest_batch(&self) -> usize {
        let lists = self
            .known_capabilities()
            .is_some_and(|capabilities| capabilities.members_by_ids);
        if lists && self.list_points() <= MOST_POINTS {
            LARGEST_BATCH
        } else {
            self.most_aliases()
        }
    }

    /// The cheapest document for so many ids, and how many of them it takes.
    async fn document_for(&self, ids: usize) -> (Document, usize) {
        let take = ids.min(LARGEST_BATCH);
        let list = self.list_points();
        // Whether the network has lists is asked only where it matters.
        if list <= MOST_POINTS && list < self.alias_points(take) && self.has_lists().await {
            return (Document::List, take);
        }
        match take.min(self.most_aliases()) {
            1 => (Document::One, 1),
            take => (Document::Aliases, take),
        }
    }

    /// Every network understands aliases, so a question that failed is no reason to
    /// fail.
    async fn has_lists(&self) -> bool {
        let capabilities = self.capabilities().await;
        capabilities.is_ok_and(|capabilities| capabilities.members_by_ids)
    }

    fn list_points(&self) -> u32 {
        let price = self.inner.stack.price_of(MembersByIds::NAME);
        price.predict(members_by_ids::COST)
    }

    fn alias_points(&self, ids: usize) -> u32 {
        let price = self.inner.stack.price_of(MembersByAlias::NAME);
        price.predict(members_by_alias::cost(ids))
    }

    fn most_aliases(&self) -> usize {
        let fits = |ids: &usize| self.alias_points(*ids) <= MOST_POINTS;
        (1..=LARGEST_BATCH).rev().find(fits).unwrap_or(1)
    }

    async fn fetch(&self, document: Document, ids: &[MemberId]) -> Result<Vec<Member>, Failure> {
        match (document, ids) {
            (Document::One, [id]) => {
                let variables = member::variables(MemberRef::Id(id));
                let data = self.try_call::<MemberQuery>(&variables).await;
                data.map(|data| vec![member::answer(data)])
            }
            (Document::List, ids) => {
                let variables = members_by_ids::variables(ids);
                let data = self.try_call::<MembersByIds>(&variables).await;
                data.map(members_by_ids::answer)
            }
            (Document::One | Document::Aliases, ids) => {
                let variables = members_by_alias::variables(ids);
                let data = self.try_call::<MembersByAlias>(&variables).await;
                data.map(members_by_alias::answer)
            }
        }
    }
}

const MISSING: Error = Error::NotFound {
    what: Subject::Member,
};

/// Takes note of a failed document, and of what has to be asked again.
fn settle(
    found: &mut Found,
    groups: &mut Vec<Vec<MemberId>>,
    mut group: Vec<MemberId>,
    failure: &Failure,
) {
    let named: HashSet<usize> = match failure.error {
        Error::NotFound { .. } => failure
            .missing
            .iter()
            .filter_map(|root| members_by_alias::index(root, group.len()))
            .collect(),
        _ => HashSet::new(),
    };
    if !named.is_empty() {
        let ids = group.into_iter().enumerate();
        let (missing, rest): (Vec<_>, Vec<_>) = ids.partition(|(index, _)| named.contains(index));
        fail(found, missing.into_iter().map(|(_, id)| id), &MISSING);
        push(groups, rest.into_iter().map(|(_, id)| id).collect());
        return;
    }
    match &failure.error {
        // Nobody says which one it is, or what would be few enough: halve.
        Error::NotFound { .. } | Error::TooComplex { .. } if group.len() > 1 => {
            let right = group.split_off(group.len() / 2);
            groups.extend([right, group]);
        }
        // The others would fail alike, and cost requests.
        error @ (Error::RateLimited { .. } | Error::CircuitOpen { .. } | Error::TokenRefused) => {
            groups.push(group);
            fail(found, groups.drain(..).flatten(), error);
        }
        error => fail(found, group, error),
    }
}

fn fail(found: &mut Found, ids: impl IntoIterator<Item = MemberId>, error: &Error) {
    found.extend(ids.into_iter().map(|id| (id, Err(error.clone()))));
}

/// No group is empty.
fn push(groups: &mut Vec<Vec<MemberId>>, group: Vec<MemberId>) {
    if !group.is_empty() {
        groups.push(group);
    }
}

fn distinct(ids: &[MemberId]) -> Vec<MemberId> {
    let mut seen = HashSet::new();
    let new = ids.iter().filter(|id| seen.insert(*id));
    new.cloned().collect()
}

#[cfg(test)]
mod tests;
