//! Who is there already, or was invited: everybody, read once, by normalised address.

use std::collections::HashMap;

use bettermode::{Invitation, MemberId, RosterEntry};

use super::Target;
use crate::Error;
use crate::people::Address;

/// Rows of a page: 602 points of the 1,000 that one document may cost.
const PAGE: u32 = 100;

/// Everybody that BetterMode knows.
#[derive(Debug, Default)]
pub struct Roster {
    members: HashMap<Address, RosterEntry>,
    by_id: HashMap<MemberId, Address>,
    invitations: HashMap<Address, Invitation>,
    /// Members whose address is not shown.
    hidden: usize,
    total: usize,
}

/// What BetterMode knows about an address.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// A member has it.
    Member(&'a RosterEntry),
    /// It was invited.
    Invited(&'a Invitation),
    /// Nothing.
    Nobody,
}

impl Roster {
    /// Reads all members and all invitations.
    ///
    /// # Errors
    /// [`Error::AddressesHidden`] when the token sees nobody's address: everybody would
    /// look new then, and be invited again. Any of [`Error`].
    pub async fn load(target: &Target) -> Result<Self, Error> {
        let mut roster = Self::default();
        let mut after = None;
        loop {
            let page = target.read(async |client| client.roster(PAGE, after.clone()).await);
            let page = page.await?;
            roster.take_members(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if roster.total > 0 && roster.hidden == roster.total {
            return Err(Error::AddressesHidden {
                members: roster.total,
            });
        }
        loop {
            let page = target.read(async |client| client.invitations(PAGE, after.clone()).await);
            let page = page.await?;
            roster.take_invitations(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(roster);
            }
        }
    }

    /// What BetterMode knows about an address. A member counts before an invitation.
    #[must_use]
    pub fn find(&self, address: &Address) -> Known<'_> {
        match (self.members.get(address), self.invitations.get(address)) {
            (Some(member), _) => Known::Member(member),
            (None, Some(invitation)) => Known::Invited(invitation),
            (None, None) => Known::Nobody,
        }
    }

    /// The member with this address.
    #[must_use]
    pub fn member(&self, address: &Address) -> Option<&RosterEntry> {
        self.members.get(address)
    }

    /// The member with this id.
    #[must_use]
    pub fn member_by_id(&self, id: &MemberId) -> Option<&RosterEntry> {
        self.members.get(self.by_id.get(id)?)
    }

    /// How many members there are, and how many of them hide their address.
    #[must_use]
    pub fn members(&self) -> (usize, usize) {
        (self.total, self.hidden)
    }

    /// How many addresses were invited.
    #[must_use]
    pub fn invited(&self) -> usize {
        self.invitations.len()
    }

    fn take_members(&mut self, members: Vec<RosterEntry>) {
        for member in members {
            self.total += 1;
            match member.email.as_deref().map(Address::parse) {
                Some(Ok(address)) => {
                    self.by_id.insert(member.id.clone(), address.clone());
                    self.members.insert(address, member);
                }
                _ => self.hidden += 1,
            }
        }
    }

    fn take_invitations(&mut self, invitations: Vec<Invitation>) {
        for invitation in invitations {
            let Some(address) = invitation.email.as_ref().map(Address::composed) else {
                continue;
            };
            match self.invitations.get(&address) {
                Some(known) if known.created_at >= invitation.created_at => {}
                _ => drop(self.invitations.insert(address, invitation)),
            }
        }
    }
}
