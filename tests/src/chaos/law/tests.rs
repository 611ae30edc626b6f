use community_proto::v1::{GetActivitySummaryResponse, KindCount, TimeCount};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;
use crate::chaos::webhook::Webhook;
use crate::chaos::{Options, Store};

/// A post's webhooks, all acknowledged, and what a sound store holds of them.
struct Run {
    ledger: Ledger,
    events: Vec<Event>,
    activities: Vec<Activity>,
}

const POST: u32 = 0;
const MEMBER: u32 = 2;

fn run(entity: u32) -> Run {
    let mut rng = StdRng::seed_from_u64(1);
    let mut ledger = Ledger::default();
    let (mut events, mut activities) = (Vec::new(), Vec::new());
    for sequence in 0..5 {
        let webhook = Webhook::new(entity, sequence, &mut rng);
        ledger.offer(&webhook);
        ledger.answered(&webhook.id, 200);
        activities.push(Activity {
            event_id: webhook.id.clone(),
            member_id: webhook::member(entity),
            kind: Kind::of(entity).activity().to_owned(),
        });
        events.push(Event {
            digest: ledger.signed[&webhook.id].digest,
            id: webhook.id,
        });
    }
    Run {
        ledger,
        events,
        activities,
    }
}

impl Run {
    /// What the law says, but for counts and members.
    fn violations(self) -> Vec<String> {
        let mut report = report();
        check_events(&self.ledger, &self.events, 0.0, &mut report);
        check_order(&self.ledger, &self.events, &mut report);
        check_activities(&self.ledger, &self.events, self.activities, &mut report);
        report.violations().to_vec()
    }
}

fn report() -> Report {
    Report::new(&Options {
        seed: 1,
        kills: 0,
        events: 5,
        rate: 1,
        store: Store::Sqlite,
        faults: BTreeSet::new(),
        is_watched: false,
    })
}

fn only_violation(violations: &[String]) -> &str {
    match violations {
        [one] => one,
        others => panic!("not one violation: {others:?}"),
    }
}

#[test]
fn a_run_in_which_all_went_well_breaks_nothing() {
    assert_eq!(run(POST).violations(), [""; 0]);
}

#[test]
fn what_was_acknowledged_and_is_not_stored_is_lost() {
    let mut run = run(POST);
    run.events.remove(2);
    run.activities.remove(2);
    assert!(only_violation(&run.violations()).starts_with("lost: 1"));
}

#[test]
fn what_was_not_acknowledged_may_be_stored_or_not() {
    let mut run = run(POST);
    let last = run.events.pop().unwrap();
    run.activities.pop();
    run.ledger.signed.get_mut(&last.id).unwrap().acknowledged = false;
    assert_eq!(run.violations(), [""; 0]);
}

#[test]
fn what_is_stored_twice_is_found() {
    let mut run = run(POST);
    run.events.push(run.events[4].clone());
    let violations = run.violations();
    assert!(violations[0].starts_with("doubled: 1"), "{violations:?}");
}

#[test]
fn what_nobody_signed_and_what_was_changed_is_found() {
    let mut run = run(POST);
    run.events[0].digest ^= 1;
    run.events.push(Event {
        id: "nobody's".to_owned(),
        digest: 0,
    });
    assert!(only_violation(&run.violations()).starts_with("unsigned: 2"));
}

#[test]
fn a_forged_one_must_not_even_be_acknowledged() {
    let mut run = run(POST);
    run.ledger.forged.insert("forged".to_owned());
    run.ledger.answered("forged", 401);
    assert_eq!(run.ledger.forged_and_acknowledged, 0);
    run.ledger.answered("forged", 200);
    assert!(only_violation(&run.violations()).contains("1 webhooks without a right signature"));
}

#[test]
fn an_entity_s_webhooks_are_stored_in_the_order_in_which_they_were_sent() {
    let mut run = run(POST);
    run.events.swap(1, 2);
    assert!(only_violation(&run.violations()).starts_with("out of order: 1"));
}

#[test]
fn effects_are_there_once_each() {
    let mut missing = run(POST);
    missing.activities.remove(0);
    assert!(only_violation(&missing.violations()).starts_with("effects missing: 1"));
    let mut doubled = run(POST);
    doubled.activities.push(doubled.activities[0].clone());
    assert!(only_violation(&doubled.violations()).starts_with("effects doubled: 1"));
    let mut unexpected = run(POST);
    unexpected.activities.push(Activity {
        kind: "post.deleted".to_owned(),
        ..unexpected.activities[0].clone()
    });
    assert!(only_violation(&unexpected.violations()).starts_with("effects unexpected: 1"));
}

#[test]
fn counts_are_those_of_what_is_stored() {
    let run = run(POST);
    for (count, broken) in [(5, 0), (6, 1)] {
        let summary = GetActivitySummaryResponse {
            total_count: count,
            counts_by_kind: vec![KindCount {
                kind: "post.created".to_owned(),
                count,
            }],
            counts_by_time: vec![TimeCount {
                start_time: None,
                count,
            }],
            ..Default::default()
        };
        let mut report = report();
        check_counts(&run.ledger, &run.events, &summary, &mut report);
        assert_eq!(report.violations().len(), broken, "{report}");
    }
}

#[test]
fn a_member_is_as_the_last_webhook_says() {
    let run = run(MEMBER);
    // Some happen in the same millisecond: the latest version counts.
    let entries = run.ledger.signed.iter();
    let last = entries.max_by_key(|(id, entry)| (entry.occurred, (*id).clone()));
    let last = last.unwrap().1.sequence;
    for (sequence, broken) in [(last, 0), (u32::MAX, 1)] {
        let name = webhook::member_name(MEMBER, sequence);
        let names = BTreeMap::from([(webhook::member(MEMBER), name)]);
        let mut report = report();
        check_members(&run.ledger, &run.events, &names, &mut report);
        assert_eq!(report.violations().len(), broken, "{report}");
    }
}
