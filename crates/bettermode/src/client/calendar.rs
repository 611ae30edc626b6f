//! Events, by whichever of the two ways the network has.
//!
//! Where events can be created in a calendar, all of them are there; an operation that
//! such a network lacks is missing, and not done the older way.

use super::Client;
use crate::{
    CalendarEvent, Error, EventChange, EventId, EventStatus, Listed, NewEvent, SoughtEvent,
    SpaceId, Subject,
    operations::{
        Operation, create_event, delete_event, event, event_posts, events, register_for_event,
        update_event,
    },
    paging::{Page, each_page},
};

/// How many events a page asks for when one is sought: what was just created is on the
/// first.
const PAGE: u32 = 20;

impl Client {
    /// Creates an event. Never sent twice.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been created; [`Error::NotFound`] for
    /// an unknown space, and on older networks for a space without a post type that has
    /// dates; [`Error::NotSupported`] for what the network cannot keep of an event;
    /// [`Error::InvalidInput`]; any of [`Error`].
    pub async fn create_event(&self, new: &NewEvent) -> Result<CalendarEvent, Error> {
        if !self.has_calendar().await? {
            return self.create_event_post(new).await;
        }
        let variables = create_event::variables(new)?;
        let data = self.call::<create_event::CreateEvent>(variables).await?;
        Ok(create_event::answer(data))
    }

    /// Changes an event. Making the same change again changes nothing more.
    ///
    /// # Errors
    /// As [`create_event`](Self::create_event); [`Error::NotFound`] for an unknown event.
    pub async fn update_event(
        &self,
        id: &EventId,
        change: &EventChange,
    ) -> Result<CalendarEvent, Error> {
        if !self.has_calendar().await? {
            return self.update_event_post(id, change).await;
        }
        self.can("changing events", |has| has.change_events).await?;
        let variables = update_event::variables(id, change)?;
        let data = self.call::<update_event::UpdateEvent>(variables).await?;
        Ok(update_event::answer(data))
    }

    /// Cancels an event: BetterMode marks it as deleted.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`] when it may have been cancelled; [`Error::NotFound`]
    /// for an unknown event, maybe one that is cancelled; any of [`Error`].
    pub async fn cancel_event(&self, id: &EventId) -> Result<(), Error> {
        if !self.has_calendar().await? {
            return self.delete_event_post(id).await;
        }
        self.can("changing events", |has| has.change_events).await?;
        self.call::<delete_event::DeleteEvent>(delete_event::variables(id))
            .await
            .map(drop)
    }

    /// Registers this client's member for an event.
    ///
    /// # Errors
    /// [`Error::NotSupported`] on networks without registration; [`Error::OutcomeUnknown`]
    /// when it may have happened; [`Error::NotFound`]; any of [`Error`].
    pub async fn register_for_event(&self, id: &EventId) -> Result<(), Error> {
        let what = "registering for events";
        self.can(what, |has| has.create_event && has.register_for_event)
            .await?;
        let variables = register_for_event::variables(id);
        self.call::<register_for_event::RegisterForEvent>(variables)
            .await
            .map(drop)
    }

    /// One page of a space's events, the last created first. Events that moderation
    /// holds, and cancelled ones, are left out.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown space; any of [`Error`].
    pub async fn events(
        &self,
        space: &SpaceId,
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<CalendarEvent>, Error> {
        let begin = after.clone();
        if !self.has_calendar().await? {
            let types = self.space_post_types(space).await?;
            let page = self.event_posts_page(space, &types, limit, after).await?;
            return page.listed(event_posts::EventPosts::NAME, begin.as_deref(), None);
        }
        self.can("reading events", |has| has.read_events).await?;
        let page = self.events_page(space, limit, after).await?;
        page.listed(events::Events::NAME, begin.as_deref(), None)
    }

    /// One event, and whether this client's member is registered for it; a cancelled one
    /// as well, where the network still shows it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown event, and for a post that is none; any of
    /// [`Error`].
    pub async fn event(&self, id: &EventId) -> Result<(CalendarEvent, bool), Error> {
        if !self.has_calendar().await? {
            let event = self.read_event_post(id).await?;
            return Ok((event, false));
        }
        self.can("reading events", |has| has.read_events).await?;
        let data = self.call::<event::EventQuery>(event::variables(id)).await?;
        Ok(event::answer(data))
    }

    /// Looks for an event that this client may have created: all of this title and
    /// beginning that were created in the space since then, oldest first. Read-only.
    ///
    /// What it cannot tell: which of several equal ones is the one sought, if somebody
    /// created another on purpose; that none will appear after this answer, because
    /// BetterMode may still be carrying out a request that was given up on; whether
    /// moderation held it or somebody deleted it, because neither is listed.
    ///
    /// # Errors
    /// As [`events`](Self::events): then nobody can know.
    pub async fn find_event(&self, sought: &SoughtEvent<'_>) -> Result<Vec<CalendarEvent>, Error> {
        let space = sought.space_id;
        let calendar = self.has_calendar().await?;
        let types = if calendar {
            self.can("reading events", |has| has.read_events).await?;
            Vec::new()
        } else {
            self.space_post_types(space).await?
        };
        let mut found = Vec::new();
        let types = &types;
        let fetch = |after| async move {
            if calendar {
                self.events_page(space, PAGE, after).await
            } else {
                self.event_posts_page(space, types, PAGE, after).await
            }
        };
        let take = |page: Vec<CalendarEvent>| {
            let done = page.iter().any(|event| event.created_at < sought.since);
            found.extend(page.into_iter().filter(|event| {
                event.created_at >= sought.since
                    && event.title == sought.title
                    && event.start.as_second() == sought.start.as_second()
            }));
            done
        };
        each_page(events::Events::NAME, fetch, take).await?;
        found.reverse();
        Ok(found)
    }

    async fn events_page(
        &self,
        space: &SpaceId,
        limit: u32,
        after: Option<String>,
    ) -> Result<Page<CalendarEvent>, Error> {
        let variables = events::variables(space, limit, after);
        let mut page = events::answer(self.call::<events::Events>(variables).await?);
        page.nodes
            .retain(|event| event.status != EventStatus::Deleted);
        Ok(page)
    }

    async fn has_calendar(&self) -> Result<bool, Error> {
        Ok(self.capabilities().await?.create_event)
    }

    async fn can(
        &self,
        what: &'static str,
        has: impl Fn(&crate::Capabilities) -> bool,
    ) -> Result<(), Error> {
        if has(&*self.capabilities().await?) {
            Ok(())
        } else {
            Err(Error::NotSupported { what })
        }
    }
}

/// No event there.
pub(super) fn missing() -> Error {
    Error::NotFound {
        what: Subject::Event,
    }
}

#[cfg(test)]
mod tests;
