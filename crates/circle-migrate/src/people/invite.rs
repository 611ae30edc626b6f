//! Invitations: in chunks, and each one accounted for.
//!
//! How many at once the vendor takes, whether one bad address spoils the rest, and in
//! which order it answers is not documented. So a chunk is small, a refused one is halved
//! until the culprit is alone, and answers are matched by their address.

use bettermode::{Invitation, Invitee, NewInvitations, RoleId};
use serde_json::json;

use super::{Address, Person};
use crate::Error;
use crate::key::Subject;
use crate::ledger::{Entry, Intent, Outcome, State, Target as TargetId, TargetKind};
use crate::run::{Run, fresh, hash};
use crate::target::{Known, Refusal, Roster, Sent};

/// So often is an invitation sent that is not found afterwards.
const MOST_TRIES: u32 = 3;

/// Somebody to invite.
#[derive(Debug, Clone)]
pub struct Guest<'a> {
    /// The record.
    pub person: &'a Person,
    /// The address.
    pub address: &'a Address,
}

/// Invites people.
///
/// # Errors
/// What stops the run; everybody who was invited until then is in the ledger.
pub async fn invite(run: &Run, guests: &[Guest<'_>], message: Option<&str>) -> Result<(), Error> {
    let phase = run.progress.phase("inviting people", guests.len());
    for chunk in guests.chunks(run.options.chunk()) {
        run.go_on()?;
        invite_chunk(run, chunk, message).await?;
        phase.step(chunk.len());
    }
    phase.finish();
    Ok(())
}

/// One chunk, halved where it is refused. A stack of its own instead of recursion.
async fn invite_chunk(run: &Run, chunk: &[Guest<'_>], message: Option<&str>) -> Result<(), Error> {
    let mut parts = vec![chunk.to_vec()];
    while let Some(part) = parts.pop() {
        match send(run, &part, message).await? {
            Sent::Done(made) => {
                let missing = record(run, &part, &made)?;
                look_for(run, &missing, &mut parts).await?;
            }
            Sent::Refused(refusal) => match part.as_slice() {
                [alone] => refused(run, alone, &refusal).await?,
                several => {
                    let (first, second) = several.split_at(several.len() / 2);
                    parts.push(second.to_vec());
                    parts.push(first.to_vec());
                }
            },
            Sent::Unknown => look_for(run, &part, &mut parts).await?,
        }
    }
    Ok(())
}

async fn send(
    run: &Run,
    part: &[Guest<'_>],
    message: Option<&str>,
) -> Result<Sent<Vec<Invitation>>, Error> {
    let role_id = run.options.role_id.as_deref().map(RoleId::new);
    let mut invitees = Vec::new();
    for guest in part {
        invitees.push(Invitee {
            email: guest.address.email().map_err(|_| Error::Aborted)?,
            name: guest.person.name.clone(),
        });
    }
    let new = NewInvitations {
        invitees,
        message: message.map(str::to_owned),
        role_id,
        space_ids: Vec::new(),
    };
    let hashes: Vec<String> = part.iter().map(payload_hash).collect();
    let intents = part
        .iter()
        .zip(&hashes)
        .map(|(guest, payload_hash)| Intent {
            id: guest.person.id.get(),
            email: Some(guest.address.as_str()),
            payload_hash,
        });
    run.ledger
        .begin(Subject::Member, &intents.collect::<Vec<_>>(), run.now())?;
    service_kit::failpoints::reached("migrate.invite.begun");
    let sent = run
        .target
        .write(async |client| client.invite(new.clone()).await)
        .await;
    service_kit::failpoints::reached("migrate.invite.sent");
    if sent.is_err() {
        // The run ends, and nothing was sent for sure.
        let rows = part.iter().map(|guest| row(guest, State::Planned));
        run.ledger.write(&rows.collect::<Vec<_>>(), run.now())?;
    }
    sent
}

/// Writes down who was invited, by address; gives back whom the answer does not name.
fn record<'a>(run: &Run, part: &[Guest<'a>], made: &[Invitation]) -> Result<Vec<Guest<'a>>, Error> {
    let (mut done, mut missing) = (Vec::new(), Vec::new());
    for guest in part {
        let theirs = made.iter().find(|invitation| {
            let address = invitation.email.as_ref().map(Address::composed);
            address.as_ref() == Some(guest.address)
        });
        match theirs {
            Some(invitation) => done.push(invited(guest, invitation)),
            None => missing.push(guest.clone()),
        }
    }
    run.ledger.write(&done, run.now())?;
    service_kit::failpoints::reached("migrate.invite.recorded");
    Ok(missing)
}

/// Looks for people who may have been invited; who is not found goes again, alone.
async fn look_for<'a>(
    run: &Run,
    unsure: &[Guest<'a>],
    parts: &mut Vec<Vec<Guest<'a>>>,
) -> Result<(), Error> {
    if unsure.is_empty() {
        return Ok(());
    }
    run.settle().await;
    let mut again = Vec::new();
    for guest in unsure {
        match find(run, guest).await? {
            Some(entry) => run.ledger.write(&[entry], run.now())?,
            None => again.push(guest.clone()),
        }
    }
    for guest in again {
        let known = run.ledger.entry(Subject::Member, guest.person.id.get())?;
        if known.is_some_and(|entry| entry.attempts >= MOST_TRIES) {
            let refusal = Refusal {
                code: "unanswered".to_owned(),
                message: "no answer came, and no invitation was found".to_owned(),
            };
            fail(run, &guest, &refusal)?;
        } else {
            parts.push(vec![guest]);
        }
    }
    Ok(())
}

/// A refused address may be known already: then it is no failure.
async fn refused(run: &Run, guest: &Guest<'_>, refusal: &Refusal) -> Result<(), Error> {
    match find(run, guest).await? {
        Some(entry) => Ok(run.ledger.write(&[entry], run.now())?),
        None => fail(run, guest, refusal),
    }
}

fn fail(run: &Run, guest: &Guest<'_>, refusal: &Refusal) -> Result<(), Error> {
    let known = run.ledger.entry(Subject::Member, guest.person.id.get())?;
    let entry = Entry {
        attempts: known.map_or(1, |entry| entry.attempts),
        reason: Some(refusal.message.clone()),
        error_code: Some(refusal.code.clone()),
        ..row(guest, State::Failed)
    };
    Ok(run.ledger.write(&[entry], run.now())?)
}

/// The row of somebody whom BetterMode knows by exactly this address.
async fn find(run: &Run, guest: &Guest<'_>) -> Result<Option<Entry>, Error> {
    let email = guest.address.email().map_err(|_| Error::Aborted)?;
    let invitation = run
        .target
        .read(async |client| client.invitation_to(&email).await)
        .await?;
    if let Some(invitation) = invitation {
        return Ok(Some(invited(guest, &invitation)));
    }
    let member = run
        .target
        .read(async |client| match client.member_by_email(&email).await {
            Ok(member) => Ok(Some(member)),
            // Hidden addresses were not matched either.
            Err(bettermode::Error::NotFound { .. } | bettermode::Error::EmailNotVisible) => {
                Ok(None)
            }
            Err(error) => Err(error),
        });
    let Some(member) = member.await? else {
        return Ok(None);
    };
    Ok(Some(Entry {
        outcome: Some(Outcome::Matched),
        target: Some(TargetId::new(TargetKind::Member, member.id.as_str())),
        ..row(guest, State::Done)
    }))
}

/// What an earlier run began and did not end: found among everybody that was just read,
/// or by a search of its own, or to be done again.
///
/// # Errors
/// What stops the run.
pub async fn reconcile<'a>(
    run: &Run,
    begun: &[Guest<'a>],
    roster: &Roster,
) -> Result<Vec<Guest<'a>>, Error> {
    let (mut rows, mut unseen) = (Vec::new(), Vec::new());
    for guest in begun {
        let id = guest.person.id.get();
        let accounts = run.options.create_accounts;
        let (outcome, target) = match roster.find(guest.address) {
            Known::Member(member) => {
                let outcome = if accounts {
                    Outcome::Created
                } else {
                    Outcome::Invited
                };
                (
                    outcome,
                    TargetId::new(TargetKind::Member, member.id.as_str()),
                )
            }
            Known::Invited(invitation) => (
                Outcome::Invited,
                TargetId::new(TargetKind::Invitation, invitation.id.as_str()),
            ),
            Known::Nobody => {
                unseen.push(guest.clone());
                continue;
            }
        };
        let known = run.ledger.entry(Subject::Member, id)?;
        rows.push(Entry {
            outcome: Some(outcome),
            target: Some(target),
            attempts: known.map_or(1, |entry| entry.attempts),
            ..row(guest, State::Done)
        });
    }
    run.ledger.write(&rows, run.now())?;
    if unseen.is_empty() {
        return Ok(unseen);
    }
    // A list may lag behind what was just done.
    run.settle().await;
    let mut again = Vec::new();
    for guest in unseen {
        match find(run, &guest).await? {
            Some(entry) => run.ledger.write(&[entry], run.now())?,
            None => again.push(guest),
        }
    }
    Ok(again)
}

fn invited(guest: &Guest<'_>, invitation: &Invitation) -> Entry {
    Entry {
        outcome: Some(Outcome::Invited),
        target: Some(TargetId::new(
            TargetKind::Invitation,
            invitation.id.as_str(),
        )),
        attempts: 1,
        ..row(guest, State::Done)
    }
}

/// A row about a person, in this state.
pub(super) fn row(guest: &Guest<'_>, state: State) -> Entry {
    Entry {
        state,
        email: Some(guest.address.as_str().to_owned()),
        payload_hash: Some(payload_hash(guest)),
        ..fresh(Subject::Member, guest.person.id.get())
    }
}

pub(super) fn payload_hash(guest: &Guest<'_>) -> String {
    hash(&json!({ "email": guest.address.as_str(), "name": guest.person.name }))
}
