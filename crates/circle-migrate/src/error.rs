//! What stops a command, and what to do about it.

use crate::circle::CircleError;
use crate::snapshot::SnapshotError;

/// Why a command stopped. No text holds a secret or an e-mail address.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting that this command needs is not there.
    #[error("{command} needs {setting}: {hint}")]
    MissingSetting {
        /// The command.
        command: &'static str,
        /// The environment variable.
        setting: &'static str,
        /// Where to get it and how to give it.
        hint: &'static str,
    },
    /// Circle did not answer as asked.
    #[error(transparent)]
    Circle(#[from] CircleError),
    /// The snapshot could not be read or written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A signal asked to stop; what was begun is finished and kept.
    #[error("stopped as asked: {done}; {hint}")]
    Interrupted {
        /// What is done and kept.
        done: String,
        /// How to go on.
        hint: &'static str,
    },
    /// The command is not part of this build.
    #[error("{command} is not part of this build")]
    NotInThisBuild {
        /// The command.
        command: &'static str,
    },
}
