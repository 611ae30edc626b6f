//! Events that members can come to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::open_enum;
use crate::{EventId, MemberId, SpaceId};

/// An event as BetterMode keeps it. What a network has no place for is absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalendarEvent {
    /// BetterMode's id: of the event, or of the post that is one.
    pub id: EventId,
    /// The space it is in.
    pub space_id: SpaceId,
    /// The title, plain text.
    pub title: String,
    /// The description, HTML; empty when there is none.
    pub html: String,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Option<Timestamp>,
    /// The IANA name of the time zone that people should read its times in.
    pub time_zone: Option<String>,
    /// Where to go.
    pub physical_places: Vec<PhysicalPlace>,
    /// Where to dial in.
    pub virtual_places: Vec<VirtualPlace>,
    /// Who leads it.
    pub host_ids: Vec<MemberId>,
    /// How many can come.
    pub capacity: Option<u32>,
    /// How many said that they come.
    pub registrations: Option<u32>,
    /// Where it is in its life.
    pub status: EventStatus,
    /// Address of the event, an absolute URL.
    pub url: Option<String>,
    /// The member whose token created it.
    pub created_by_id: MemberId,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Which of the two ways keeps it.
    pub mechanism: EventMechanism,
}

/// A place that people go to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhysicalPlace {
    /// What people call it.
    pub name: Option<String>,
    /// Its address in one line.
    pub address: Option<String>,
    /// The id that the vendor's map service knows it by.
    pub place_id: Option<String>,
    /// Latitude and longitude in degrees.
    pub position: Option<(f64, f64)>,
}

impl PhysicalPlace {
    /// The place in one line of text.
    pub(crate) fn line(&self) -> String {
        let parts = [&self.name, &self.address];
        let parts: Vec<_> = parts.into_iter().flatten().map(String::as_str).collect();
        parts.join(", ")
    }
}

/// A place that people dial in to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualPlace {
    /// Its address, an absolute URL.
    pub url: String,
    /// Who provides it.
    pub provider: Option<String>,
}

impl VirtualPlace {
    /// The provider, else the host that the URL names: the vendor wants one.
    pub(crate) fn provider_name(&self) -> String {
        let host = || Some(Url::parse(&self.url).ok()?.host_str()?.to_owned());
        self.provider.clone().or_else(host).unwrap_or_default()
    }
}

/// An event to create.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// The space whose calendar it goes into.
    pub space_id: SpaceId,
    /// What it is.
    pub details: EventDetails,
}

/// What an event consists of.
#[derive(Clone, Debug, PartialEq)]
pub struct EventDetails {
    /// The title, plain text.
    pub title: String,
    /// The description. It goes out as it is: sanitise it before.
    pub html: String,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// The IANA name of its time zone.
    pub time_zone: String,
    /// Where to go.
    pub physical_places: Vec<PhysicalPlace>,
    /// Where to dial in.
    pub virtual_places: Vec<VirtualPlace>,
    /// Who leads it.
    pub host_ids: Vec<MemberId>,
    /// How many can come; `None` for any number.
    pub capacity: Option<u32>,
    /// Whether BetterMode tells people about registrations, changes and the beginning.
    pub notify: bool,
}

/// What of an event is to be changed; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventChange {
    /// The title, plain text.
    pub title: Option<String>,
    /// The description. It goes out as it is: sanitise it before.
    pub html: Option<String>,
    /// When it begins.
    pub start: Option<Timestamp>,
    /// When it ends.
    pub end: Option<Timestamp>,
    /// The IANA name of its time zone.
    pub time_zone: Option<String>,
    /// Where to go, all of it.
    pub physical_places: Option<Vec<PhysicalPlace>>,
    /// Where to dial in, all of it.
    pub virtual_places: Option<Vec<VirtualPlace>>,
    /// Who leads it, all of them.
    pub host_ids: Option<Vec<MemberId>>,
    /// How many can come.
    pub capacity: Option<u32>,
    /// Whether BetterMode tells people.
    pub notify: Option<bool>,
}

impl From<EventDetails> for EventChange {
    fn from(details: EventDetails) -> Self {
        Self {
            title: Some(details.title),
            html: Some(details.html),
            start: Some(details.start),
            end: Some(details.end),
            time_zone: Some(details.time_zone),
            physical_places: Some(details.physical_places),
            virtual_places: Some(details.virtual_places),
            host_ids: Some(details.host_ids),
            capacity: details.capacity,
            notify: Some(details.notify),
        }
    }
}

/// An event whose creation was not confirmed, by what it would be known again.
#[derive(Clone, Debug)]
pub struct SoughtEvent<'a> {
    /// Where it was to go.
    pub space_id: &'a SpaceId,
    /// Its title.
    pub title: &'a str,
    /// When it begins.
    pub start: Timestamp,
    /// No event that was created before counts. BetterMode's clock, not ours, says
    /// when: go back by as much as the two may differ.
    pub since: Timestamp,
}

/// Which of the two ways keeps an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventMechanism {
    /// The calendar of newer networks.
    Calendar,
    /// A post of a type with dates, on older networks.
    Post,
}

open_enum! {
    /// Where an event is in its life. Calendars and posts spell it in two ways.
    EventStatus {
        /// Visible to those who may see the space.
        Published = "published" | "PUBLISHED",
        /// A draft.
        Draft = "draft" | "DRAFT" | "DRAFTED",
        /// Cancelled.
        Deleted = "deleted" | "DELETED",
        /// Held by moderation; posts only.
        Blocked = "BLOCKED",
    }
}
