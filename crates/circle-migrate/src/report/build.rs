//! Reports out of a ledger, and out of a plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Line, Report, ReportKind, Section, Tally};
use crate::Error;
use crate::key::Subject;
use crate::ledger::{Entry, Ledger, Outcome, State};
use crate::migration::{Migration, Plan, Source};
use crate::people::{Address, Choice};
use crate::step::Step;

/// What became of everything, by the ledger.
///
/// # Errors
/// [`Error::Ledger`].
pub fn of_ledger(
    source: &Source,
    ledger: &Ledger,
    with_content: bool,
    now: Timestamp,
) -> Result<Report, Error> {
    let (mut sections, mut gone) = (Vec::new(), 0);
    for subject in Subject::ALL {
        let entries = ledger.entries(subject)?;
        let rows = ids(source, subject);
        let is_content = !matches!(
            subject,
            Subject::Member | Subject::Mark | Subject::Profile | Subject::Link
        );
        if is_content && !with_content && entries.is_empty() {
            continue;
        }
        let lines = match &rows {
            Some(rows) => {
                let known: BTreeSet<u64> = rows.iter().copied().collect();
                gone += entries
                    .iter()
                    .filter(|entry| !known.contains(&entry.id))
                    .count();
                all_lines(rows, &entries)
            }
            None => entries.iter().map(line).collect(),
        };
        sections.push(section(subject, rows.as_deref(), lines));
    }
    let in_csv = |line: &Line| line.reason.as_deref() == Some(crate::links::CSV);
    let waiting = sections.iter().flat_map(|section| &section.lines);
    let waiting = waiting.filter(|line| in_csv(line)).count();
    let mut report = report(ReportKind::Result, source, ledger, sections, now);
    if gone > 0 {
        report.notes.push(format!(
            "{gone} records of earlier runs are not in the snapshot any more; what was done about \
             them stays."
        ));
    }
    if waiting > 0 {
        report.notes.push(format!(
            "community_members does not know who {waiting} members were in Circle: set \
             COMMUNITY_SVC_URL and apply again, or take the pairs from community_members.csv."
        ));
    }
    Ok(report)
}

/// What would happen to everything.
///
/// # Errors
/// [`Error::Ledger`].
pub fn of_plan(
    migration: &Migration,
    plan: &Plan,
    ledger: &Ledger,
    now: Timestamp,
) -> Result<Report, Error> {
    let source = &migration.source;
    let people = source
        .people
        .iter()
        .zip(&migration.choices)
        .zip(&plan.people);
    let lines = people.map(|((person, choice), step)| {
        let address = match choice {
            Choice::Move(address) => Some(address.masked()),
            Choice::Skip(_) => {
                let parsed = person.raw_email.as_deref().map(Address::parse);
                parsed.and_then(Result::ok).map(|address| address.masked())
            }
        };
        Line {
            who: address,
            ..planned(person.id.get(), step)
        }
    });
    let mut sections = vec![planned_section(source, Subject::Member, lines.collect())];
    if let Some(content) = &plan.content {
        let of =
            |steps: &[(u64, Step)]| steps.iter().map(|(id, step)| planned(*id, step)).collect();
        let works = |works: &[crate::content::Work]| {
            works
                .iter()
                .map(|work| planned(work.id, &work.step))
                .collect()
        };
        let memberships = content
            .memberships
            .iter()
            .map(|one| planned(one.id, &one.step));
        let parts = [
            (Subject::SpaceGroup, of(&content.groups)),
            (Subject::Space, of(&content.spaces)),
            (Subject::SpaceMember, memberships.collect()),
            (Subject::Post, works(&content.posts)),
            (Subject::Comment, works(&content.comments)),
            (Subject::Event, works(&content.events)),
        ];
        let parts = parts.into_iter();
        sections.extend(parts.map(|(subject, lines)| planned_section(source, subject, lines)));
    }
    let mut report = report(ReportKind::Plan, source, ledger, sections, now);
    report.notes.extend(unmapped(migration));
    Ok(report)
}

/// What profiles hold and the mapping does not name: nothing is guessed.
fn unmapped(migration: &Migration) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (key, _) in migration
        .source
        .people
        .iter()
        .flat_map(|person| &person.fields)
    {
        if !migration.mapping.fields.contains_key(key) {
            *counts.entry(key).or_default() += 1;
        }
    }
    let mut notes = Vec::new();
    if !counts.is_empty() {
        let fields: Vec<_> = counts
            .iter()
            .map(|(key, count)| format!("{key} ({count})"))
            .collect();
        notes.push(format!(
            "Profile fields that no mapping names, with how many people have one: {}.",
            fields.join(", ")
        ));
    }
    let labelled = migration
        .source
        .people
        .iter()
        .filter(|person| !person.tags.is_empty());
    let labelled = labelled.count();
    if labelled > 0 && migration.mapping.people.tags_field.is_none() {
        notes.push(format!(
            "Labels of {labelled} people are not moved: the mapping names no field for them."
        ));
    }
    notes
}

fn report(
    kind: ReportKind,
    source: &Source,
    ledger: &Ledger,
    sections: Vec<Section>,
    now: Timestamp,
) -> Report {
    let mut notes = vec![
        "Direct messages stay in Circle: its Admin API does not list them, so not even their \
         number is known."
            .to_owned(),
    ];
    let avatars = source
        .people
        .iter()
        .filter(|person| person.has_avatar)
        .count();
    if avatars > 0 {
        notes.push(format!(
            "Pictures of {avatars} people are not brought along."
        ));
    }
    if !source.drifted.is_empty() {
        notes.push(format!(
            "The community changed while it was read ({}): run `circle-migrate extract --delta` \
             before the change-over.",
            source.drifted.join(", ")
        ));
    }
    Report {
        kind,
        made_at: now,
        community_id: source.community.get(),
        community_name: source.community_name.clone(),
        network_id: ledger.pair().network.clone(),
        sections,
        notes,
    }
}

/// Ids of the rows that a subject is about; `None` where it is about members alone.
fn ids(source: &Source, subject: Subject) -> Option<Vec<u64>> {
    Some(match subject {
        Subject::Member => source.people.iter().map(|row| row.id.get()).collect(),
        Subject::SpaceGroup => source.groups.iter().map(|row| row.id.get()).collect(),
        Subject::Space => source.spaces.iter().map(|row| row.id.get()).collect(),
        Subject::SpaceMember => source.memberships.iter().map(|row| row.id.get()).collect(),
        Subject::Post => source.posts.iter().map(|row| row.id.get()).collect(),
        Subject::Comment => source.comments.iter().map(|row| row.id.get()).collect(),
        Subject::Event => source.events.iter().map(|row| row.id.get()).collect(),
        Subject::Mark | Subject::Profile | Subject::Link => return None,
    })
}

/// A line for each row. Steps whose row a later extract did not find are not among them.
fn all_lines(rows: &[u64], entries: &[Entry]) -> Vec<Line> {
    let by_id: BTreeMap<u64, &Entry> = entries.iter().map(|entry| (entry.id, entry)).collect();
    let lines = rows.iter().map(|id| match by_id.get(id) {
        Some(entry) => line(entry),
        None => blank(*id, "not_begun"),
    });
    lines.collect()
}

fn blank(id: u64, outcome: &str) -> Line {
    Line {
        id,
        who: None,
        outcome: outcome.to_owned(),
        reason: None,
        target_kind: None,
        target_id: None,
        attempts: 0,
    }
}

fn line(entry: &Entry) -> Line {
    let outcome = match entry.state {
        State::Done => entry.outcome.map_or("done", Outcome::name),
        State::Skipped => "skipped",
        State::Failed => "failed",
        State::InFlight => "unknown",
        State::Planned => "held",
    };
    let code = entry.error_code.as_ref();
    let reason = match (code, &entry.reason) {
        (Some(code), Some(reason)) => Some(format!("{code}: {reason}")),
        (_, reason) => reason.clone(),
    };
    let address = entry.email.as_deref().map(Address::parse);
    Line {
        who: address.and_then(Result::ok).map(|address| address.masked()),
        reason,
        target_kind: entry
            .target
            .as_ref()
            .map(|target| target.kind.name().to_owned()),
        target_id: entry.target.as_ref().map(|target| target.id.clone()),
        attempts: entry.attempts,
        ..blank(entry.id, outcome)
    }
}

fn planned(id: u64, step: &Step) -> Line {
    let reasoned = |outcome: &str, reason: &String| Line {
        reason: Some(reason.clone()),
        ..blank(id, outcome)
    };
    match step {
        Step::Settled(entry) => line(entry),
        Step::Skip(reason) => reasoned("skipped", reason),
        Step::Hold(reason) => reasoned("held", reason),
        Step::Look(_) => blank(id, "would_look_for"),
        Step::Later => reasoned("later", &"beyond_limit".to_owned()),
        Step::Do(Outcome::Invited) => blank(id, "would_invite"),
        Step::Do(_) => blank(id, "would_create"),
        Step::Match(outcome, target) => Line {
            target_kind: Some(target.kind.name().to_owned()),
            target_id: Some(target.id.clone()),
            ..blank(
                id,
                match outcome {
                    Outcome::AlreadyInvited => "already_invited",
                    _ => "would_match",
                },
            )
        },
    }
}

fn planned_section(source: &Source, subject: Subject, lines: Vec<Line>) -> Section {
    section(subject, ids(source, subject).as_deref(), lines)
}

fn section(subject: Subject, rows: Option<&[u64]>, lines: Vec<Line>) -> Section {
    let mut counts: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
    for line in &lines {
        *counts
            .entry((line.outcome.clone(), tallied(line)))
            .or_default() += 1;
    }
    let tallies = counts.into_iter().map(|((outcome, reason), count)| Tally {
        outcome,
        reason,
        count,
    });
    let mut tallies: Vec<_> = tallies.collect();
    tallies.sort_by_key(|tally| std::cmp::Reverse(tally.count));
    let unaccounted = rows.map_or_else(Vec::new, |rows| unaccounted(rows, &lines));
    let sum: usize = tallies.iter().map(|tally| tally.count).sum();
    Section {
        subject,
        snapshot_rows: rows.map(<[u64]>::len),
        adds_up: unaccounted.is_empty() && rows.is_none_or(|rows| rows.len() == sum),
        tallies,
        unaccounted,
        lines,
    }
}

/// Reasons that name a record are counted together.
fn tallied(line: &Line) -> Option<String> {
    let reason = line.reason.as_deref()?;
    let head = match reason.split_once(':') {
        Some((head, _)) if head == "duplicate_of" || line.outcome == "failed" => head,
        _ => reason,
    };
    Some(head.to_owned())
}

/// Rows without an outcome, outcomes without a row, and rows with two.
fn unaccounted(rows: &[u64], lines: &[Line]) -> Vec<u64> {
    let mut balance: BTreeMap<u64, i64> = BTreeMap::new();
    for id in rows {
        *balance.entry(*id).or_default() += 1;
    }
    for line in lines {
        *balance.entry(line.id).or_default() -= 1;
    }
    let odd = balance.into_iter().filter(|(_, balance)| *balance != 0);
    odd.map(|(id, _)| id).collect()
}
