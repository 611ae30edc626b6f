//! The second pass: what can only be done once somebody is a member. An invited person is
//! none before the invitation is accepted, so this runs again with every `apply`.

use bettermode::{CustomField, MemberField, MemberId as Target, MemberUpdate, RosterEntry};
use jiff::Timestamp;
use serde_json::json;

use super::Person;
use super::mapping::{Mapping, convert};
use crate::Error;
use crate::key::Subject;
use crate::ledger::{Entry, Outcome, State, Target as TargetId, TargetKind};
use crate::run::{Change, Run, fresh, hash};

/// The property that names the Circle member on the BetterMode member.
pub const MARK: &str = "circle_member_id";

/// How profiles are filled.
#[derive(Debug)]
pub struct Profiles<'a> {
    /// Which field becomes which.
    pub mapping: &'a Mapping,
    /// The fields that the network has.
    pub fields: &'a [MemberField],
}

/// Somebody who is a member now.
#[derive(Debug, Clone)]
pub struct Fill<'a> {
    /// The record of Circle.
    pub person: &'a Person,
    /// The member as BetterMode showed it.
    pub member: &'a RosterEntry,
    /// Whether this move brought the person, or they were there.
    pub is_ours: bool,
}

impl Profiles<'_> {
    /// What would be changed of a member: only what they have left empty; the date of
    /// joining only of somebody whom this move brought.
    #[must_use]
    pub fn update(&self, fill: &Fill<'_>) -> MemberUpdate {
        let (person, member) = (fill.person, fill.member);
        let empty = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().is_empty();
        let joined = person.joined_at.map(milliseconds);
        let join_date = fill.is_ours && self.mapping.people.join_date;
        MemberUpdate {
            name: person.name.clone().filter(|_| empty(&member.name)),
            tagline: person.headline.clone().filter(|_| empty(&member.tagline)),
            fields: self.values(fill),
            created_at: joined.filter(|at| join_date && *at < member.created_at),
        }
    }

    fn values(&self, fill: &Fill<'_>) -> Vec<CustomField> {
        let free = |key: &str| !fill.member.fields.iter().any(|field| field.key == key);
        let schema = |key: &str| self.fields.iter().find(|field| field.key == key);
        let mapped = fill.person.fields.iter().filter_map(|(key, value)| {
            let target = self.mapping.fields.get(key).filter(|target| free(target))?;
            convert(value, schema(target)?)
        });
        let tags = self
            .mapping
            .people
            .tags_field
            .as_ref()
            .filter(|key| free(key));
        let tags = tags
            .filter(|_| !fill.person.tags.is_empty())
            .and_then(|key| {
                let value = crate::snapshot::ProfileValue::List(fill.person.tags.clone());
                convert(&value, schema(key)?)
            });
        mapped.chain(tags).collect()
    }

    /// Marks members with their Circle id, and fills their profiles.
    ///
    /// # Errors
    /// What stops the run.
    pub async fn fill(&self, run: &Run, people: &[Fill<'_>]) -> Result<(), Error> {
        let phase = run
            .progress
            .phase("marking members and filling profiles", people.len());
        for fill in people {
            run.go_on()?;
            mark(run, fill).await?;
            self.fill_one(run, fill).await?;
            phase.step(1);
        }
        phase.finish();
        Ok(())
    }

    async fn fill_one(&self, run: &Run, fill: &Fill<'_>) -> Result<(), Error> {
        let id = fill.person.id.get();
        if is_done(run, Subject::Profile, id)? {
            return Ok(());
        }
        let row = |state, reason: Option<&str>| Entry {
            state,
            reason: reason.map(str::to_owned),
            ..fresh(Subject::Profile, id)
        };
        if !fill.is_ours && run.options.update == crate::options::Update::Never {
            let reason = Some("was_there_already");
            return run.settle_rows(vec![row(State::Skipped, reason)]);
        }
        let update = self.update(fill);
        if update == MemberUpdate::default() {
            return run.settle_rows(vec![row(State::Skipped, Some("nothing_to_fill"))]);
        }
        if !run.may_begin(Subject::Profile) {
            return Ok(());
        }
        let change = Change {
            subject: Subject::Profile,
            id,
            payload_hash: hash(&json!({
                "name": update.name, "tagline": update.tagline, "fields": update.fields,
                "createdAt": update.created_at,
            })),
            outcome: Outcome::Updated,
        };
        let target = target(&fill.member.id);
        let send = async |client: &bettermode::Client| {
            client
                .update_member(&fill.member.id, update.clone())
                .await?;
            Ok(target.clone())
        };
        // The same values twice are the same: it is sent again.
        run.make(&change, send, async || Ok(None)).await.map(drop)
    }
}

async fn mark(run: &Run, fill: &Fill<'_>) -> Result<(), Error> {
    let id = fill.person.id.get();
    if is_done(run, Subject::Mark, id)? || !run.may_begin(Subject::Mark) {
        return Ok(());
    }
    let value = id.to_string();
    let change = Change {
        subject: Subject::Mark,
        id,
        payload_hash: hash(&json!({ "member": fill.member.id, "value": value })),
        outcome: Outcome::Updated,
    };
    let target = target(&fill.member.id);
    let send = async |client: &bettermode::Client| {
        client
            .set_extra_property(&fill.member.id, MARK, &value)
            .await?;
        Ok(target.clone())
    };
    run.make(&change, send, async || Ok(None)).await.map(drop)
}

fn is_done(run: &Run, subject: Subject, id: u64) -> Result<bool, Error> {
    let known = run.ledger.entry(subject, id)?;
    Ok(known.is_some_and(|entry| entry.state == State::Done))
}

fn target(member: &Target) -> TargetId {
    TargetId::new(TargetKind::Member, member.as_str())
}

/// BetterMode keeps milliseconds.
pub(crate) fn milliseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
