//! Space groups and spaces.

use bettermode::{Collection, CollectionId, NewSpace, Space as TargetSpace};
use jiff::Timestamp;
use serde_json::json;

use crate::Error;
use crate::key::Subject;
use crate::ledger::{Entry, Ledger, Outcome, State, Target as TargetId, TargetKind};
use crate::people::{Mapping, milliseconds};
use crate::run::{Change, Run, fresh, hash};
use crate::snapshot::{Space, SpaceGroup};
use crate::step::Step;

/// Who sees a space. Where Circle does not say, fewer people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Privacy {
    /// Only its members read it.
    pub private: bool,
    /// Only its members know of it.
    pub hidden: bool,
}

impl Privacy {
    /// As private as Circle has it, and more so on doubt.
    #[must_use]
    pub fn of(space: &Space) -> Self {
        let hidden_from_strangers = space.is_hidden_from_non_members.unwrap_or(true);
        let private = space.is_private.unwrap_or(true) || hidden_from_strangers;
        Self {
            private,
            hidden: space.is_hidden.unwrap_or(true) || hidden_from_strangers,
        }
    }

    /// Whether a space keeps at least this to itself.
    fn is_kept_by(self, space: &TargetSpace) -> bool {
        (!self.private || space.private) && (!self.hidden || space.hidden)
    }
}

/// What is to happen to space groups.
///
/// # Errors
/// [`Error::Ledger`].
pub fn plan_collections(
    ledger: &Ledger,
    groups: &[SpaceGroup],
    there: &[Collection],
) -> Result<Vec<(u64, Step)>, Error> {
    let one = |group: &SpaceGroup| {
        let id = group.id.get();
        if let Some(known) = Step::known(ledger.entry(Subject::SpaceGroup, id)?.as_ref()) {
            return Ok((id, known));
        }
        let name = group_name(group);
        let found = there.iter().find(|collection| collection.name == name);
        let step = match found {
            Some(found) => Step::Match(Outcome::Matched, collection_target(&found.id)),
            None => Step::Do(Outcome::Created),
        };
        Ok((id, step))
    };
    groups.iter().map(one).collect()
}

/// What is to happen to spaces.
///
/// # Errors
/// [`Error::Ledger`].
pub fn plan_spaces(
    ledger: &Ledger,
    spaces: &[Space],
    there: &[TargetSpace],
    mapping: &Mapping,
) -> Result<Vec<(u64, Step)>, Error> {
    let one = |space: &Space| {
        let id = space.id.get();
        let known = ledger.entry(Subject::Space, id)?;
        let step = match Step::known(known.as_ref()) {
            Some(known) => known,
            None => plan_space(space, there, mapping),
        };
        Ok((id, step))
    };
    spaces.iter().map(one).collect()
}

fn plan_space(space: &Space, there: &[TargetSpace], mapping: &Mapping) -> Step {
    let id = space.id.to_string();
    if let Some(target) = mapping.spaces.get(&id) {
        let known = there.iter().any(|space| space.id.as_str() == target);
        return if known {
            Step::Match(Outcome::Matched, TargetId::new(TargetKind::Space, target))
        } else {
            Step::Hold("mapped_space_is_not_there".to_owned())
        };
    }
    let kind = space.space_type.as_deref().unwrap_or("basic");
    if matches!(kind, "course" | "chat" | "members") {
        return Step::Skip(format!("unsupported_kind:{kind}"));
    }
    let slug = slug(space);
    match there.iter().find(|space| space.slug == slug) {
        None => Step::Do(Outcome::Created),
        Some(found) if Privacy::of(space).is_kept_by(found) => Step::Match(
            Outcome::Matched,
            TargetId::new(TargetKind::Space, found.id.as_str()),
        ),
        Some(_) => Step::Hold("space_of_that_name_is_less_private".to_owned()),
    }
}

/// Makes the collections that are to be made.
pub(crate) async fn make_collections(
    run: &Run,
    groups: &[SpaceGroup],
    steps: &[(u64, Step)],
) -> Result<(), Error> {
    let phase = run.progress.phase("making collections", steps.len());
    for (group, (id, step)) in groups.iter().zip(steps) {
        run.go_on()?;
        phase.step(1);
        let name = group_name(group);
        let created_at = group.created_at.map(milliseconds);
        let change = change(Subject::SpaceGroup, *id, &json!({ "name": name }));
        if !begin(run, &change, step)? {
            continue;
        }
        let find = async || find_collection(run, &name, created_at).await;
        if matches!(step, Step::Look(_)) && finish(run, &change, find().await?)? {
            continue;
        }
        let send = async |client: &bettermode::Client| {
            let made = client.create_collection(&name, created_at).await;
            made.map(|id| collection_target(&id))
        };
        run.make(&change, send, find).await?;
    }
    phase.finish();
    Ok(())
}

/// Makes the spaces that are to be made.
pub(crate) async fn make_spaces(
    run: &Run,
    spaces: &[Space],
    steps: &[(u64, Step)],
) -> Result<(), Error> {
    let phase = run.progress.phase("making spaces", steps.len());
    for (space, (id, step)) in spaces.iter().zip(steps) {
        run.go_on()?;
        phase.step(1);
        let privacy = Privacy::of(space);
        let new = NewSpace {
            name: space.name.clone().unwrap_or_else(|| format!("Space {id}")),
            slug: slug(space),
            description: None,
            collection_id: collection_of(run, space)?,
            private: privacy.private,
            hidden: privacy.hidden,
            invite_only: privacy.private,
            created_at: None,
        };
        let payload = json!({ "name": new.name, "slug": new.slug, "private": new.private });
        let change = change(Subject::Space, *id, &payload);
        if !begin(run, &change, step)? {
            continue;
        }
        let find = async || find_space(run, &new.slug).await;
        if matches!(step, Step::Look(_)) && finish(run, &change, find().await?)? {
            continue;
        }
        let send = async |client: &bettermode::Client| {
            let made = client.create_space(new.clone()).await;
            made.map(|id| TargetId::new(TargetKind::Space, id.as_str()))
        };
        run.make(&change, send, find).await?;
    }
    phase.finish();
    Ok(())
}

fn change(subject: Subject, id: u64, payload: &serde_json::Value) -> Change {
    Change {
        subject,
        id,
        payload_hash: hash(payload),
        outcome: Outcome::Created,
    }
}

/// Writes down what needs no sending; true when there is something to send.
fn begin(run: &Run, change: &Change, step: &Step) -> Result<bool, Error> {
    let row = |state, reason: Option<&String>| Entry {
        state,
        reason: reason.cloned(),
        ..fresh(change.subject, change.id)
    };
    let rows = match step {
        Step::Settled(_) | Step::Later => return Ok(false),
        Step::Look(_) => return Ok(true),
        Step::Do(_) => {
            let may = run.may_begin(change.subject);
            if !may {
                run.planned(change, Some("beyond_limit"))?;
            }
            return Ok(may);
        }
        Step::Skip(reason) => row(State::Skipped, Some(reason)),
        Step::Hold(reason) => row(State::Planned, Some(reason)),
        Step::Match(outcome, target) => Entry {
            outcome: Some(*outcome),
            target: Some(target.clone()),
            ..row(State::Done, None)
        },
    };
    run.settle_rows(vec![rows])?;
    Ok(false)
}

fn finish(run: &Run, change: &Change, found: Option<TargetId>) -> Result<bool, Error> {
    match found {
        Some(target) => run.done(change, &target).map(|()| true),
        None => Ok(false),
    }
}

async fn find_collection(
    run: &Run,
    name: &str,
    created_at: Option<Timestamp>,
) -> Result<Option<TargetId>, Error> {
    let all = run
        .target
        .read(async |client| client.collections().await)
        .await?;
    for one in all.iter().filter(|one| one.name == name) {
        let same_time = created_at.is_none_or(|at| at == one.created_at);
        if same_time && !run.ledger.is_known_target(one.id.as_str())? {
            return Ok(Some(collection_target(&one.id)));
        }
    }
    Ok(None)
}

/// Addresses of spaces are unique, so whoever has it is the one that was made.
async fn find_space(run: &Run, slug: &str) -> Result<Option<TargetId>, Error> {
    let all = run
        .target
        .read(async |client| client.spaces().await)
        .await?;
    let found = all.iter().find(|space| space.slug == slug);
    Ok(found.map(|space| TargetId::new(TargetKind::Space, space.id.as_str())))
}

fn collection_of(run: &Run, space: &Space) -> Result<Option<CollectionId>, Error> {
    let Some(group) = space.group_id() else {
        return Ok(None);
    };
    let entry = run.ledger.entry(Subject::SpaceGroup, group.get())?;
    let target = entry
        .filter(|entry| entry.state == State::Done)
        .and_then(|entry| entry.target);
    Ok(target.map(|target| CollectionId::new(target.id)))
}

fn collection_target(id: &CollectionId) -> TargetId {
    TargetId::new(TargetKind::Collection, id.as_str())
}

fn group_name(group: &SpaceGroup) -> String {
    group
        .name
        .clone()
        .unwrap_or_else(|| format!("Group {}", group.id))
}

fn slug(space: &Space) -> String {
    let slug = space
        .slug
        .as_deref()
        .map(str::trim)
        .filter(|slug| !slug.is_empty());
    slug.map_or_else(|| format!("circle-{}", space.id), str::to_owned)
}
