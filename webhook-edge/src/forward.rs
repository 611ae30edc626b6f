//! Where verified webhooks go: the two seams between the sender and the store.
//!
//! The edge answers 200 only after a [`Sink`] has said that it has the event: the
//! durable queue ([`crate::queue::Queue`]), or without one the service itself
//! ([`crate::backend::Backend`]). From the queue, the forwarder carries events to
//! the [`Store`], which is always the service.

use std::time::Duration;

use async_trait::async_trait;
use tonic::Code;

use crate::payload::Event;
use crate::queue::{AppendError, Queued};

/// Takes events and keeps them.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Keeps `event`. When this returns, the event outlives a crash of the edge.
    ///
    /// # Errors
    /// [`Error`] when it is not certain that the event is kept; the same event can
    /// be offered again at any time.
    async fn accept(&self, event: &Event) -> Result<Accepted, Error>;
}

/// Stores events for good.
#[async_trait]
pub trait Store: Send + Sync {
    /// Stores all of `events`, and says for each, in their order, what became of
    /// it.
    ///
    /// # Errors
    /// [`Error`] when it is not certain that all are stored; all of them can be
    /// offered again at any time.
    async fn store(&self, events: &[Queued]) -> Result<Vec<Accepted>, Error>;
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Kept now.
    Stored,
    /// Was kept before.
    Duplicate,
}

/// Why an event is not known to be kept. The sender has to come again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service could not be reached.
    #[error("community-svc did not answer: {0}")]
    Unreachable(String),
    /// The service did not answer in time; it may be at work still.
    #[error("community-svc did not answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The service answered with an error.
    #[error("community-svc did not store the event: {code}: {message}")]
    Refused {
        /// gRPC's name of the error.
        code: Code,
        /// What the service said, the reason first.
        message: String,
    },
    /// The service said that all is well, but not of this event.
    #[error("community-svc answered without a result for the event")]
    NoResult,
    /// The queue did not take it.
    #[error(transparent)]
    Queue(#[from] AppendError),
}

/// Who is at fault when events are not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The service, the network or a setting: nothing is stored until it is mended.
    Service,
    /// The service failed at this; it may be the event, or pass.
    Unclear,
    /// The event: the service says that it is not one.
    Event,
}

impl Error {
    /// Who is at fault.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Refused {
                code: Code::InvalidArgument | Code::OutOfRange,
                ..
            } => Blame::Event,
            Self::Refused {
                code: Code::Internal | Code::Unknown | Code::DataLoss,
                ..
            } => Blame::Unclear,
            Self::Unreachable(_)
            | Self::TimedOut(_)
            | Self::Refused { .. }
            | Self::NoResult
            | Self::Queue(_) => Blame::Service,
        }
    }

    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable(_) | Self::TimedOut(_) => {
                "is community-svc running, and is COMMUNITY_SVC_URL its address?"
            }
            Self::Refused {
                code: Code::Unauthenticated,
                ..
            } => "set COMMUNITY_SVC_TOKEN to a token that COMMUNITY_SVC_AUTH of the service knows",
            Self::Refused {
                code: Code::PermissionDenied,
                ..
            } => "give the edge the scope ingest in COMMUNITY_SVC_AUTH of the service",
            Self::Refused { .. } => "see the log of community-svc for the same time",
            Self::NoResult => "do the versions of webhook-edge and community-svc fit?",
            Self::Queue(error) => error.hint(),
        }
    }
}
