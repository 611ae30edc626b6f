//! Rows are written: members who are due first, then activities.

use std::collections::HashMap;

use jiff::Timestamp;
use notion::PageId;

use super::Engine;
use crate::community::MemberRead;
use crate::error::Error;
use crate::model::{Activity, Member, MemberId};
use crate::row;
use crate::state::{DueMember, Source};
use crate::writer::{Job, Written};

/// Members at once; the service reads up to 200.
const MEMBERS: usize = 100;
/// Activities at once: some ten seconds at the usual pace, so that members who become due
/// do not wait for long.
const ACTIVITIES: usize = 25;
/// How long a member waits that could not be read or written.
const LATER: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);

impl Engine {
    /// Writes members whose window is over; how many rows were looked at.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn settle_members(&self) -> Result<usize, Error> {
        let now = self.parts.clock.now();
        let due = self
            .parts
            .state
            .due_members(now - self.parts.window, MEMBERS)
            .await?;
        if due.is_empty() {
            return Ok(0);
        }
        let ids: Vec<_> = due.iter().map(|member| member.id.clone()).collect();
        let newer_than = due.iter().filter_map(|member| member.newer_than).max();
        let reads = self.parts.community.read_members(&ids, newer_than).await?;
        let mut due: HashMap<MemberId, DueMember> = due
            .into_iter()
            .map(|member| (member.id.clone(), member))
            .collect();
        let (mut jobs, mut of, mut later) = (Vec::new(), Vec::new(), Vec::new());
        for read in reads {
            let (id, job) = match read {
                MemberRead::Found(member) => {
                    let job = self.member_job(&member, now).await?;
                    (member.id.clone(), Some(job))
                }
                MemberRead::Gone(id) => {
                    let job = self.gone_job(&id);
                    (id, job)
                }
                MemberRead::Failed(id, reason) => {
                    tracing::warn!(member = id.as_str(), reason, "a member cannot be read now");
                    later.push(id);
                    continue;
                }
            };
            let Some(member) = due.remove(&id) else {
                continue;
            };
            of.push(member);
            jobs.extend(job);
        }
        let written = self.members.writer.write(&jobs).await?;
        self.settle(of, &jobs, &written, later, now).await?;
        Ok(jobs.len())
    }

    async fn settle(
        &self,
        members: Vec<DueMember>,
        jobs: &[Job],
        written: &[Written],
        mut later: Vec<MemberId>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let postponed: Vec<&str> = jobs
            .iter()
            .zip(written)
            .filter(|(_, written)| **written == Written::Later)
            .map(|(job, _)| job.row.key.as_str())
            .collect();
        let has_to_wait = |member: &DueMember| {
            let key = row::member_key(&self.parts.network, &member.id);
            postponed.contains(&key.as_str())
        };
        let (waiting, done): (Vec<_>, Vec<_>) = members.into_iter().partition(has_to_wait);
        later.extend(waiting.into_iter().map(|member| member.id));
        let state = &self.parts.state;
        state.settled_members(done).await?;
        // As if marked so late that the window is over when it is their turn again.
        state
            .postpone_members(later, now - self.parts.window + LATER)
            .await?;
        Ok(())
    }

    /// The row of a member as it shall be now.
    pub(super) async fn member_job(&self, member: &Member, now: Timestamp) -> Result<Job, Error> {
        let state = &self.parts.state;
        let activities = state.activities_of(&member.id).await?;
        let activities = activities.iter().map(|(kind, at)| (kind.as_str(), *at));
        let engagement = self.parts.mapping.scoring.of(activities, now);
        let layout = &self.members.layout;
        let row = row::of_member(layout, &self.parts.network, member, &engagement);
        let email = member.email.0.trim().to_lowercase();
        let adopt = match email.as_str() {
            "" => None,
            _ => state.unkeyed(email).await?,
        };
        Ok(Job {
            row,
            adopt,
            only_change: false,
        })
    }

    /// The row of a member who is gone; it stays, with another status.
    pub(super) fn gone_job(&self, member: &MemberId) -> Option<Job> {
        let key = row::member_key(&self.parts.network, member);
        let row = row::of_gone_member(&self.members.layout, key)?;
        Some(Job {
            row,
            adopt: None,
            only_change: true,
        })
    }

    /// Writes the rows of activities; how many were looked at.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn settle_activities(&self) -> Result<usize, Error> {
        let Some(table) = &self.activities else {
            return Ok(0);
        };
        let state = &self.parts.state;
        let activities = state.activities_to_write(ACTIVITIES).await?;
        if activities.is_empty() {
            return Ok(0);
        }
        let members = self.members_of(&activities).await?;
        let mut dangling = 0;
        let jobs: Vec<_> = activities
            .iter()
            .map(|activity| {
                let page = members.get(&activity.member_id);
                dangling += usize::from(page.is_none());
                Job {
                    row: row::of_activity(&table.layout, &self.parts.network, activity, page),
                    adopt: None,
                    only_change: false,
                }
            })
            .collect();
        let written = table.writer.write(&jobs).await?;
        self.parts.metrics.dangling(dangling);
        let count = activities.len();
        let done = activities.into_iter().zip(written);
        let done = done.filter(|(_, written)| *written != Written::Later);
        let done: Vec<_> = done.map(|(activity, _)| activity).collect();
        let stuck = done.is_empty();
        state.activities_written(done).await?;
        Ok(if stuck { 0 } else { count })
    }

    async fn members_of(
        &self,
        activities: &[Activity],
    ) -> Result<HashMap<MemberId, PageId>, Error> {
        let network = &self.parts.network;
        let mut ids: Vec<_> = activities
            .iter()
            .map(|activity| &activity.member_id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let keys = ids.iter().map(|id| row::member_key(network, id)).collect();
        let known = self.parts.state.pages(Source::Members, keys).await?;
        let page = |id: &&MemberId| {
            let page = known.get(&row::member_key(network, id))?.page.clone()?;
            Some(((*id).clone(), page))
        };
        Ok(ids.iter().filter_map(page).collect())
    }
}
