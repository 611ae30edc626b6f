//! The RPCs: check, call, convert. Proto types stop here.

use std::sync::Arc;

use service_kit::clock::SharedClock;
use service_kit::shutdown::Shutdown;
use tokio::sync::Semaphore;
use trace_kit::Tracer;

use crate::calendar::Calendar;
use crate::community_members::SharedMemberStore;
use crate::direct_messages::DirectMessages;
use crate::error::Error;
use crate::event_types::EventTypes;
use crate::events::SharedEventStore;
use crate::events::replay::Preview;
use crate::health::Health;
use crate::members::Members;
use crate::metrics::Metrics;
use crate::posts::Posts;
use crate::projections::Effects;
use crate::reactions::Reactions;
use crate::replies::Replies;
use crate::spaces::Spaces;
use crate::writes::Writes;

mod activities;
mod activity_service;
mod calendar;
mod calendar_details;
mod community_service;
mod convert;
mod direct_messages;
mod event_types;
mod keyed;
mod links;
pub(crate) mod member_answer;
mod member_management;
mod members;
mod page_token;
mod post_answers;
mod post_values;
mod posts;
mod reactions;
mod replies;
mod spaces;
mod status;
mod validate;
mod webhook_answers;
mod webhook_event_service;
mod webhook_events;

/// What `CommunityService` needs.
#[derive(Debug, Clone)]
pub(crate) struct Community {
    pub(crate) enabled: bool,
    pub(crate) members: Members,
    /// What is kept of members, apart from BetterMode.
    pub(crate) records: SharedMemberStore,
    pub(crate) spaces: Spaces,
    pub(crate) event_types: EventTypes,
    pub(crate) posts: Posts,
    pub(crate) replies: Replies,
    pub(crate) reactions: Reactions,
    pub(crate) direct_messages: DirectMessages,
    pub(crate) writes: Writes,
    pub(crate) calendar: Calendar,
    pub(crate) health: Health,
}

/// What `WebhookEventService` needs.
#[derive(Debug, Clone)]
pub(crate) struct WebhookEvents {
    pub(crate) enabled: bool,
    pub(crate) store: SharedEventStore,
    pub(crate) metrics: Metrics,
    pub(crate) clock: SharedClock,
    /// Ends every watch.
    pub(crate) shutdown: Shutdown,
    /// Places for watchers.
    pub(crate) watchers: Arc<Semaphore>,
    /// Who knows what a replay would change.
    pub(crate) preview: Arc<dyn Preview>,
    /// Who makes spans; nobody where nothing is exported.
    pub(crate) traces: Option<Tracer>,
}

/// What `ActivityService` needs.
#[derive(Debug, Clone)]
pub(crate) struct Activities {
    pub(crate) enabled: bool,
    pub(crate) events: SharedEventStore,
    pub(crate) effects: Effects,
}

fn enabled(enabled: bool) -> Result<(), Error> {
    if enabled {
        Ok(())
    } else {
        Err(Error::IntegrationDisabled)
    }
}
