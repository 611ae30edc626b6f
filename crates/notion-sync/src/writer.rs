//! Rows into Notion: made, changed or left as they are.
//!
//! A row whose hash is known to be in Notion costs no call. Before rows are made it is kept
//! that they are; a run that ends in between looks for them before it makes them again.

use std::collections::HashMap;
use std::time::Duration;

use futures::future::FutureExt as _;
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use notion::{Client, Created, DataSourceId, Error, Key, PageId, Property};

use service_kit::clock::SharedClock;

use crate::metrics::{Metrics, Outcome};
use crate::row::Row;
use crate::state::{self, Known, Source, State};

/// How many requests may be open: enough that the pace, and not the way there and back, is
/// what limits.
const OPEN: usize = 4;
/// How long a row that an earlier run was making may still be under way to Notion, though
/// that run has ended: it is not looked for before.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(20);

/// Writes the rows of one data source. There must be one writer for each.
#[derive(Debug, Clone)]
pub struct Writer {
    /// Notion.
    pub notion: Client,
    /// The data source.
    pub source: DataSourceId,
    /// Which of the two it is.
    pub which: Source,
    /// The column of the key.
    pub key: Property,
    /// What is known.
    pub state: State,
    /// What is counted.
    pub metrics: Metrics,
    /// The time.
    pub clock: SharedClock,
}

/// A row to write.
#[derive(Debug, Clone)]
pub struct Job {
    /// The row.
    pub row: Row,
    /// The page of somebody whom people entered by hand: it becomes this row, where the key
    /// has no page yet.
    pub adopt: Option<PageId>,
    /// Only an existing row is changed; none is made.
    pub only_change: bool,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is in Notion as it shall be.
    Done(PageId),
    /// There is none, and none was to be made.
    Absent,
    /// Notion refuses it as it is; it is left until it changes.
    Refused,
    /// It can be tried again.
    Later,
}

/// Why writing has to stop.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Every further call would fail as well.
    #[error(transparent)]
    Notion(#[from] Error),
    /// What is known cannot be read or kept.
    #[error(transparent)]
    State(#[from] state::Error),
}

/// What to do with one row.
enum Step {
    Leave(PageId),
    Skip,
    Change(PageId),
    /// Somebody was making it at this time.
    LookUp(Timestamp),
    Make,
}

impl Writer {
    /// Writes rows, a few at a time; the outcomes come in the order of the jobs.
    ///
    /// # Errors
    /// [`WriteError`]; what was written until then is kept.
    pub async fn write(&self, jobs: &[Job]) -> Result<Vec<Written>, WriteError> {
        let keys = jobs.iter().map(|job| job.row.key.clone()).collect();
        let known = self.state.pages(self.which, keys).await?;
        let steps: Vec<_> = jobs.iter().map(|job| step(job, &known)).collect();
        let makes =
            |(job, step): (&Job, &Step)| matches!(step, Step::Make).then(|| job.row.key.clone());
        let made: Vec<_> = jobs.iter().zip(&steps).filter_map(makes).collect();
        if !made.is_empty() {
            self.state
                .making(self.which, made, self.clock.now())
                .await?;
        }
        // Boxed: without it the compiler cannot tell that all of this may move between threads.
        let work: Vec<_> = jobs
            .iter()
            .zip(steps)
            .map(|(job, step)| self.one(job, step).boxed())
            .collect();
        let results: Vec<_> = stream::iter(work).buffered(OPEN).collect().await;
        let kept = jobs
            .iter()
            .zip(&results)
            .filter_map(|(job, result)| match result {
                Ok((Written::Done(page), true)) => {
                    Some((job.row.key.clone(), page.clone(), job.row.hash.clone()))
                }
                _ => None,
            });
        let kept: Vec<_> = kept.collect();
        if !kept.is_empty() {
            self.state.keep_pages(self.which, kept).await?;
        }
        let results = results
            .into_iter()
            .map(|result| result.map(|(written, _)| written));
        results
            .collect::<Result<_, _>>()
            .map_err(WriteError::Notion)
    }

    /// One row; true when something is to be kept.
    async fn one(&self, job: &Job, step: Step) -> Result<(Written, bool), Error> {
        let done = match step {
            Step::Leave(page) => {
                self.count(Outcome::Unchanged);
                return Ok((Written::Done(page), false));
            }
            Step::Skip => return Ok((Written::Absent, false)),
            Step::Change(page) => self.change(job, page).await,
            Step::LookUp(since) => {
                self.let_arrive(since).await;
                self.find_or_make(job).await
            }
            Step::Make => self.make(job).await,
        };
        match done {
            Ok(Some((page, outcome))) => {
                self.count(outcome);
                Ok((Written::Done(page), true))
            }
            Ok(None) => Ok((Written::Absent, false)),
            Err(error) if error.concerns_all() => Err(error),
            // About a page that a relation names, or about all of it: then it has to be said.
            Err(error @ Error::NotFound { .. }) => {
                match self.notion.data_source(&self.source).await {
                    Ok(_) => Ok((self.refused(job, &error), false)),
                    Err(all) => Err(all),
                }
            }
            Err(error) if error.passes() => {
                self.count(Outcome::Postponed);
                tracing::warn!(%error, key = job.row.key, "a row has to wait");
                Ok((Written::Later, false))
            }
            Err(error) => Ok((self.refused(job, &error), false)),
        }
    }

    fn refused(&self, job: &Job, error: &Error) -> Written {
        self.count(Outcome::Refused);
        tracing::error!(%error, key = job.row.key, "a row cannot be written");
        Written::Refused
    }

    async fn let_arrive(&self, since: Timestamp) {
        let left = UNDER_WAY - self.clock.now().duration_since(since);
        // A clock that was set back must not make this long.
        if let Ok(left) = Duration::try_from(left.min(UNDER_WAY)) {
            tokio::time::sleep(left).await;
        }
    }

    async fn change(&self, job: &Job, page: PageId) -> Result<Option<(PageId, Outcome)>, Error> {
        match self.notion.update(&page, &job.row.properties).await {
            Ok(()) => Ok(Some((page, Outcome::Changed))),
            // People put it into the trash. Another one may have its key; else it comes back.
            Err(Error::NotFound { .. } | Error::Trashed { .. }) => self.find_or_make(job).await,
            Err(error) => Err(error),
        }
    }

    async fn find_or_make(&self, job: &Job) -> Result<Option<(PageId, Outcome)>, Error> {
        let key = self.key(job);
        match self.notion.find(&self.source, &key).await? {
            Some(page) => {
                self.notion.update(&page, &job.row.properties).await?;
                Ok(Some((page, Outcome::Changed)))
            }
            None if job.only_change => Ok(None),
            None => self.make(job).await,
        }
    }

    async fn make(&self, job: &Job) -> Result<Option<(PageId, Outcome)>, Error> {
        let key = self.key(job);
        let created = self
            .notion
            .create(&self.source, &key, &job.row.properties)
            .await?;
        // One that is found was made with these values by an earlier try of this very call.
        Ok(Some(match created {
            Created::Made(page) => (page, Outcome::Made),
            Created::Found(page) => (page, Outcome::Found),
        }))
    }

    fn key<'a>(&'a self, job: &'a Job) -> Key<'a> {
        Key {
            column: &self.key,
            value: &job.row.key,
        }
    }

    fn count(&self, outcome: Outcome) {
        self.metrics.row(self.which, outcome);
    }
}

fn step(job: &Job, known: &HashMap<String, Known>) -> Step {
    match known.get(&job.row.key) {
        Some(Known {
            page: Some(page),
            hash,
            ..
        }) if *hash == job.row.hash => Step::Leave(page.clone()),
        Some(Known {
            page: Some(page), ..
        }) => Step::Change(page.clone()),
        Some(Known {
            page: None, since, ..
        }) => Step::LookUp(*since),
        None => match &job.adopt {
            Some(page) => Step::Change(page.clone()),
            None if job.only_change => Step::Skip,
            None => Step::Make,
        },
    }
}
