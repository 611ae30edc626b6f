//! Accounts without asking, for those who want that.

use bettermode::NewAccount;
use rand::RngExt as _;
use rand::distr::Alphanumeric;
use rand::rngs::StdRng;

use super::invite::{Guest, payload_hash, row};
use crate::Error;
use crate::key::Subject;
use crate::ledger::{Entry, Outcome, State, Target as TargetId, TargetKind};
use crate::run::{Change, Run};

/// Letters of a password that nobody is meant to know.
const PASSWORD: usize = 40;

/// Makes accounts, one after the other.
///
/// # Errors
/// What stops the run; every account that was made until then is in the ledger.
pub async fn make_accounts(run: &Run, guests: &[Guest<'_>], rng: &mut StdRng) -> Result<(), Error> {
    let phase = run.progress.phase("making accounts", guests.len());
    for guest in guests {
        run.go_on()?;
        make_account(run, guest, rng).await?;
        phase.step(1);
    }
    phase.finish();
    Ok(())
}

async fn make_account(run: &Run, guest: &Guest<'_>, rng: &mut StdRng) -> Result<(), Error> {
    let email = guest.address.email().map_err(|_| Error::Aborted)?;
    let password: String = (0..PASSWORD)
        .map(|_| char::from(rng.sample(Alphanumeric)))
        .collect();
    let local = guest.address.as_str().split('@').next().unwrap_or_default();
    let name = guest
        .person
        .name
        .clone()
        .unwrap_or_else(|| local.to_owned());
    let account = NewAccount {
        email: email.clone(),
        name,
        password: password.into(),
        created_at: guest.person.joined_at,
    };
    let change = Change {
        subject: Subject::Member,
        id: guest.person.id.get(),
        payload_hash: payload_hash(guest),
        outcome: Outcome::Created,
    };
    // The address is in the row before anything is sent, for whoever has to look for it.
    let known = run.ledger.entry(Subject::Member, change.id)?;
    let entry = Entry {
        attempts: known.map_or(0, |entry| entry.attempts),
        ..row(guest, State::Planned)
    };
    run.settle_rows(vec![entry])?;
    let member = |id: &bettermode::MemberId| TargetId::new(TargetKind::Member, id.as_str());
    let send = async |client: &bettermode::Client| {
        client
            .join_network(account.clone())
            .await
            .map(|id| member(&id))
    };
    let find = async || {
        let found = run
            .target
            .read(async |client| match client.member_by_email(&email).await {
                Ok(found) => Ok(Some(found.id)),
                Err(bettermode::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            });
        Ok(found.await?.as_ref().map(member))
    };
    run.make(&change, send, find).await.map(drop)
}
