//! Every way a call can fail.

use std::time::Duration;

/// A call that did not succeed. Texts hold no token and no address; they say what was
/// attempted and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The token is refused.
    #[error(
        "{attempted}: Notion refuses the token; set NOTION_API_TOKEN to the secret of an integration of this workspace"
    )]
    Unauthorized {
        /// What was attempted.
        attempted: &'static str,
    },
    /// The integration may not do this.
    #[error(
        "{attempted}: the integration lacks a capability; in Notion, give it read, update and insert content"
    )]
    Restricted {
        /// What was attempted.
        attempted: &'static str,
    },
    /// There is no such thing, or the integration was not connected to it.
    #[error(
        "{attempted}: Notion knows no such page, database or data source, or the integration is not connected to it; in Notion: the page's menu, Connections"
    )]
    NotFound {
        /// What was attempted.
        attempted: &'static str,
    },
    /// The page is in the trash and cannot be changed.
    #[error("{attempted}: the page is in the trash")]
    Trashed {
        /// What was attempted.
        attempted: &'static str,
    },
    /// A free workspace has used up its blocks. Nothing helps but another plan; deleting
    /// does not give them back.
    #[error(
        "{attempted}: the workspace has used up the blocks of its free plan; deleting pages does not free any, another plan does"
    )]
    PlanLimit {
        /// What was attempted.
        attempted: &'static str,
    },
    /// Notion refuses the request as it is; sending it again changes nothing.
    #[error("{attempted}: Notion refused it ({status} {code}): {message} (request {request_id})")]
    Refused {
        /// What was attempted.
        attempted: &'static str,
        /// The HTTP status.
        status: u16,
        /// Notion's code, such as `validation_error`.
        code: String,
        /// Notion's text, masked.
        message: String,
        /// Notion's id of the request, for its support.
        request_id: String,
    },
    /// It failed in a way that passes, for longer than the client is patient.
    #[error("{attempted}: {reason}, {attempts} times; try again later")]
    Unavailable {
        /// What was attempted.
        attempted: &'static str,
        /// The last failure.
        reason: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// Notion asks for a longer pause than the client may wait.
    #[error("{attempted}: Notion asks to wait {} s", .wait.as_secs())]
    Throttled {
        /// What was attempted.
        attempted: &'static str,
        /// The rest of the pause. The client itself keeps to it, whoever calls.
        wait: Duration,
    },
    /// An answer that is not Notion's.
    #[error("{attempted}: {reason}")]
    Answer {
        /// What was attempted.
        attempted: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A database with several data sources, of which nobody said which one.
    #[error("the database has {count} data sources; set the id of one of them instead: {names}")]
    SeveralSources {
        /// How many there are.
        count: usize,
        /// Their names and ids.
        names: String,
    },
}

impl Error {
    /// Whether the same call can succeed later without anybody changing anything.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Throttled { .. })
    }

    /// Whether every other call will fail as well until somebody acts.
    #[must_use]
    pub fn concerns_all(&self) -> bool {
        matches!(
            self,
            Self::Unauthorized { .. } | Self::Restricted { .. } | Self::PlanLimit { .. }
        )
    }
}
