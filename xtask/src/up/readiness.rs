//! Waiting until a service answers, and reading what it answers.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::services::Services;
use crate::error::Error;
use crate::processes::{self, Interrupt};
use crate::terminal;

const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until the address answers with success. Ends early when a service
/// ends or a person has had enough.
pub(super) fn wait(
    services: &mut Services,
    name: &'static str,
    curl: &Path,
    url: &str,
    interrupt: &Interrupt,
) -> Result<(), Error> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        services.all_running()?;
        if interrupt.take() {
            return Err(Error::Interrupted);
        }
        if get(curl, url).is_ok() {
            let took = start.elapsed().as_millis();
            terminal::step("Ready", format_args!("{name} after {took} ms ({url})"));
            return Ok(());
        }
        processes::pause();
    }
    Err(Error::NotReady {
        name,
        seconds: PATIENCE.as_secs(),
    })
}

/// What the address answers; anything but success is an error.
pub(super) fn get(curl: &Path, url: &str) -> Result<String, Error> {
    processes::output_of(Command::new(curl).args([
        "--silent",
        "--show-error",
        "--fail",
        "--max-time",
        "5",
        url,
    ]))
}
