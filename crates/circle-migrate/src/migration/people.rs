//! The part of a move that is about people.

use rand::rngs::StdRng;

use super::{Migration, member_of};
use crate::Error;
use crate::key::Subject;
use crate::ledger::{Entry, Outcome, State};
use crate::links::Pair;
use crate::people::{Address, Choice, Fill, Guest, Profiles, invite, make_accounts, reconcile};
use crate::run::{Run, fresh};
use crate::step::Step;
use crate::target::Roster;

impl Migration {
    /// Brings everybody who is to come. Gives back who is there afterwards.
    pub(super) async fn move_people(
        &self,
        run: &Run,
        roster: Roster,
        rng: &mut StdRng,
    ) -> Result<Roster, Error> {
        let steps = self.people_steps(&run.ledger, &roster, &run.options)?;
        let (mut rows, mut begun, mut new) = (Vec::new(), Vec::new(), Vec::new());
        for ((person, choice), step) in self.source.people.iter().zip(&self.choices).zip(&steps) {
            let address = match choice {
                Choice::Move(address) => Some(address),
                Choice::Skip(_) => None,
            };
            let known = person.raw_email.as_deref().map(Address::parse);
            let row = |state, reason: Option<&str>| Entry {
                state,
                email: known
                    .as_ref()
                    .and_then(|known| known.as_ref().ok())
                    .map(|address| address.as_str().to_owned()),
                reason: reason.map(str::to_owned),
                ..fresh(Subject::Member, person.id.get())
            };
            let guest = address.map(|address| Guest { person, address });
            match (step, guest) {
                (Step::Skip(reason), _) => rows.push(row(State::Skipped, Some(reason))),
                (Step::Match(outcome, target), _) => rows.push(Entry {
                    outcome: Some(*outcome),
                    target: Some(target.clone()),
                    ..row(State::Done, None)
                }),
                (Step::Look(_), Some(guest)) => begun.push(guest),
                (Step::Do(_), Some(guest)) => new.push(guest),
                // Begun by an earlier run, and its address is gone from the snapshot.
                (Step::Look(_), None) => {
                    rows.push(row(State::Failed, Some("begun_and_then_changed_in_circle")));
                }
                (Step::Settled(_) | Step::Hold(_) | Step::Later | Step::Do(_), _) => {}
            }
        }
        run.settle_rows(rows)?;
        new.splice(0..0, reconcile(run, &begun, &roster).await?);
        if !run.options.create_accounts {
            invite(run, &new, self.message.as_deref()).await?;
            return Ok(roster);
        }
        make_accounts(run, &new, rng).await?;
        if new.is_empty() {
            return Ok(roster);
        }
        Roster::load(&run.target).await
    }

    /// The second pass, over everybody who is a member by now.
    pub(super) async fn fill_profiles(
        &self,
        run: &Run,
        roster: &Roster,
        fields: &[bettermode::MemberField],
    ) -> Result<(), Error> {
        let mut fills = Vec::new();
        for (person, choice) in self.source.people.iter().zip(&self.choices) {
            let found = member_of(&run.ledger, roster, person.id, choice)?;
            let Some((member, Some(outcome))) = found else {
                continue;
            };
            if let Some(member) = roster.member_by_id(&member) {
                fills.push(Fill {
                    person,
                    member,
                    is_ours: matches!(outcome, Outcome::Invited | Outcome::Created),
                });
            }
        }
        let profiles = Profiles {
            mapping: &self.mapping,
            fields,
        };
        profiles.fill(run, &fills).await?;
        let pairs = fills.iter().map(|fill| Pair {
            circle: fill.person.id.get(),
            member: fill.member.id.clone(),
        });
        run.link(&pairs.collect::<Vec<_>>()).await
    }
}
