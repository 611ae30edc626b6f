//! Inviting people to the community.

use std::collections::HashSet;

use bettermode::{Email, Invitation, Invitee, NewInvitations};

use super::Members;
use crate::error::{Call, Error};

/// What became of one address.
pub type Invited = Result<Invitation, Error>;

impl Members {
    /// Invites people, and tells for each, in their order, what became of it. They go
    /// as one request; where BetterMode refuses that because of an address and there
    /// are several, each goes by itself.
    ///
    /// # Errors
    /// Where nobody can be told apart: what went wrong on the way, or a value that is
    /// the same for all was refused. [`Error::OutcomeUnknown`] when they may have been
    /// invited.
    pub async fn attempt_invite(&self, new: NewInvitations) -> Result<Vec<Invited>, Error> {
        let asked: Vec<Email> = new.invitees.iter().map(|i| i.email.clone()).collect();
        let new = each_once(new);
        let outcomes = match self.send(new.clone()).await {
            Ok(made) => new
                .invitees
                .iter()
                .map(|invitee| among(&made, &invitee.email))
                .collect(),
            Err(refused) if !is_about_an_address(&refused) => return Err(refused),
            Err(refused) if new.invitees.len() == 1 => vec![Err(refused)],
            Err(_) => self.one_by_one(&new).await,
        };
        let outcome = |email: &Email| {
            let place = new.invitees.iter().position(|i| i.email == *email);
            place
                .and_then(|place| outcomes.get(place).cloned())
                .unwrap_or(Err(Error::Internal))
        };
        Ok(asked.iter().map(outcome).collect())
    }

    /// The newest invitation that went to this address. It cannot tell whether an
    /// attempt of ours made it or somebody else, nor that an attempt failed: an
    /// invitation can take a while to be found.
    ///
    /// # Errors
    /// What went wrong on the way.
    pub async fn lookup_invitation(&self, email: &Email) -> Result<Option<Invitation>, Error> {
        let found = self.upstream.client().invitation_to(email).await;
        self.upstream.settle(Call::INVITATION, found)
    }

    /// Goes on after a refusal of an address; anything else ends it, and those who were
    /// not tried are told so.
    async fn one_by_one(&self, new: &NewInvitations) -> Vec<Invited> {
        let mut outcomes = Vec::with_capacity(new.invitees.len());
        for invitee in &new.invitees {
            let alone = NewInvitations {
                invitees: vec![invitee.clone()],
                ..new.clone()
            };
            let outcome = match self.send(alone).await {
                Ok(made) => among(&made, &invitee.email),
                Err(error) => Err(error),
            };
            let end = match &outcome {
                Err(error) if !is_about_an_address(error) => Some(of_those_not_tried(error)),
                _ => None,
            };
            outcomes.push(outcome);
            if let Some(error) = end {
                outcomes.resize(new.invitees.len(), Err(error));
                break;
            }
        }
        outcomes
    }

    async fn send(&self, new: NewInvitations) -> Result<Vec<Invitation>, Error> {
        let made = self.upstream.client().invite(new).await;
        self.upstream.settle(Call::INVITE_MEMBERS, made)
    }
}

/// Somebody whom BetterMode does not mention among those whom it invited may have been
/// invited all the same.
fn among(made: &[Invitation], email: &Email) -> Invited {
    let theirs = made.iter().find(|one| one.email.as_ref() == Some(email));
    theirs.cloned().ok_or(Error::OutcomeUnknown {
        attempted: Call::INVITE_MEMBERS.attempted,
    })
}

fn each_once(new: NewInvitations) -> NewInvitations {
    let mut seen = HashSet::new();
    let mut invitees = new.invitees;
    invitees.retain(|Invitee { email, .. }| seen.insert(email.clone()));
    NewInvitations { invitees, ..new }
}

/// Whether the refusal is of an address, or can be one for all that is told.
fn is_about_an_address(error: &Error) -> bool {
    matches!(
        error,
        Error::UpstreamRejected {
            field: None | Some("invitees.email"),
            ..
        }
    )
}

/// For them nothing was sent.
fn of_those_not_tried(error: &Error) -> Error {
    match error {
        Error::OutcomeUnknown { attempted } => Error::UpstreamUnavailable {
            attempted,
            retry_after: None,
        },
        other => other.clone(),
    }
}
