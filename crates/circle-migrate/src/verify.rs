//! Whether BetterMode has what the ledger says, and the ledger what the snapshot says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bettermode::{MemberId, PostId, PostQuery, SpaceId};

use crate::Error;
use crate::key::Subject;
use crate::ledger::{Entry, Ledger, State, Target as TargetId, TargetKind};
use crate::migration::Source;
use crate::people::{Address, MARK};
use crate::report;
use crate::target::{Known, Roster, Target};

/// How much is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Lists alone: people, invitations, spaces, posts.
    Lists,
    /// Each mark and each comment too.
    Everything,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many of each kind are as they should be.
    pub good: BTreeMap<Subject, usize>,
    /// What is not: the kind, Circle's id, and what is wrong.
    pub bad: Vec<(Subject, u64, &'static str)>,
    /// Kinds whose outcomes are not as many as the rows, with the ids.
    pub odd: Vec<(Subject, Vec<u64>)>,
}

impl Findings {
    /// Whether all is as it should be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.bad.is_empty() && self.odd.is_empty()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (subject, count) in &self.good {
            let _never = writeln!(text, "{subject}: {count} as the ledger says");
        }
        for (subject, id, what) in &self.bad {
            let _never = writeln!(text, "{subject} {id}: {what}");
        }
        for (subject, ids) in &self.odd {
            let _never = writeln!(text, "{subject}: outcomes and rows differ at {ids:?}");
        }
        let verdict = if self.is_good() {
            "all is there"
        } else {
            "something is missing"
        };
        let _never = writeln!(text, "{verdict}");
        text
    }

    fn note(&mut self, entry: &Entry, is_there: bool, what: &'static str) {
        if is_there {
            *self.good.entry(entry.subject).or_default() += 1;
        } else {
            self.bad.push((entry.subject, entry.id, what));
        }
    }
}

/// Compares. Changes nothing.
///
/// # Errors
/// What stops it.
pub async fn verify(
    source: &Source,
    ledger: &Ledger,
    target: &Target,
    depth: Depth,
) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    people(ledger, target, &mut findings).await?;
    spaces(ledger, target, &mut findings).await?;
    posts(ledger, target, depth, &mut findings).await?;
    if depth == Depth::Everything {
        marks(ledger, target, &mut findings).await?;
    }
    let report = report::of_ledger(source, ledger, false, jiff::Timestamp::UNIX_EPOCH)?;
    for section in report
        .sections
        .into_iter()
        .filter(|section| !section.adds_up)
    {
        findings.odd.push((section.subject, section.unaccounted));
    }
    for subject in Subject::ALL {
        for entry in ledger.entries(subject)? {
            if entry.state == State::InFlight {
                findings
                    .bad
                    .push((subject, entry.id, "was begun and not ended: resume"));
            }
        }
    }
    Ok(findings)
}

fn done(ledger: &Ledger, subject: Subject) -> Result<Vec<(Entry, TargetId)>, Error> {
    let entries = ledger.entries(subject)?.into_iter();
    let done = entries.filter(|entry| entry.state == State::Done);
    Ok(done
        .filter_map(|entry| {
            let target = entry.target.clone()?;
            Some((entry, target))
        })
        .collect())
}

async fn people(ledger: &Ledger, target: &Target, findings: &mut Findings) -> Result<(), Error> {
    let roster = Roster::load(target).await?;
    for (entry, id) in done(ledger, Subject::Member)? {
        let address = entry.email.as_deref().map(Address::parse);
        let known = match &address {
            Some(Ok(address)) => roster.find(address),
            _ => Known::Nobody,
        };
        let by_id = || roster.member_by_id(&MemberId::new(&id.id)).is_some();
        let is_there = match (id.kind, known) {
            (TargetKind::Member, Known::Member(member)) => member.id.as_str() == id.id || by_id(),
            (TargetKind::Member, _) => by_id(),
            (_, Known::Member(_) | Known::Invited(_)) => true,
            (_, Known::Nobody) => false,
        };
        findings.note(
            &entry,
            is_there,
            "neither a member nor an invitation has the address",
        );
    }
    Ok(())
}

async fn spaces(ledger: &Ledger, target: &Target, findings: &mut Findings) -> Result<(), Error> {
    let (groups, spaces) = (
        done(ledger, Subject::SpaceGroup)?,
        done(ledger, Subject::Space)?,
    );
    if !groups.is_empty() {
        let all = target
            .read(async |client| client.collections().await)
            .await?;
        for (entry, id) in groups {
            let is_there = all.iter().any(|one| one.id.as_str() == id.id);
            findings.note(&entry, is_there, "its collection is not there");
        }
    }
    if !spaces.is_empty() {
        let all = target.read(async |client| client.spaces().await).await?;
        for (entry, id) in spaces {
            let is_there = all.iter().any(|one| one.id.as_str() == id.id);
            findings.note(&entry, is_there, "its space is not there");
        }
    }
    Ok(())
}

async fn posts(
    ledger: &Ledger,
    target: &Target,
    depth: Depth,
    findings: &mut Findings,
) -> Result<(), Error> {
    let mut written = done(ledger, Subject::Post)?;
    written.extend(done(ledger, Subject::Event)?);
    let mut there = BTreeSet::new();
    if !written.is_empty() {
        for (_, space) in done(ledger, Subject::Space)? {
            there.extend(posts_of(target, &SpaceId::new(space.id)).await?);
        }
    }
    let mut replies = BTreeSet::new();
    for (entry, id) in &written {
        let is_there = there.contains(&id.id);
        findings.note(entry, is_there, "its post is not published");
        if is_there && depth == Depth::Everything {
            replies_of(target, &PostId::new(&id.id), &mut replies).await?;
        }
    }
    if depth == Depth::Everything {
        for (entry, id) in done(ledger, Subject::Comment)? {
            let is_there = replies.contains(&id.id);
            findings.note(&entry, is_there, "its reply is not published");
        }
    }
    Ok(())
}

async fn posts_of(target: &Target, space: &SpaceId) -> Result<Vec<String>, Error> {
    let query = PostQuery {
        space_id: Some(space.clone()),
        ascending: true,
        limit: 100,
        ..PostQuery::default()
    };
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = target
            .read(async |client| client.posts(&query, after.clone()).await)
            .await?;
        ids.extend(page.items.iter().map(|post| post.id.as_str().to_owned()));
        after = page.next;
        if after.is_none() {
            return Ok(ids);
        }
    }
}

/// Replies, and replies to them: two levels are all that Circle has.
async fn replies_of(
    target: &Target,
    post: &PostId,
    found: &mut BTreeSet<String>,
) -> Result<(), Error> {
    let mut parents = vec![(post.clone(), 0)];
    while let Some((parent, level)) = parents.pop() {
        let mut after = None;
        loop {
            let read =
                target.read(async |client| client.replies(&parent, true, 100, after.clone()).await);
            let page = read.await?;
            for reply in page.items {
                if level == 0 && reply.replies_count > 0 {
                    parents.push((reply.id.clone(), 1));
                }
                found.insert(reply.id.as_str().to_owned());
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}

async fn marks(ledger: &Ledger, target: &Target, findings: &mut Findings) -> Result<(), Error> {
    for (entry, id) in done(ledger, Subject::Mark)? {
        let member = MemberId::new(&id.id);
        let mark = target
            .read(async |client| client.extra_property(&member, MARK).await)
            .await?;
        let is_right = mark == Some(entry.id.to_string());
        findings.note(&entry, is_right, "the member does not bear this Circle id");
    }
    Ok(())
}
