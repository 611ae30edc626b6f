//! A whole move: what there is, what is to happen to it, and doing it.

mod content;
mod people;
mod source;

use std::path::Path;

use rand::rngs::StdRng;

use crate::Error;
use crate::content::{Authors, Membership, Work};
use crate::key::Subject;
use crate::ledger::{Ledger, Outcome, State, TargetKind};
use crate::options::MoveArgs;
use crate::people::{Choice, Mapping, Rules, choose, plan_people};
use crate::run::Run;
use crate::snapshot::MemberId;
use crate::step::Step;
use crate::target::{Known, Roster, Target};

pub use source::Source;

/// What is to happen to everything.
#[derive(Debug)]
pub struct Plan {
    /// To each person, in the order of the snapshot.
    pub people: Vec<Step>,
    /// To content, when that is asked for.
    pub content: Option<ContentPlan>,
}

/// What is to happen to content.
#[derive(Debug, Default)]
pub struct ContentPlan {
    /// To space groups.
    pub groups: Vec<(u64, Step)>,
    /// To spaces.
    pub spaces: Vec<(u64, Step)>,
    /// To memberships of spaces.
    pub memberships: Vec<Membership>,
    /// To posts.
    pub posts: Vec<Work>,
    /// To comments and replies.
    pub comments: Vec<Work>,
    /// To events.
    pub events: Vec<Work>,
}

/// A move.
#[derive(Debug)]
pub struct Migration {
    /// What there is.
    pub source: Source,
    /// What nobody can guess.
    pub mapping: Mapping,
    /// What is decided about each person.
    pub choices: Vec<Choice>,
    /// At most so many people.
    pub max_members: Option<u64>,
    /// Words for invitations.
    pub message: Option<String>,
}

impl Migration {
    /// Reads what the options name, and decides about everybody.
    ///
    /// # Errors
    /// [`Error::Mapping`], [`Error::File`].
    pub fn new(
        source: Source,
        options: &MoveArgs,
        max_members: Option<u64>,
    ) -> Result<Self, Error> {
        let mapping = Mapping::load(options.mapping.as_deref())?;
        let rules = Rules {
            include_unconfirmed: options.include_unconfirmed,
            exclude_tags: mapping.people.exclude_tags.clone(),
        };
        let choices = choose(&source.people, &rules);
        let message = options.message.as_deref().map(read).transpose()?;
        Ok(Self {
            source,
            mapping,
            choices,
            max_members,
            message,
        })
    }

    /// What would happen: reads everything, changes nothing.
    ///
    /// # Errors
    /// What stops the run.
    pub async fn plan(
        &self,
        target: &Target,
        ledger: &Ledger,
        options: &MoveArgs,
    ) -> Result<Plan, Error> {
        self.check_fields(target).await?;
        let roster = Roster::load(target).await?;
        let people = self.people_steps(ledger, &roster, options)?;
        let content = if options.content {
            let authors = self.authors(ledger, &roster)?;
            Some(self.plan_content(target, ledger, options, &authors).await?)
        } else {
            None
        };
        Ok(Plan { people, content })
    }

    /// Does it all.
    ///
    /// # Errors
    /// What stops the run; what was done until then is in the ledger.
    pub async fn apply(&self, run: &Run, rng: &mut StdRng) -> Result<(), Error> {
        let fields = self.check_fields(&run.target).await?;
        let roster = Roster::load(&run.target).await?;
        let roster = self.move_people(run, roster, rng).await?;
        self.fill_profiles(run, &roster, &fields).await?;
        if run.options.content {
            let authors = self.authors(&run.ledger, &roster)?;
            self.move_content(run, &authors).await?;
        }
        Ok(())
    }

    fn people_steps(
        &self,
        ledger: &Ledger,
        roster: &Roster,
        options: &MoveArgs,
    ) -> Result<Vec<Step>, Error> {
        let (people, choices) = (&self.source.people, &self.choices);
        plan_people(people, choices, ledger, roster, options, self.max_members)
    }

    /// Fields that the mapping names have to be there, before anybody is told anything.
    async fn check_fields(&self, target: &Target) -> Result<Vec<bettermode::MemberField>, Error> {
        if !self.mapping.has_fields() {
            return Ok(Vec::new());
        }
        let fields = target
            .read(async |client| client.member_fields().await)
            .await?;
        self.mapping.check(&fields)?;
        Ok(fields)
    }

    /// Who of Circle is who in BetterMode now.
    fn authors(&self, ledger: &Ledger, roster: &Roster) -> Result<Authors, Error> {
        let mut members = std::collections::HashMap::new();
        for (person, choice) in self.source.people.iter().zip(&self.choices) {
            if let Some((member, _)) = member_of(ledger, roster, person.id, choice)? {
                members.insert(person.id, member);
            }
        }
        let member = |id: MemberId| members.get(&id).cloned();
        Ok(Authors::new(&self.source.people, &self.choices, member))
    }
}

/// The member that somebody is now, and what brought them; `None` for whom is none yet.
fn member_of(
    ledger: &Ledger,
    roster: &Roster,
    id: MemberId,
    choice: &Choice,
) -> Result<Option<(bettermode::MemberId, Option<Outcome>)>, Error> {
    let entry = ledger.entry(Subject::Member, id.get())?;
    let entry = entry.filter(|entry| entry.state == State::Done);
    let outcome = entry.as_ref().and_then(|entry| entry.outcome);
    let target = entry.and_then(|entry| entry.target);
    if let Some(target) = target.filter(|target| target.kind == TargetKind::Member) {
        return Ok(Some((bettermode::MemberId::new(target.id), outcome)));
    }
    let Choice::Move(address) = choice else {
        return Ok(None);
    };
    let member = match roster.find(address) {
        Known::Member(member) => Some(member.id.clone()),
        // With another address now, but the same invitation.
        Known::Invited(invitation) => invitation.member_id.clone(),
        Known::Nobody => None,
    };
    Ok(member.map(|member| (member, outcome)))
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::File {
        attempt: "read",
        path: path.to_owned(),
        source,
    })
}
