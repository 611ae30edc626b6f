//! Telling the company's own record of members who is who.

mod service;

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use async_trait::async_trait;
use bettermode::MemberId;

use crate::Error;
use crate::key::Subject;
use crate::ledger::{Entry, Outcome, State, Target as TargetId, TargetKind};
use crate::run::{Run, fresh};

pub use service::ServiceLinker;

/// What the ledger says of pairs that are in the table.
pub(crate) const CSV: &str = "in_the_csv_file";
/// Pairs in one call.
const CHUNK: usize = 100;

/// Somebody in both communities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Circle's id.
    pub circle: u64,
    /// BetterMode's id.
    pub member: MemberId,
}

/// What became of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linked {
    /// It is kept.
    Kept,
    /// One of the two is in another pair already.
    Conflict,
}

/// Keeps pairs. Keeping one twice is keeping it once.
#[async_trait]
pub trait Linker: Send + Sync + std::fmt::Debug {
    /// Where pairs are kept until somebody takes them on; `None` where they belong.
    fn is_kept_at(&self) -> Option<&'static str>;

    /// Keeps some pairs, and tells of each, in their order, what became of it.
    ///
    /// # Errors
    /// [`Error`] when nobody knows; they can be kept again.
    async fn link(&self, pairs: &[Pair]) -> Result<Vec<Linked>, Error>;
}

/// A table on disk, for somebody who links later.
#[derive(Debug)]
pub struct CsvLinker {
    /// The file; rows are appended.
    pub path: PathBuf,
}

#[async_trait]
impl Linker for CsvLinker {
    fn is_kept_at(&self) -> Option<&'static str> {
        Some(CSV)
    }

    async fn link(&self, pairs: &[Pair]) -> Result<Vec<Linked>, Error> {
        let failed = |source| Error::File {
            attempt: "write",
            path: self.path.clone(),
            source,
        };
        let is_new = !self.path.exists();
        let mut options = std::fs::OpenOptions::new();
        let file = options
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path);
        let mut file = file.map_err(failed)?;
        let mut text = String::new();
        if is_new {
            text.push_str("circle_member_id,bettermode_member_id\n");
        }
        for pair in pairs {
            let _never = writeln!(text, "{},{}", pair.circle, pair.member);
        }
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_data());
        written.map_err(failed)?;
        Ok(vec![Linked::Kept; pairs.len()])
    }
}

impl Run {
    /// Keeps the pairs that are not kept yet.
    pub(crate) async fn link(&self, pairs: &[Pair]) -> Result<(), Error> {
        let mut new = Vec::new();
        for pair in pairs {
            let known = self.ledger.entry(Subject::Link, pair.circle)?;
            let same = known.is_some_and(|entry| {
                let target = entry.target.as_ref();
                let here = target.is_some_and(|target| target.id == pair.member.as_str());
                let enough = entry.reason.is_none() || self.linker.is_kept_at().is_some();
                entry.state == State::Done && here && enough
            });
            if !same {
                new.push(pair.clone());
            }
        }
        let phase = self.progress.phase("linking members", new.len());
        for chunk in new.chunks(CHUNK) {
            self.go_on()?;
            let outcomes = self.linker.link(chunk).await?;
            let place = self.linker.is_kept_at();
            let rows = chunk.iter().zip(outcomes);
            let rows = rows.map(|(pair, outcome)| row(pair, outcome, place));
            self.ledger.write(&rows.collect::<Vec<_>>(), self.now())?;
            phase.step(chunk.len());
        }
        phase.finish();
        Ok(())
    }
}

fn row(pair: &Pair, outcome: Linked, place: Option<&str>) -> Entry {
    let target = Some(TargetId::new(TargetKind::Member, pair.member.as_str()));
    let row = fresh(Subject::Link, pair.circle);
    match outcome {
        Linked::Kept => Entry {
            state: State::Done,
            outcome: Some(Outcome::Updated),
            reason: place.map(str::to_owned),
            target,
            ..row
        },
        Linked::Conflict => Entry {
            state: State::Failed,
            reason: Some("one of the two is linked to somebody else".to_owned()),
            error_code: Some("conflict".to_owned()),
            target,
            ..row
        },
    }
}
