//! Which counts a set of activities adds to.
//!
//! A count belongs to a scope (a member, or the community) and a period. Counts of
//! all kinds are kept for every level, counts of one kind for days and longer.

use std::collections::BTreeMap;

use bettermode::MemberId;
use jiff::Timestamp;

use super::period::Level;
use super::{Activity, Summary};

/// Names the counts of one scope and period. The order is the order in which they
/// are written: those of the community, which writers have in common, come last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CountKey {
    pub(super) scope: Scope,
    pub(super) level: Level,
    pub(super) period: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    Member(MemberId),
    Community,
}

impl Scope {
    pub(super) fn of(member: Option<&MemberId>) -> Self {
        member.map_or(Self::Community, |member| Self::Member(member.clone()))
    }

    /// The member's id; empty for the community.
    pub(super) fn member_id(&self) -> &str {
        match self {
            Self::Member(member) => member.as_str(),
            Self::Community => "",
        }
    }
}

/// What is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Addition {
    pub(super) count: i64,
    /// Empty at the level of hours.
    pub(super) by_kind: BTreeMap<String, i64>,
    pub(super) last_active: Timestamp,
}

/// What these activities add, summed up by scope and period.
pub(super) fn additions<'a>(
    activities: impl IntoIterator<Item = &'a Activity>,
) -> BTreeMap<CountKey, Addition> {
    let mut additions = BTreeMap::new();
    for activity in activities {
        for level in Level::ALL {
            for scope in [Scope::Member(activity.member_id.clone()), Scope::Community] {
                let key = CountKey {
                    scope,
                    level,
                    period: level.period_of(activity.occurred_at),
                };
                let addition = additions.entry(key).or_insert_with(|| Addition {
                    count: 0,
                    by_kind: BTreeMap::new(),
                    last_active: activity.occurred_at,
                });
                addition.count += 1;
                addition.last_active = addition.last_active.max(activity.occurred_at);
                if level != Level::Hour {
                    *addition.by_kind.entry(activity.kind.clone()).or_default() += 1;
                }
            }
        }
    }
    additions
}

impl Summary {
    /// Puts the kinds, which a store gives in any order, in theirs.
    pub(super) fn in_order(mut self) -> Self {
        self.by_kind
            .sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activities::contract_tests::activity;

    #[test]
    fn an_activity_counts_once_in_each_level_for_its_member_and_for_all() {
        let (one, two) = (activity("e1", "ada", 0), activity("e2", "bo", 0));
        let additions = additions([&one, &two]);
        assert_eq!(additions.len(), 3 * Level::ALL.len());
        for (key, addition) in &additions {
            let expected = if key.scope == Scope::Community { 2 } else { 1 };
            assert_eq!(addition.count, expected, "{key:?}");
            let kinds: i64 = addition.by_kind.values().sum();
            let expected = if key.level == Level::Hour {
                0
            } else {
                expected
            };
            assert_eq!(kinds, expected, "{key:?}");
        }
        let last = additions.keys().next_back().unwrap();
        assert_eq!(last.scope, Scope::Community);
    }
}
