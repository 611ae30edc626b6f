//! One piece of text on its way: decided about, written once, found again.

use std::collections::HashMap;

use bettermode::{
    Client, CreatePost, CreateReply, EventDetails, MappingField, MemberId, Post, PostId, PostOrder,
    PostQuery, PostTimes, PostTypeId, SpaceId,
};
use jiff::Timestamp;
use serde_json::json;

use super::html;
use super::{Author, PostTypes};
use crate::Error;
use crate::key::Subject;
use crate::ledger::{Entry, Ledger, LedgerError, Outcome, State, Target as TargetId, TargetKind};
use crate::run::{Change, Run, fresh, hash};
use crate::step::Step;

/// A record of Circle that becomes a post or a reply, and what is to happen to it.
#[derive(Debug, Clone)]
pub struct Work {
    /// Circle's id.
    pub id: u64,
    /// What is to happen.
    pub step: Step,
    pub(crate) at: Timestamp,
    pub(crate) piece: Option<Piece>,
}

impl Work {
    /// Whether it answers a comment, which has to be there before.
    pub(crate) fn is_reply_to_comment(&self) -> bool {
        let kind = self.piece.as_ref().map(|piece| &piece.kind);
        matches!(
            kind,
            Some(Kind::Reply {
                to: (Subject::Comment, _)
            })
        )
    }
}

/// What is written.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// The space of Circle it is in.
    pub(crate) space: u64,
    pub(crate) kind: Kind,
    pub(crate) html: String,
    /// Without one, the fallback owner.
    pub(crate) owner: Option<MemberId>,
    pub(crate) author_name: Option<String>,
    pub(crate) at: Timestamp,
}

/// As what it is written.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Post { title: String },
    Event { details: Box<EventDetails> },
    Reply { to: (Subject, u64) },
}

/// What becomes of the things that others are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is in BetterMode, or will be when its turn comes.
    There,
    /// It waits.
    Held,
    /// It is not moved.
    Not,
}

/// What becomes of spaces, posts and comments.
#[derive(Debug, Default)]
pub struct Fates(HashMap<(Subject, u64), Fate>);

impl Fates {
    /// Notes what is to happen to some.
    pub fn note<'a>(&mut self, subject: Subject, steps: impl Iterator<Item = (u64, &'a Step)>) {
        for (id, step) in steps {
            let fate = match step {
                Step::Settled(_) | Step::Match(..) | Step::Do(_) | Step::Look(_) => Fate::There,
                Step::Hold(_) | Step::Later => Fate::Held,
                Step::Skip(_) => Fate::Not,
            };
            self.0.insert((subject, id), fate);
        }
    }

    pub(crate) fn of(&self, subject: Subject, id: u64) -> Fate {
        self.0.get(&(subject, id)).cloned().unwrap_or(Fate::Not)
    }
}

/// What deciding about content needs.
#[derive(Debug)]
pub struct Content<'a> {
    /// What was done.
    pub ledger: &'a Ledger,
    /// Who is who.
    pub authors: &'a super::Authors,
    /// What becomes of what it is in.
    pub fates: &'a Fates,
    /// Whether content of people who are no members gets another owner.
    pub has_fallback: bool,
}

impl Content<'_> {
    /// What is to happen to a piece: `skip` is what speaks against it for good.
    pub(crate) fn decide(
        &self,
        (subject, id): (Subject, u64),
        skip: Option<&str>,
        place: Fate,
        author: &Author,
    ) -> Result<Step, LedgerError> {
        if let Some(known) = Step::known(self.ledger.entry(subject, id)?.as_ref()) {
            return Ok(known);
        }
        if let Some(reason) = skip {
            return Ok(Step::Skip(reason.to_owned()));
        }
        let parent = if subject == Subject::Comment {
            "parent"
        } else {
            "space"
        };
        Ok(match (place, author) {
            (Fate::Not, _) => Step::Skip(format!("{parent}_not_moved")),
            (Fate::Held, _) => Step::Hold(format!("{parent}_held_back")),
            (Fate::There, Author::Member(_)) => Step::Do(Outcome::Created),
            (Fate::There, _) if self.has_fallback => Step::Do(Outcome::Created),
            (Fate::There, Author::NotYet) => Step::Hold("author_no_member_yet".to_owned()),
            (Fate::There, Author::Never) => Step::Hold("author_not_moved".to_owned()),
        })
    }
}

/// Writes what is to be written, the oldest first.
pub(crate) async fn write_works(
    run: &Run,
    subject: Subject,
    mut works: Vec<Work>,
    types: &mut PostTypes,
) -> Result<(), Error> {
    works.sort_by_key(|work| (work.at, work.id));
    let mut rows = Vec::new();
    for work in &works {
        let row = |state, reason: &str| Entry {
            state,
            reason: Some(reason.to_owned()),
            ..fresh(subject, work.id)
        };
        match &work.step {
            Step::Skip(reason) => rows.push(row(State::Skipped, reason)),
            Step::Hold(reason) => rows.push(row(State::Planned, reason)),
            _ => {}
        }
    }
    run.settle_rows(rows)?;
    works.retain(|work| matches!(work.step, Step::Do(_) | Step::Look(_)));
    let name = match subject {
        Subject::Post => "writing posts",
        Subject::Event => "writing events",
        _ => "writing comments",
    };
    let phase = run.progress.phase(name, works.len());
    for work in works {
        run.go_on()?;
        if let Some(piece) = &work.piece {
            write_one(run, (subject, work.id), &work.step, piece, types).await?;
        }
        phase.step(1);
    }
    phase.finish();
    Ok(())
}

async fn write_one(
    run: &Run,
    (subject, id): (Subject, u64),
    step: &Step,
    piece: &Piece,
    types: &mut PostTypes,
) -> Result<(), Error> {
    let Some(letter) = prepare(run, (subject, id), piece, types).await? else {
        return Ok(());
    };
    let change = Change {
        subject,
        id,
        payload_hash: letter.payload_hash(),
        outcome: Outcome::Created,
    };
    if matches!(step, Step::Look(_)) {
        run.settle().await;
        if let Some(found) = letter.find(run).await? {
            return run.done(&change, &found);
        }
    } else if !run.may_begin(subject) {
        return run.planned(&change, Some("beyond_limit"));
    }
    let send = async |client: &Client| letter.send(client).await;
    run.make(&change, send, async || letter.find(run).await)
        .await
        .map(drop)
}

/// A piece with everything that BetterMode wants to know.
#[derive(Debug)]
struct Letter {
    space: SpaceId,
    parent: Option<PostId>,
    kind: PostTypeId,
    fields: Vec<MappingField>,
    title: Option<String>,
    owner: MemberId,
    times: PostTimes,
}

/// `None` when it has to wait or cannot be written, which the ledger then says.
async fn prepare(
    run: &Run,
    (subject, id): (Subject, u64),
    piece: &Piece,
    types: &mut PostTypes,
) -> Result<Option<Letter>, Error> {
    let unfit = |state, reason: &str| {
        let row = Entry {
            state,
            reason: Some(reason.to_owned()),
            ..fresh(subject, id)
        };
        run.settle_rows(vec![row]).map(|()| None)
    };
    let place = |subject, id| -> Result<Option<String>, Error> {
        let entry = run.ledger.entry(subject, id)?;
        let entry = entry.filter(|entry| entry.state == State::Done);
        Ok(entry.and_then(|entry| entry.target).map(|target| target.id))
    };
    let Some(space) = place(Subject::Space, piece.space)?.map(SpaceId::new) else {
        return unfit(State::Planned, "space_held_back");
    };
    let parent = match &piece.kind {
        Kind::Reply { to } => match place(to.0, to.1)? {
            Some(parent) => Some(PostId::new(parent)),
            None => return unfit(State::Planned, "parent_held_back"),
        },
        _ => None,
    };
    let mut text = piece.html.clone();
    let owner = match (&piece.owner, &run.options.fallback_owner) {
        (Some(owner), _) => owner.clone(),
        (None, Some(fallback)) => {
            text = html::attribution(piece.author_name.as_deref(), piece.at) + &text;
            MemberId::new(fallback)
        }
        (None, None) => return unfit(State::Planned, "author_no_member_yet"),
    };
    let found = types
        .fit(run, &space, parent.as_ref(), &piece.kind, &text)
        .await?;
    let Some((kind, fields)) = found else {
        return unfit(State::Skipped, "no_post_type_for_it");
    };
    let title = match &piece.kind {
        Kind::Post { title } => Some(title.clone()),
        Kind::Event { details } => Some(details.title.clone()),
        Kind::Reply { .. } => None,
    };
    let at = crate::people::milliseconds(piece.at);
    Ok(Some(Letter {
        space,
        parent,
        kind,
        fields,
        title,
        owner,
        times: PostTimes {
            created_at: at,
            published_at: at,
        },
    }))
}

impl Letter {
    fn payload_hash(&self) -> String {
        hash(&json!({
            "space": self.space, "parent": self.parent, "kind": self.kind,
            "fields": self.fields, "owner": self.owner, "at": self.times.created_at,
        }))
    }

    async fn send(&self, client: &Client) -> Result<TargetId, bettermode::Error> {
        let (fields, owner_id) = (self.fields.clone(), Some(self.owner.clone()));
        let post = if let Some(parent) = &self.parent {
            let reply = CreateReply {
                post_id: parent.clone(),
                post_type_id: self.kind.clone(),
                fields,
                owner_id,
            };
            client.import_reply(reply, self.times).await?
        } else {
            let post = CreatePost {
                space_id: self.space.clone(),
                post_type_id: self.kind.clone(),
                fields,
                publish: true,
                owner_id,
                tag_names: Vec::new(),
            };
            client.import_post(post, self.times).await?
        };
        if post.created_at != self.times.created_at {
            tracing::warn!("BetterMode did not keep the time of what was written");
        }
        Ok(TargetId::new(TargetKind::Post, post.id.as_str()))
    }

    /// Looks for what may have been written: same place, same owner, same moment, same
    /// title, and no other step's.
    async fn find(&self, run: &Run) -> Result<Option<TargetId>, Error> {
        let mut after: Option<String> = None;
        loop {
            let page = run
                .target
                .read(async |client| self.page(client, after.clone()).await);
            let page = page.await?;
            for post in &page.items {
                if self.is(post) && !run.ledger.is_known_target(post.id.as_str())? {
                    return Ok(Some(TargetId::new(TargetKind::Post, post.id.as_str())));
                }
            }
            // Sorted by time: what follows is younger still.
            let past = page
                .items
                .last()
                .is_some_and(|last| last.created_at > self.times.created_at);
            after = page.next;
            if past || after.is_none() {
                return Ok(None);
            }
        }
    }

    async fn page(
        &self,
        client: &Client,
        after: Option<String>,
    ) -> Result<bettermode::Listed<Post>, bettermode::Error> {
        const PAGE: u32 = 50;
        if let Some(parent) = &self.parent {
            return client.replies(parent, true, PAGE, after).await;
        }
        let query = PostQuery {
            space_id: Some(self.space.clone()),
            created_since: Some(self.times.created_at),
            order: PostOrder::CreatedAt,
            ascending: true,
            limit: PAGE,
            ..PostQuery::default()
        };
        client.posts(&query, after).await
    }

    fn is(&self, post: &Post) -> bool {
        post.owner_id == self.owner
            && post.created_at == self.times.created_at
            && (self.parent.is_some() || post.title == self.title)
    }
}
