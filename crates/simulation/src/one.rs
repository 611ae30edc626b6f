//! One seed in this process: a runtime of one thread whose time stands still until
//! nothing is left to do.

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::run::{Options, Outcome, PANICKED, run};

/// How long the end of a run may take, of simulated time.
const LONGEST_END: Duration = Duration::from_secs(2 * 3_600);

/// Why a seed could not be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No runtime or no folder.
    #[error("failed to run the seed: {0}")]
    Io(#[from] std::io::Error),
    /// Something is waited for that never comes.
    #[error("the run does not end: {0:?} of simulated time after its load something is waited for")]
    NoEnd(Duration),
}

/// Runs it.
///
/// # Errors
/// [`Error`] when no runtime or no folder can be made.
pub fn simulate(options: Options) -> Result<Outcome, Error> {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICKED.store(true, Ordering::Relaxed);
        usual(panic);
    }));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let folder = folder()?;
    let limit = Duration::from_secs(60 * options.minutes) + LONGEST_END;
    let run = async { tokio::time::timeout(limit, run(options, folder.path())).await };
    let outcome = runtime.block_on(run);
    // What is left of it waits for ever.
    runtime.shutdown_background();
    outcome.map_err(|_| Error::NoEnd(LONGEST_END))
}

/// In memory where that can be had: SQLite syncs to it after each commit, and how long
/// that takes is not simulated.
fn folder() -> std::io::Result<tempfile::TempDir> {
    let prefix = format!("simulation-{}-", std::process::id());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    let memory = Path::new("/dev/shm");
    if memory.is_dir()
        && let Ok(folder) = builder.tempdir_in(memory)
    {
        return Ok(folder);
    }
    builder.tempdir()
}

/// Writes the outcome where the program that started this one reads it.
///
/// # Errors
/// When nobody reads.
pub fn tell(outcome: &Outcome) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, outcome)?;
    out.write_all(b"\n")
}
