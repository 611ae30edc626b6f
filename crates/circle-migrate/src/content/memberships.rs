//! Who is in which space.

use std::collections::BTreeMap;

use bettermode::{MemberId, SpaceId};
use serde_json::json;

use super::Author;
use super::works::{Content, Fate};
use crate::Error;
use crate::key::Subject;
use crate::ledger::{Entry, Intent, Outcome, State, Target as TargetId, TargetKind};
use crate::run::{Run, fresh, hash};
use crate::snapshot::SpaceMember;
use crate::step::Step;
use crate::target::{Refusal, Sent};

/// Somebody in a space, and what is to happen.
#[derive(Debug, Clone)]
pub struct Membership {
    /// Circle's id of the membership.
    pub id: u64,
    /// What is to happen.
    pub step: Step,
    space: u64,
    member: Option<MemberId>,
}

/// What is to happen to memberships.
///
/// # Errors
/// [`Error::Ledger`].
pub fn plan_memberships(
    content: &Content<'_>,
    rows: &[SpaceMember],
) -> Result<Vec<Membership>, Error> {
    rows.iter().map(|row| plan(content, row)).collect()
}

fn plan(content: &Content<'_>, row: &SpaceMember) -> Result<Membership, Error> {
    let id = row.id.get();
    let space = row.space_id.map_or(0, crate::snapshot::SpaceId::get);
    let author = match row.community_member_id {
        Some(member) => content.authors.member(member),
        None => content.authors.of(row.user_id, None),
    };
    let known = content.ledger.entry(Subject::SpaceMember, id)?;
    let step = match (
        Step::known(known.as_ref()),
        content.fates.of(Subject::Space, space),
    ) {
        (Some(known), _) => known,
        (None, _) if row.status.as_deref() == Some("inactive") => Step::Skip("inactive".to_owned()),
        (None, Fate::Not) => Step::Skip("space_not_moved".to_owned()),
        (None, Fate::Held) => Step::Hold("space_held_back".to_owned()),
        (None, Fate::There) => match author {
            Author::Member(_) => Step::Do(Outcome::Created),
            Author::NotYet => Step::Hold("no_member_yet".to_owned()),
            Author::Never => Step::Skip("person_not_moved".to_owned()),
        },
    };
    Ok(Membership {
        id,
        step,
        space,
        member: super::posts::owner(&author),
    })
}

/// Puts people into spaces.
pub(crate) async fn add_memberships(run: &Run, memberships: &[Membership]) -> Result<(), Error> {
    let mut rows = Vec::new();
    let mut by_space: BTreeMap<u64, Vec<&Membership>> = BTreeMap::new();
    for membership in memberships {
        match &membership.step {
            Step::Skip(reason) => rows.push(row(membership, State::Skipped, reason)),
            Step::Hold(reason) => rows.push(row(membership, State::Planned, reason)),
            Step::Do(_) | Step::Look(_) => {
                by_space
                    .entry(membership.space)
                    .or_default()
                    .push(membership);
            }
            Step::Settled(_) | Step::Match(..) | Step::Later => {}
        }
    }
    run.settle_rows(rows)?;
    let total = by_space.values().map(Vec::len).sum();
    let phase = run.progress.phase("putting people into spaces", total);
    for (space, people) in by_space {
        let Some(space) = target_space(run, space)? else {
            let held = people
                .iter()
                .map(|one| row(one, State::Planned, "space_held_back"));
            run.settle_rows(held.collect())?;
            continue;
        };
        for chunk in people.chunks(run.options.chunk()) {
            run.go_on()?;
            add_chunk(run, &space, chunk).await?;
            phase.step(chunk.len());
        }
    }
    phase.finish();
    Ok(())
}

async fn add_chunk(run: &Run, space: &SpaceId, chunk: &[&Membership]) -> Result<(), Error> {
    let (begun, new): (Vec<_>, Vec<_>) = chunk
        .iter()
        .copied()
        .partition(|one| matches!(one.step, Step::Look(_)));
    let mut rest = settle(run, space, &begun).await?;
    for one in new {
        if run.may_begin(Subject::SpaceMember) {
            rest.push(one);
        } else {
            run.settle_rows(vec![row(one, State::Planned, "beyond_limit")])?;
        }
    }
    let mut parts = vec![rest];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        match send(run, space, &part).await? {
            Sent::Done(added) => {
                let named =
                    |one: &&Membership| one.member.as_ref().is_some_and(|id| added.contains(id));
                let (done, unsure): (Vec<_>, Vec<_>) = part.into_iter().partition(named);
                let rows = done
                    .iter()
                    .map(|one| done_row(one, space, Outcome::Created));
                run.ledger.write(&rows.collect::<Vec<_>>(), run.now())?;
                settle_or_fail(run, space, &unsure, None).await?;
            }
            // What the vendor says of somebody who is in already is not documented.
            Sent::Refused(refusal) if part.len() == 1 => {
                settle_or_fail(run, space, &part, Some(&refusal)).await?;
            }
            Sent::Refused(_) => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.push(second.to_vec());
                parts.push(first.to_vec());
            }
            Sent::Unknown => {
                run.settle().await;
                settle_or_fail(run, space, &part, None).await?;
            }
        }
    }
    Ok(())
}

async fn send(
    run: &Run,
    space: &SpaceId,
    part: &[&Membership],
) -> Result<Sent<Vec<MemberId>>, Error> {
    let members: Vec<MemberId> = part.iter().filter_map(|one| one.member.clone()).collect();
    let payload_hash = hash(&json!({ "space": space }));
    let intents = part.iter().map(|one| Intent {
        id: one.id,
        email: None,
        payload_hash: &payload_hash,
    });
    run.ledger.begin(
        Subject::SpaceMember,
        &intents.collect::<Vec<_>>(),
        run.now(),
    )?;
    let sent = run
        .target
        .write(async |client| client.add_space_members(space, &members).await);
    let sent = sent.await;
    service_kit::failpoints::reached("migrate.sent");
    if sent.is_err() {
        let rows = part.iter().map(|one| fresh(Subject::SpaceMember, one.id));
        run.ledger.write(&rows.collect::<Vec<_>>(), run.now())?;
    }
    sent
}

/// Looks who is in the space already; gives back who is not.
async fn settle<'a>(
    run: &Run,
    space: &SpaceId,
    people: &[&'a Membership],
) -> Result<Vec<&'a Membership>, Error> {
    let mut absent = Vec::new();
    for one in people {
        let Some(member) = &one.member else {
            absent.push(*one);
            continue;
        };
        let found = run
            .target
            .read(async |client| client.membership(space, member).await);
        if found.await?.is_some() {
            run.ledger
                .write(&[done_row(one, space, Outcome::Matched)], run.now())?;
        } else {
            absent.push(*one);
        }
    }
    Ok(absent)
}

async fn settle_or_fail(
    run: &Run,
    space: &SpaceId,
    people: &[&Membership],
    refusal: Option<&Refusal>,
) -> Result<(), Error> {
    for one in settle(run, space, people).await? {
        let entry = Entry {
            error_code: Some(
                refusal
                    .map_or("unanswered", |refusal| &refusal.code)
                    .to_owned(),
            ),
            attempts: 1,
            ..row(
                one,
                State::Failed,
                refusal.map_or("no answer names this member as added", |refusal| {
                    &refusal.message
                }),
            )
        };
        run.ledger.write(&[entry], run.now())?;
    }
    Ok(())
}

fn target_space(run: &Run, space: u64) -> Result<Option<SpaceId>, Error> {
    let entry = run.ledger.entry(Subject::Space, space)?;
    let entry = entry.filter(|entry| entry.state == State::Done);
    Ok(entry
        .and_then(|entry| entry.target)
        .map(|target| SpaceId::new(target.id)))
}

fn row(membership: &Membership, state: State, reason: &str) -> Entry {
    Entry {
        state,
        reason: Some(reason.to_owned()),
        ..fresh(Subject::SpaceMember, membership.id)
    }
}

fn done_row(membership: &Membership, space: &SpaceId, outcome: Outcome) -> Entry {
    Entry {
        state: State::Done,
        outcome: Some(outcome),
        target: Some(TargetId::new(TargetKind::Space, space.as_str())),
        attempts: 1,
        ..fresh(Subject::SpaceMember, membership.id)
    }
}
