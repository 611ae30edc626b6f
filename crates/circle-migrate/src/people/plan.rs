//! What is to happen to each person: the same for a plan and for a run.

use super::{Choice, Person};
use crate::Error;
use crate::key::Subject;
use crate::ledger::{Ledger, Outcome, Target as TargetId, TargetKind};
use crate::options::MoveArgs;
use crate::step::Step;
use crate::target::{Known, Roster};

/// What is to happen to each person, in the order they came. At most `most` people are
/// moved at all, and at most so many new ones in this run as its canary allows.
///
/// # Errors
/// [`Error::Ledger`].
pub fn plan_people(
    people: &[Person],
    choices: &[Choice],
    ledger: &Ledger,
    roster: &Roster,
    options: &MoveArgs,
    most: Option<u64>,
) -> Result<Vec<Step>, Error> {
    let (mut moved, mut begun) = (0_u64, 0_u64);
    let mut steps = Vec::with_capacity(people.len());
    for (person, choice) in people.iter().zip(choices) {
        let known = ledger.entry(Subject::Member, person.id.get())?;
        let known = Step::known(known.as_ref());
        if known.is_some() || matches!(choice, Choice::Move(_)) {
            moved += 1;
        }
        let step = match (known, choice) {
            (Some(known), _) => known,
            (None, Choice::Skip(reason)) => Step::Skip(reason.text()),
            (None, Choice::Move(_)) if most.is_some_and(|most| moved > most) => Step::Later,
            (None, Choice::Move(address)) => match roster.find(address) {
                Known::Member(member) => {
                    let target = TargetId::new(TargetKind::Member, member.id.as_str());
                    Step::Match(Outcome::Matched, target)
                }
                Known::Invited(invitation) => {
                    let target = TargetId::new(TargetKind::Invitation, invitation.id.as_str());
                    Step::Match(Outcome::AlreadyInvited, target)
                }
                Known::Nobody => {
                    begun += 1;
                    match options.limit {
                        Some(limit) if begun > limit => Step::Later,
                        _ if options.create_accounts => Step::Do(Outcome::Created),
                        _ => Step::Do(Outcome::Invited),
                    }
                }
            },
        };
        steps.push(step);
    }
    Ok(steps)
}
