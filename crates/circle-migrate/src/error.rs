//! What stops a command, and what to do about it.

use std::path::PathBuf;

use crate::circle::CircleError;
use crate::ledger::LedgerError;
use crate::people::MappingError;
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
    /// The ledger could not be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The mapping could not be used.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// BetterMode refuses, in a way that repeating does not help against.
    #[error("{0}")]
    Target(#[from] bettermode::Error),
    /// BetterMode does not answer.
    #[error(
        "stopped after {failures} failures in a row; the last one: {last}. Nothing is lost: run \
         `circle-migrate resume` when BetterMode answers again"
    )]
    TargetGone {
        /// How many.
        failures: u32,
        /// The last one.
        last: String,
    },
    /// Nobody's address is shown.
    #[error(
        "BetterMode shows none of its {members} members' e-mail addresses to this token, so that \
         everybody would look new and be invited again: use a token of the app's bot or of an admin"
    )]
    AddressesHidden {
        /// How many members there are.
        members: usize,
    },
    /// The run is to end; what was begun is finished.
    #[error(
        "stopped as asked; the record in hand is finished and kept. Run `circle-migrate resume` \
         to go on"
    )]
    Stopped,
    /// The run is to end at once.
    #[error("ended; run `circle-migrate resume`, which looks for what was in hand")]
    Aborted,
    /// The service that keeps `community_members` does not take pairs.
    #[error(
        "the service at COMMUNITY_SVC_URL did not link members ({0}); `circle-migrate resume` goes on \
         there"
    )]
    Service(String),
    /// A resume without a run before.
    #[error("there is no run to go on with in {}: begin with `circle-migrate apply`", path.display())]
    NothingToResume {
        /// Where the ledger would be.
        path: PathBuf,
    },
    /// A file of this run could not be read or written.
    #[error("could not {attempt} {}: {source}", path.display())]
    File {
        /// What was tried.
        attempt: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
}
