//! Everything compared with Notion: the first fill, and every night. Rows that are as they
//! shall be cost no call.

use std::collections::HashSet;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{Engine, Indexed};
use crate::error::Error;
use crate::model::MemberId;
use crate::row;
use crate::state::{Source, meta};
use crate::writer::{Job, Written};

/// Rows in one go: some ten seconds at the usual pace, so that it can end when asked.
const CHUNK: usize = 25;

/// More members than this, if they are most of them, do not leave in one night: rather the
/// list is wrong.
const MANY: usize = 20;

/// What a comparison found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Members of the community.
    pub members: usize,
    /// Activities of the community.
    pub activities: usize,
    /// Members whose rows stay although they are gone.
    pub gone: usize,
    /// Rows that could not be written.
    pub failed: usize,
    /// What was read of Notion, where it was.
    pub indexed: Vec<(Source, Indexed)>,
}

impl Engine {
    /// Compares everything and writes the members that differ; activities that differ are
    /// marked, and [`Engine::settle_activities`] writes them. With `anew`, Notion's rows are read
    /// again first: rows that people deleted come back, duplicates are reported.
    ///
    /// # Errors
    /// [`Error`], [`Error::Stopped`] when the program shall end; what was written until then
    /// stays, and another comparison goes on from there.
    pub async fn compare(&self, anew: bool) -> Result<Compared, Error> {
        let mut compared = Compared {
            indexed: self.index(anew).await?,
            ..Compared::default()
        };
        compared.activities = self.list_activities().await?;
        self.compare_members(&mut compared).await?;
        let now = self.parts.clock.now();
        self.parts.metrics.reconciled(now);
        self.parts
            .state
            .set_meta(meta::RECONCILED, now.to_string())
            .await?;
        tracing::info!(
            members = compared.members,
            activities = compared.activities,
            gone = compared.gone,
            failed = compared.failed,
            "compared everything"
        );
        Ok(compared)
    }

    /// All activities of the community, into what is remembered.
    async fn list_activities(&self) -> Result<usize, Error> {
        let state = &self.parts.state;
        let written_as = state.meta(meta::LAYOUT).await?;
        let all = written_as.is_some_and(|known| known != self.activities_layout());
        let (mut token, mut count) = (String::new(), 0);
        loop {
            let page = self.parts.community.activities(None, &token).await?;
            count += page.items.len();
            let with_key = |activity: crate::model::Activity| {
                (row::activity_key(&self.parts.network, &activity), activity)
            };
            let (with, without): (Vec<_>, Vec<_>) = page
                .items
                .into_iter()
                .partition(|activity| self.gets_a_row(activity));
            state
                .listed(with.into_iter().map(with_key).collect(), true, all)
                .await?;
            state
                .listed(without.into_iter().map(with_key).collect(), false, false)
                .await?;
            if page.next.is_empty() {
                // All that is to be written again is marked.
                state
                    .set_meta(meta::LAYOUT, self.activities_layout())
                    .await?;
                return Ok(count);
            }
            token = page.next;
        }
    }

    async fn compare_members(&self, compared: &mut Compared) -> Result<(), Error> {
        let mut seen = HashSet::new();
        let mut token = String::new();
        loop {
            let page = self.parts.community.members(&token).await?;
            let now = self.parts.clock.now();
            let mut jobs = Vec::new();
            for member in &page.items {
                seen.insert(row::member_key(&self.parts.network, &member.id));
                jobs.push(self.member_job(member, now).await?);
            }
            compared.members += jobs.len();
            self.write_members(&jobs, compared).await?;
            if page.next.is_empty() {
                break;
            }
            token = page.next;
        }
        self.mark_gone(&seen, compared).await
    }

    /// Rows of members that the list does not have. The list has no deleted ones, so each is
    /// looked at only by its row: nothing else of it changes.
    async fn mark_gone(
        &self,
        seen: &HashSet<String>,
        compared: &mut Compared,
    ) -> Result<(), Error> {
        let prefix = format!("bettermode:{}:member:", self.parts.network);
        let known = self.parts.state.keys(Source::Members).await?;
        let gone = known.iter().filter(|key| !seen.contains(*key));
        let gone = gone
            .filter_map(|key| key.strip_prefix(&prefix))
            .map(MemberId::new);
        let jobs: Vec<_> = gone.filter_map(|id| self.gone_job(&id)).collect();
        compared.gone = jobs.len();
        let keys = jobs.iter().map(|job| job.row.key.clone()).collect();
        let marked = self.parts.state.pages(Source::Members, keys).await?;
        let is_new =
            |job: &&Job| marked.get(&job.row.key).map(|it| &it.hash) != Some(&job.row.hash);
        let new = jobs.iter().filter(is_new).count();
        if new > MANY && new * 2 > known.len() {
            tracing::error!(
                new,
                rows = known.len(),
                "most members are gone from the list at once; their rows stay as they are. Look \
                 whether community-svc may list all members"
            );
            compared.failed += new;
            return Ok(());
        }
        self.write_members(&jobs, compared).await
    }

    async fn write_members(&self, jobs: &[Job], compared: &mut Compared) -> Result<(), Error> {
        let mut written = Vec::new();
        for chunk in jobs.chunks(CHUNK) {
            if self.parts.shutdown.draining().is_cancelled() {
                return Err(Error::Stopped);
            }
            written.extend(self.members.writer.write(chunk).await?);
        }
        let failed = |written: &&Written| matches!(written, Written::Later | Written::Refused);
        compared.failed += written.iter().filter(failed).count();
        Ok(())
    }

    /// Changes when the columns of activities change: then their rows are written again.
    fn activities_layout(&self) -> String {
        let mut text = String::new();
        if let Some(table) = &self.activities {
            for (column, field) in &table.layout.columns {
                // Writing to a text cannot fail.
                let _ = write!(text, "{} {} {field:?};", column.id, column.kind);
            }
        }
        hex::encode(Sha256::digest(text))
    }
}
