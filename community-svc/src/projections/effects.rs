//! The effects themselves, each idempotent per event.

use std::sync::Arc;
use std::time::Duration;

use bettermode::{MemberId, SpaceId};
use jiff::Timestamp;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use trace_kit::{Span, Tracer};

use super::Failure;
use crate::activities::{Payload, SharedActivityStore, member_of, normalise};
use crate::community_members::{MemberChange, SharedMemberStore};
use crate::events::{NewEvent, Projection, SharedEventStore};
use crate::members::{Changed, Members};
use crate::spaces::Spaces;
use crate::stores::StoreError;
use crate::traces;

/// What copies an event can make stale; cheap to clone.
#[derive(Debug, Clone)]
pub struct Copies {
    /// Of members.
    pub members: Members,
    /// Of spaces.
    pub spaces: Spaces,
}

/// What events are projected to; cheap to clone.
#[derive(Debug, Clone)]
pub struct Effects {
    pub(super) cache: Copies,
    pub(super) members: SharedMemberStore,
    pub(super) activities: SharedActivityStore,
    /// How long a cached copy lives at most.
    cache_ttl: Duration,
    gate: Arc<RwLock<()>>,
    traces: Option<Tracer>,
}

/// What an erasure removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// Events whose payload and ids were erased.
    pub events: u64,
    /// Activities that were deleted.
    pub activities: u64,
    /// Whether there was a record of the member.
    pub record: bool,
}

impl Effects {
    /// To these; `cache_ttl` is how old a cached copy gets at most.
    #[must_use]
    pub fn new(
        cache: Copies,
        members: SharedMemberStore,
        activities: SharedActivityStore,
        cache_ttl: Duration,
    ) -> Self {
        Self {
            cache,
            members,
            activities,
            cache_ttl,
            gate: Arc::default(),
            traces: None,
        }
    }

    /// The same, with a span for each projection of an event that is traced.
    #[must_use]
    pub fn traced(self, traces: Option<Tracer>) -> Self {
        Self { traces, ..self }
    }

    /// Where activities are kept.
    #[must_use]
    pub fn activities(&self) -> &SharedActivityStore {
        &self.activities
    }

    /// Where the record of members is kept.
    #[must_use]
    pub fn members(&self) -> &SharedMemberStore {
        &self.members
    }

    /// Erases what is kept of a member. Events go first: a projection that runs
    /// meanwhile finds nothing left to project, and one that has begun is waited
    /// for.
    ///
    /// # Errors
    /// When a store does not answer; call again, what was erased stays so.
    pub async fn erase(
        &self,
        events: &SharedEventStore,
        member: &MemberId,
    ) -> Result<Erased, StoreError> {
        let erased = events.erase(member.as_str()).await?;
        let _alone = self.gate.write().await;
        let activities = self.activities.erase(member).await?;
        let record = self.members.erase(member).await?;
        self.cache.members.forget(member).await;
        Ok(Erased {
            events: erased,
            activities,
            record,
        })
    }

    /// Keeps erasures out while a batch takes effect.
    pub(super) async fn enter(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.gate).read_owned().await
    }

    /// Has one projection of these events take effect.
    pub(super) async fn run(
        &self,
        projection: Projection,
        events: &[&NewEvent],
    ) -> Result<(), Failure> {
        let traces = self.traces.as_ref();
        let spans = traces.map(|tracer| traces::projecting(tracer, projection, events));
        let spans = spans.unwrap_or_default();
        let done = self.take_effect(projection, events, &spans).await;
        traces::projected(spans, done.as_ref().err().map(Failure::kind));
        done
    }

    async fn take_effect(
        &self,
        projection: Projection,
        events: &[&NewEvent],
        spans: &[Option<Span>],
    ) -> Result<(), Failure> {
        match projection {
            Projection::Cache => self.forget(events, spans).await,
            Projection::Members => {
                let changes: Vec<_> = events
                    .iter()
                    .filter_map(|event| MemberChange::read(event))
                    .collect();
                Ok(self.members.apply(&changes).await?)
            }
            Projection::Activities => {
                let activities: Vec<_> = events.iter().flat_map(|event| normalise(event)).collect();
                Ok(self.activities.put(&activities).await?)
            }
        }
    }

    /// Whether a copy from before the event cannot be in the cache any more,
    /// although nobody dropped it.
    pub(super) fn has_left_the_cache(&self, event: &NewEvent, now: Timestamp) -> bool {
        let age = Duration::try_from(now.duration_since(event.received_at));
        age.is_ok_and(|age| age > self.cache_ttl)
    }

    async fn forget(&self, events: &[&NewEvent], spans: &[Option<Span>]) -> Result<(), Failure> {
        let away = |error: crate::cache::Error| Failure::Away(error.to_string());
        // What a copy is dropped for is remembered, so that a later fill can name it.
        let work = |place: usize| spans.get(place)?.as_ref().map(Span::work);
        for (place, event) in events.iter().enumerate() {
            if let Some(changed) = Changed::read(event) {
                let dropping = self.cache.members.invalidate_all(&changed);
                let dropped = trace_kit::within(work(place), dropping).await;
                dropped.map_err(away)?;
            }
        }
        for (place, event) in events.iter().enumerate() {
            if let Some(space) = changed_space(event) {
                let dropping = self.cache.spaces.invalidate(&space);
                let dropped = trace_kit::within(work(place), dropping).await;
                dropped.map_err(away)?;
            }
        }
        Ok(())
    }
}

/// The member whose cached copy an event makes stale.
pub(super) fn changed_member(event: &NewEvent) -> Option<MemberId> {
    member_of(event, &Payload::read(event)?)
}

/// The space whose cached copy an event makes stale. Memberships change counts only,
/// and come in floods when somebody joins: they leave copies alone.
pub(super) fn changed_space(event: &NewEvent) -> Option<SpaceId> {
    if !event.event_type.starts_with("space.") {
        return None;
    }
    Payload::read(event)?.space(&[
        "/object/id",
        "/target/spaceId",
        "/id",
        "/spaceId",
        "/space_id",
    ])
}

impl Changed {
    /// The member, and under which names somebody may have been told that there is
    /// nobody.
    fn read(event: &NewEvent) -> Option<Self> {
        let payload = Payload::read(event)?;
        let text = |pointers: &[&str]| payload.text(pointers).map(str::to_owned);
        Some(Self {
            id: member_of(event, &payload)?,
            username: text(&["/object/username", "/username"]),
            email: text(&["/object/email", "/email"])
                .and_then(|address| bettermode::Email::parse(&address).ok()),
        })
    }
}
