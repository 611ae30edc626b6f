//! Following a store: events in the order in which they were stored, each once.

use futures::stream::BoxStream;

use super::{Error, StoredEvent};

/// Which events a watcher wants. Filters that are set must all fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchFilter {
    /// Only events of this type, compared exactly.
    pub event_type: Option<String>,
    /// Only events that this member did or that are about this member.
    pub member_id: Option<String>,
}

/// A place between two events in the order in which they were stored; only the
/// store that made it can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumeToken(pub Vec<u8>);

/// One step of a watcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The event; none in a step that only brings a newer token.
    pub event: Option<StoredEvent>,
    /// Where to go on after this step.
    pub token: ResumeToken,
}

/// The steps of a watcher. The first has no event and comes once the store is
/// listening. It reads as fast as it is polled, and holds one page at most.
pub type Steps = BoxStream<'static, Result<Step, FollowError>>;

/// Why a watcher cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The token is damaged, or of another store.
    #[error("the resume token is damaged or of another store")]
    InvalidToken,
    /// Events after the token were deleted already.
    #[error("what follows the resume token is no longer there")]
    ExpiredToken,
    /// The store cannot be followed.
    #[error("a MongoDB that is no replica set cannot be followed")]
    Unsupported,
    /// The store failed; going on from the last token works once it is back.
    #[error(transparent)]
    Store(#[from] Error),
}
