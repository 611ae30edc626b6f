//! The community, as our own API tells of it. One implementation is the API itself; the
//! other ones are in tests.

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;

use crate::model::{Activity, Event, Member, MemberId};

mod convert;
mod grpc;

pub use grpc::{Access, Grpc, SetupError};

/// One step of the stream of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The event; absent where only the token moved.
    pub event: Option<Event>,
    /// Where to go on after this step.
    pub resume_token: String,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The token of the next page; empty on the last one.
    pub next: String,
}

/// What a read of one member gave.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberRead {
    /// The member.
    Found(Box<Member>),
    /// There is no such member.
    Gone(MemberId),
    /// It could not be read; it can be later.
    Failed(MemberId, String),
}

/// Why the community could not be asked. Texts hold no secret and no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody answers.
    #[error("community-svc cannot be reached: {0}")]
    Unreachable(String),
    /// What follows the resume token is no longer there, or the token is of another store.
    #[error("the resume token is of no use any more: {0}")]
    TokenUseless(String),
    /// The service says no.
    #[error("community-svc refuses {attempted}: {message}")]
    Refused {
        /// What was attempted.
        attempted: &'static str,
        /// The service's reason and text.
        message: String,
    },
}

/// Reads of the community.
#[async_trait]
pub trait Community: Send + Sync {
    /// Follows the events: after this token, or from now on when it is empty. The first step
    /// has no event.
    ///
    /// # Errors
    /// [`Error`]; the stream ends with one too.
    async fn watch(
        &self,
        resume_token: &str,
    ) -> Result<BoxStream<'static, Result<Step, Error>>, Error>;

    /// A page of all members.
    ///
    /// # Errors
    /// [`Error`].
    async fn members(&self, page_token: &str) -> Result<Page<Member>, Error>;

    /// These members, at most 200; copies only where they are newer than the time.
    ///
    /// # Errors
    /// [`Error`] when none could be read.
    async fn read_members(
        &self,
        ids: &[MemberId],
        newer_than: Option<Timestamp>,
    ) -> Result<Vec<MemberRead>, Error>;

    /// A page of activities that happened in this time, all without bounds; the latest first.
    ///
    /// # Errors
    /// [`Error`].
    async fn activities(
        &self,
        between: Option<(Timestamp, Timestamp)>,
        page_token: &str,
    ) -> Result<Page<Activity>, Error>;

    /// Whether the activities of this event are still to come.
    ///
    /// # Errors
    /// [`Error`].
    async fn activities_are_due(&self, event_id: &str) -> Result<bool, Error>;

    /// The service's version.
    ///
    /// # Errors
    /// [`Error`].
    async fn version(&self) -> Result<String, Error>;
}
