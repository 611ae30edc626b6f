//! The law: what was acknowledged is stored once and took effect once, in order, and
//! nothing else is there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use community_proto::v1::activity_service_client::ActivityServiceClient;
use community_proto::v1::{GetActivitySummaryRequest, GetActivitySummaryResponse};
use tonic::transport::Endpoint;

use super::ledger::{Entry, Ledger};
use super::report::Report;
use super::stored::{Activity, Event};
use super::system::System;
use super::webhook::{self, Kind};

/// How many examples of a violation are named.
const EXAMPLES: usize = 5;

/// Reads the stores of a system that has come to rest and holds them against what
/// was sent.
pub(super) async fn check(ledger: &Ledger, system: &System, report: &mut Report) {
    report.sent(ledger);
    let stored = system.stored().await;
    let read = async {
        let events = stored.events().await?;
        let activities = stored.activities().await?;
        let names = stored.member_names().await?;
        let summary = summary(system).await?;
        let dead = system.dead_letters().await?;
        Ok::<_, String>((events, activities, names, summary, dead))
    };
    let (events, activities, names, summary, dead) = match read.await {
        Ok(read) => read,
        Err(error) => {
            report.violation(format!("the stores cannot be read: {error}"));
            return;
        }
    };
    report.found(events.len(), activities.len());
    check_events(ledger, &events, dead, report);
    check_order(ledger, &events, report);
    check_activities(ledger, &events, activities, report);
    check_counts(ledger, &events, &summary, report);
    check_members(ledger, &events, &names, report);
}

fn check_events(ledger: &Ledger, events: &[Event], dead: f64, report: &mut Report) {
    let mut seen = HashSet::new();
    let (mut doubled, mut unsigned) = (Vec::new(), Vec::new());
    for event in events {
        if !seen.insert(event.id.as_str()) {
            doubled.push(event.id.clone());
        }
        match ledger.signed.get(&event.id) {
            Some(entry) if entry.digest == event.digest => {}
            _ => unsigned.push(event.id.clone()),
        }
    }
    let lost: Vec<_> = acknowledged(ledger)
        .filter(|(id, _)| !seen.contains(id.as_str()))
        .map(|(id, _)| id.clone())
        .collect();
    report.count("lost", &lost);
    report.count("doubled", &doubled);
    report.count("unsigned", &unsigned);
    // All of them are sound: the service has no reason to refuse one for good.
    if dead > 0.0 {
        report.violation(format!("{dead} webhooks are in the edge's dead letters"));
    }
    if ledger.forged_and_acknowledged > 0 {
        report.violation(format!(
            "{} webhooks without a right signature were acknowledged",
            ledger.forged_and_acknowledged
        ));
    }
}

fn check_order(ledger: &Ledger, events: &[Event], report: &mut Report) {
    let mut last: HashMap<u32, u32> = HashMap::new();
    let mut wrong = Vec::new();
    for event in events {
        let Some(entry) = ledger.signed.get(&event.id) else {
            continue;
        };
        if let Some(before) = last.insert(entry.entity, entry.sequence)
            && before >= entry.sequence
        {
            wrong.push(format!(
                "entity {}: {} after {before}",
                entry.entity, entry.sequence
            ));
        }
    }
    report.count("out of order", &wrong);
}

/// Each stored webhook is one activity.
fn check_activities(
    ledger: &Ledger,
    events: &[Event],
    activities: Vec<Activity>,
    report: &mut Report,
) {
    let expected: BTreeSet<Activity> = signed(ledger, events)
        .map(|(id, entry)| Activity {
            event_id: id.to_owned(),
            member_id: webhook::member(entry.entity),
            kind: Kind::of(entry.entity).activity().to_owned(),
        })
        .collect();
    let mut doubled = Vec::new();
    let mut found = BTreeSet::new();
    for activity in activities {
        let id = activity.event_id.clone();
        if !found.insert(activity) {
            doubled.push(id);
        }
    }
    let ids = |activities: Vec<&Activity>| {
        let ids = activities.into_iter().map(|activity| &activity.event_id);
        ids.cloned().collect::<Vec<_>>()
    };
    report.count("effects doubled", &doubled);
    let missing = expected.difference(&found).collect();
    report.count("effects missing", &ids(missing));
    let unexpected = found.difference(&expected).collect();
    report.count("effects unexpected", &ids(unexpected));
}

/// Counts are added to, so an effect that happened twice shows here.
fn check_counts(
    ledger: &Ledger,
    events: &[Event],
    summary: &GetActivitySummaryResponse,
    report: &mut Report,
) {
    let mut by_kind: BTreeMap<&str, i64> = BTreeMap::new();
    for (_, entry) in signed(ledger, events) {
        *by_kind
            .entry(Kind::of(entry.entity).activity())
            .or_default() += 1;
    }
    let counted: BTreeMap<&str, i64> = summary
        .counts_by_kind
        .iter()
        .map(|counted| (counted.kind.as_str(), counted.count))
        .collect();
    let total: i64 = by_kind.values().sum();
    let by_time: i64 = summary.counts_by_time.iter().map(|part| part.count).sum();
    if counted != by_kind || summary.total_count != total || by_time != total {
        report.violation(format!(
            "GetActivitySummary counts {} ({by_time} by year), {counted:?}; stored are {total}, \
             {by_kind:?}",
            summary.total_count
        ));
    }
}

/// A member's record shows the last of the stored webhooks about it.
fn check_members(
    ledger: &Ledger,
    events: &[Event],
    names: &BTreeMap<String, String>,
    report: &mut Report,
) {
    let mut last: BTreeMap<u32, (i64, &str, u32)> = BTreeMap::new();
    for (id, entry) in signed(ledger, events) {
        if Kind::of(entry.entity) == Kind::Member {
            let version = (entry.occurred, id, entry.sequence);
            let latest = last.entry(entry.entity).or_insert(version);
            *latest = version.max(*latest);
        }
    }
    let mut wrong: Vec<_> = last
        .into_iter()
        .filter_map(|(entity, (_, _, sequence))| {
            let expected = webhook::member_name(entity, sequence);
            let found = names.get(&webhook::member(entity));
            (found != Some(&expected)).then(|| format!("{expected:?} is {found:?}"))
        })
        .collect();
    wrong.truncate(EXAMPLES);
    if !wrong.is_empty() {
        report.violation(format!(
            "records of members are not as their last webhook says: {}",
            wrong.join(", ")
        ));
    }
}

fn acknowledged(ledger: &Ledger) -> impl Iterator<Item = (&String, &Entry)> {
    ledger.signed.iter().filter(|(_, entry)| entry.acknowledged)
}

/// The stored events that were rightly signed.
fn signed<'a>(
    ledger: &'a Ledger,
    events: &'a [Event],
) -> impl Iterator<Item = (&'a str, &'a Entry)> {
    events
        .iter()
        .filter_map(|event| Some((event.id.as_str(), ledger.signed.get(&event.id)?)))
}

async fn summary(system: &System) -> Result<GetActivitySummaryResponse, String> {
    let channel = Endpoint::from_shared(format!("http://{}", system.doors.service))
        .map_err(|error| error.to_string())?
        .connect_lazy();
    let mut client = ActivityServiceClient::new(channel);
    let request = GetActivitySummaryRequest::default();
    let answer = client.get_activity_summary(request).await;
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| format!("GetActivitySummary: {status}"))
}

#[cfg(test)]
mod tests;
