//! Events: in the calendar of newer networks, as posts with dates on older ones.

use bettermode::{
    CalendarEvent, EventChange, EventId, EventStatus, Listed, MemberId, NewEvent, SoughtEvent,
    SpaceId,
};
use jiff::Timestamp;

use crate::error::{Call, Error};
use crate::upstream::Upstream;

/// Creates, changes and reads events.
#[derive(Debug, Clone)]
pub struct Calendar {
    upstream: Upstream,
}

impl Calendar {
    /// Over this upstream.
    #[must_use]
    pub fn new(upstream: Upstream) -> Self {
        Self { upstream }
    }

    /// Creates an event as `author`, or as the bot account. Never tries twice.
    ///
    /// # Errors
    /// [`Error`]; [`Error::OutcomeUnknown`] when it may exist all the same;
    /// [`Error::NotSupportedByNetwork`] for what the network cannot keep of it.
    pub async fn schedule(
        &self,
        new: &NewEvent,
        author: Option<&MemberId>,
    ) -> Result<CalendarEvent, Error> {
        let call = Call::SCHEDULE_EVENT;
        let client = self.upstream.acting_as(author, call)?;
        self.upstream.settle(call, client.create_event(new).await)
    }

    /// Looks for events that [`schedule`](Self::schedule) may have created since then:
    /// those of the same space, title and beginning, oldest first. Changes nothing.
    ///
    /// It cannot tell which of several is the one, if somebody created an equal event on
    /// purpose; that none will appear later, because BetterMode may still be carrying out
    /// a request that was given up on; or whether moderation holds it.
    ///
    /// # Errors
    /// [`Error`]: the look-up failed, and nothing is known.
    pub async fn lookup_scheduled(
        &self,
        new: &NewEvent,
        author: Option<&MemberId>,
        since: Timestamp,
    ) -> Result<Vec<CalendarEvent>, Error> {
        let call = Call::EVENTS;
        let client = self.upstream.acting_as(author, call)?;
        let sought = SoughtEvent {
            space_id: &new.space_id,
            title: &new.details.title,
            start: new.details.start,
            since,
        };
        self.upstream.settle(call, client.find_event(&sought).await)
    }

    /// Changes an event. Where its outcome is unknown, making the same change again is
    /// safe, unless somebody else changed the event in between: nothing has to be looked
    /// up.
    ///
    /// # Errors
    /// As [`schedule`](Self::schedule); [`Error::EventNotFound`].
    pub async fn update(
        &self,
        id: &EventId,
        change: &EventChange,
        author: Option<&MemberId>,
    ) -> Result<CalendarEvent, Error> {
        let call = Call::UPDATE_EVENT;
        let client = self.upstream.acting_as(author, call)?;
        let changed = client.update_event(id, change).await;
        self.upstream.settle(call, changed)
    }

    /// Cancels an event.
    ///
    /// # Errors
    /// [`Error::EventNotFound`], also for one that is cancelled; any of [`Error`].
    pub async fn cancel(&self, id: &EventId, author: Option<&MemberId>) -> Result<(), Error> {
        let call = Call::CANCEL_EVENT;
        let client = self.upstream.acting_as(author, call)?;
        self.upstream.settle(call, client.cancel_event(id).await)
    }

    /// Whether [`cancel`](Self::cancel) may have happened: the event is cancelled, or
    /// not there. Changes nothing. It cannot tell who cancelled it, nor an event that is
    /// gone from one that never was.
    ///
    /// # Errors
    /// [`Error`]: the look-up failed, and nothing is known.
    pub async fn lookup_cancelled(
        &self,
        id: &EventId,
        author: Option<&MemberId>,
    ) -> Result<bool, Error> {
        let call = Call::EVENTS;
        let client = self.upstream.acting_as(author, call)?;
        match self.upstream.settle(call, client.event(id).await) {
            Ok((event, _)) => Ok(event.status == EventStatus::Deleted),
            Err(Error::EventNotFound) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Registers `member`, or the bot account, for an event.
    ///
    /// # Errors
    /// [`Error::NotSupportedByNetwork`] without a calendar; [`Error::EventNotFound`]; any
    /// of [`Error`].
    pub async fn register(&self, id: &EventId, member: Option<&MemberId>) -> Result<(), Error> {
        let call = Call::REGISTER_FOR_EVENT;
        let client = self.upstream.acting_as(member, call)?;
        let registered = client.register_for_event(id).await;
        self.upstream.settle(call, registered)
    }

    /// Whether `member` is registered for an event. Changes nothing. It cannot tell
    /// which call registered the member.
    ///
    /// # Errors
    /// [`Error`]: the look-up failed, and nothing is known.
    pub async fn lookup_registered(
        &self,
        id: &EventId,
        member: Option<&MemberId>,
    ) -> Result<bool, Error> {
        let call = Call::EVENTS;
        let client = self.upstream.acting_as(member, call)?;
        let (_, registered) = self.upstream.settle(call, client.event(id).await)?;
        Ok(registered)
    }

    /// One page of a space's events as `reader`, or the bot account, sees them.
    ///
    /// # Errors
    /// [`Error::SpaceNotFound`]; any of [`Error`].
    pub async fn list(
        &self,
        space: &SpaceId,
        reader: Option<&MemberId>,
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<CalendarEvent>, Error> {
        let call = Call::EVENTS;
        let client = self.upstream.acting_as(reader, call)?;
        let page = client.events(space, limit, after).await;
        self.upstream.settle(call, page)
    }
}

#[cfg(test)]
mod tests;
