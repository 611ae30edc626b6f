//! The commands that end by themselves.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use service_kit::clock::SharedClock;
use service_kit::shutdown::Shutdown;

use crate::app::{self, Setup};
use crate::check::Check;
use crate::config::{Config, Loaded};
use crate::engine::Engine;
use crate::error::Error;

/// `notion-sync config check`: the settings as they will be used.
///
/// # Errors
/// When nothing can be written to `out`.
pub fn settings(loaded: &Loaded, out: &mut impl Write) -> io::Result<bool> {
    for setting in &loaded.resolved {
        writeln!(out, "{setting}")?;
    }
    for warning in &loaded.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    Ok(true)
}

/// `notion-sync check`.
///
/// # Errors
/// When nothing can be written to `out`.
pub async fn check(
    config: &Config,
    clock: SharedClock,
    create: bool,
    out: &mut impl Write,
) -> io::Result<bool> {
    let setup = match app::setup(config, clock) {
        Ok(setup) => setup,
        Err(error) => {
            writeln!(out, "FAILED   {error}")?;
            return Ok(false);
        }
    };
    let Setup {
        notion,
        community,
        mapping,
    } = setup;
    let check = Check {
        notion: &notion,
        community: community.as_ref(),
        mapping: &mapping,
        create,
        out,
    };
    check.run(&config.members, config.activities.as_ref()).await
}

/// `notion-sync reconcile`: everything once, until nothing is left to write or the shutdown
/// drains. True when all of it is in Notion.
///
/// # Errors
/// When nothing can be written to `out`.
pub async fn reconcile(
    config: &Config,
    clock: SharedClock,
    reindex: bool,
    shutdown: &Shutdown,
    out: &mut impl Write,
) -> io::Result<bool> {
    let work = async {
        let (engine, _lock) = app::engine(config, clock, shutdown).await?;
        once(&engine, reindex, shutdown).await
    };
    let done = tokio::select! {
        // Rows in hand are finished; the second signal does not wait for them.
        done = work => done,
        () = shutdown.aborting().cancelled() => Err(Error::Stopped.into()),
    };
    match done {
        Ok(report) => {
            writeln!(out, "{}", report.text)?;
            Ok(report.complete)
        }
        Err(error) => {
            writeln!(out, "FAILED   {error}")?;
            writeln!(
                out,
                "what was written stays; the next run goes on from here"
            )?;
            Ok(false)
        }
    }
}

struct Report {
    text: String,
    complete: bool,
}

async fn once(
    engine: &Arc<Engine>,
    reindex: bool,
    shutdown: &Shutdown,
) -> Result<Report, app::Error> {
    let compared = engine.compare(reindex).await?;
    while engine.settle_activities().await? > 0 {
        if shutdown.draining().is_cancelled() {
            return Err(Error::Stopped.into());
        }
    }
    let backlog = engine.observe().await?;
    let requests = engine.requests();
    let mut text = format!(
        "{} members, {} activities; {} members are gone and their rows stay; {} rows could not be written\n{} requests to Notion wrote, {} read",
        compared.members,
        compared.activities,
        compared.gone,
        compared.failed,
        requests.writes,
        requests.reads,
    );
    for (source, indexed) in &compared.indexed {
        for (key, page) in &indexed.duplicates {
            // Writing to a text cannot fail.
            let _ = write!(
                text,
                "\nduplicate ({source:?}): {key} is also on page {page}; left as it is"
            );
        }
    }
    Ok(Report {
        text,
        complete: compared.failed == 0 && backlog.activities == 0,
    })
}

/// A failure as the commands show it.
impl From<Error> for app::Error {
    fn from(error: Error) -> Self {
        Self::Work(error)
    }
}
