//! Why the work stops.

use crate::community;
use crate::mapping::Problem;
use crate::state;
use crate::writer::WriteError;

/// What ended a piece of work. Texts hold no secret and no address.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The community cannot be asked.
    #[error(transparent)]
    Community(#[from] community::Error),
    /// Notion cannot be asked, or refuses.
    #[error(transparent)]
    Notion(#[from] notion::Error),
    /// What is remembered cannot be read or kept.
    #[error(transparent)]
    State(#[from] state::Error),
    /// The columns do not fit the mapping.
    #[error(
        "{what}: the columns do not fit the mapping (`notion-sync check` says more): {}",
        list(.problems)
    )]
    Columns {
        /// Which data source.
        what: &'static str,
        /// What does not fit.
        problems: Vec<Problem>,
    },
    /// The program was asked to end; what was done stays.
    #[error("stopped, as asked; the next run goes on from here")]
    Stopped,
    /// Another program writes the same data source.
    #[error(
        "another notion-sync writes data source {0}; two would make rows twice. Stop the other one"
    )]
    Locked(String),
    /// The lock cannot be taken.
    #[error("locking {path}: {source}")]
    Lock {
        /// The file.
        path: std::path::PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl Error {
    /// Whether waiting helps.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            Self::Community(community::Error::Unreachable(_)) => true,
            Self::Community(community::Error::Refused { message, .. }) => {
                message.starts_with("ResourceExhausted") || message.contains("RATE_LIMITED")
            }
            Self::Notion(error) => error.passes(),
            _ => false,
        }
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Notion(error) => Self::Notion(error),
            WriteError::State(error) => Self::State(error),
        }
    }
}

fn list(problems: &[Problem]) -> String {
    let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
