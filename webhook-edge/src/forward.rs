//! Where verified webhooks go: the seam between answering the sender and storing.
//!
//! The edge answers 200 only after a [`Sink`] has said that it has the event. Today
//! the sink is the service itself ([`crate::backend::Backend`]); a durable queue on
//! disk fits in the same place without a change to anything in front of it.

use async_trait::async_trait;

use crate::payload::Event;

/// Takes events and keeps them.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Keeps `event`. When this returns, the event outlives a crash of the edge.
    ///
    /// # Errors
    /// [`Error`] when it is not certain that the event is kept; the same event can
    /// be offered again at any time.
    async fn accept(&self, event: Event) -> Result<Accepted, Error>;
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
    /// The service could not be reached, or did not answer in time.
    #[error("community-svc did not answer: {0}")]
    Unreachable(String),
    /// The service answered with an error.
    #[error("community-svc did not store the event: {code}: {message}")]
    Refused {
        /// gRPC's name of the error.
        code: tonic::Code,
        /// What the service said, the reason first.
        message: String,
    },
    /// The service said that all is well, but not of this event.
    #[error("community-svc answered without a result for the event")]
    NoResult,
}

impl Error {
    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => {
                "is community-svc running, and is COMMUNITY_SVC_URL its address?"
            }
            Self::Refused {
                code: tonic::Code::Unauthenticated,
                ..
            } => "set COMMUNITY_SVC_TOKEN to a token that COMMUNITY_SVC_AUTH of the service knows",
            Self::Refused { .. } => "see the log of community-svc for the same time",
            Self::NoResult => "do the versions of webhook-edge and community-svc fit?",
        }
    }
}
