//! What a look upstream means, given what else is recorded. Pure.
//!
//! Objects of equal writes cannot be told from each other, and need not be: as long as
//! each write gets one of its own, all are right.

use std::collections::HashSet;

use jiff::Timestamp;

use super::Equal;

/// What to do about a write that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// It happened: one of these objects is its own, whichever is still free.
    Take(Vec<usize>),
    /// It did not happen.
    SendAgain,
    /// An equal write is under way until then, and could be what was found.
    Wait(Timestamp),
    /// More was found than all writes that are recorded could have made.
    CannotTell,
}

/// Decides about a write that is over and in nobody else's hands. `others` are the
/// equal writes besides it, read after the look; `found` is every object of that
/// effect since it was begun.
///
/// What a look shows was made by a write whose intent was durable before, so `others`
/// has it, open or with its object.
pub(super) fn decide(now: Timestamp, others: &[Equal], found: &[Option<&str>]) -> Decision {
    let taken: HashSet<&str> = others
        .iter()
        .filter_map(|other| other.object_id.as_deref())
        .collect();
    let free: Vec<usize> = found
        .iter()
        .enumerate()
        .filter(|(_, object)| object.is_none_or(|object| !taken.contains(object)))
        .map(|(index, _)| index)
        .collect();
    if free.is_empty() {
        return Decision::SendAgain;
    }
    let open = others.iter().filter_map(|other| other.settled_from);
    if let Some(last) = open.clone().filter(|until| *until > now).max() {
        return Decision::Wait(last);
    }
    if free.len() > open.count() + 1 {
        return Decision::CannotTell;
    }
    Decision::Take(free)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writes::RequestId;

    const NOW: &str = "2026-03-04T05:06:07Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn equal(object_id: Option<&str>, settled_from: Option<Timestamp>) -> Equal {
        Equal {
            request_id: RequestId::parse("6f4d2a0e-0d7e-4a35-9a5b-000000000001").unwrap(),
            settled_from,
            object_id: object_id.map(str::to_owned),
        }
    }

    #[test]
    fn nothing_there_means_that_it_did_not_happen() {
        assert_eq!(decide(now(), &[], &[]), Decision::SendAgain);
    }

    #[test]
    fn what_another_request_made_is_not_ours() {
        let others = [equal(Some("a"), None), equal(Some("b"), None)];
        let found = [Some("a"), Some("b")];
        assert_eq!(decide(now(), &others, &found), Decision::SendAgain);
        let found = [Some("a"), Some("c"), Some("b")];
        assert_eq!(decide(now(), &others, &found), Decision::Take(vec![1]));
    }

    #[test]
    fn equal_writes_that_are_over_share_what_is_there() {
        let others = [equal(None, Some(now())), equal(None, Some(now()))];
        for found in [vec![Some("a")], vec![Some("a"), Some("b"), Some("c")]] {
            let all = (0..found.len()).collect();
            assert_eq!(decide(now(), &others, &found), Decision::Take(all));
        }
    }

    #[test]
    fn an_equal_write_that_is_under_way_is_waited_for_when_something_is_there() {
        let later = now() + std::time::Duration::from_secs(9);
        let others = [equal(None, Some(later)), equal(None, Some(now()))];
        assert_eq!(decide(now(), &others, &[Some("a")]), Decision::Wait(later));
        assert_eq!(decide(now(), &others, &[]), Decision::SendAgain);
    }

    #[test]
    fn more_than_was_recorded_is_somebody_elses_and_nobody_can_say_which() {
        let found = [Some("a"), Some("b")];
        assert_eq!(decide(now(), &[], &found), Decision::CannotTell);
    }

    #[test]
    fn a_change_without_an_object_of_its_own_is_taken_by_everybody() {
        let others = [equal(None, None)];
        assert_eq!(decide(now(), &others, &[None]), Decision::Take(vec![0]));
    }
}
