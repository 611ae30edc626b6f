//! `cargo xtask bench`: measurements of the release builds.
//!
//! Builds, finds the tools, then runs the program `bench` (folder `benches/`), which
//! measures and judges. One measurement is one subcommand there.

use crate::error::Error;
use crate::processes::{self, Group, Interrupt};
use crate::terminal;
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

/// What to measure, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Which measurement
    what: What,
    /// Passed on: `--quick`, `--help` and what else the measurement takes
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum What {
    /// Acknowledged webhooks per second, beside two baselines
    Webhooks,
    /// Pages and summaries over a million stored events
    StoredEvents,
    /// Ordinary requests while thousands of sockets stall
    SlowSockets,
    /// The service is away, comes back, the edge drains
    Outage,
    /// Five times the load that the service can hold
    Overload,
    /// Reads of members: hits, misses, changes, outages, memory
    Reads,
}

impl What {
    /// What it runs besides our own programs, and where it finds each.
    fn tools(self) -> &'static [(&'static str, Tool)] {
        match self {
            Self::Reads => &[
                ("TEST_REDIS_SERVER", Tool::RedisServer),
                ("TEST_H2LOAD", Tool::H2load),
            ],
            Self::Overload => &[],
            _ => &[("TEST_MONGOD", Tool::Mongod)],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Webhooks => "webhooks",
            Self::StoredEvents => "stored-events",
            Self::SlowSockets => "slow-sockets",
            Self::Outage => "outage",
            Self::Overload => "overload",
            Self::Reads => "reads",
        }
    }
}

/// Builds and measures; fails with the exit code of the measurement.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Error> {
    let interrupt = Interrupt::listen()?;
    let wanted = options.what.tools();
    let names: Vec<Tool> = wanted.iter().map(|(_, tool)| *tool).collect();
    let tools = tools::ensure(workspace, &names)?;
    let mut arguments = vec!["--release", "--bins"];
    for name in ["bench", "community-svc", "webhook-edge", "fake-bettermode"] {
        arguments.extend(["--package", name]);
    }
    processes::build(workspace, &interrupt, &arguments)?;

    terminal::heading(options.what.name());
    // What killed programs leave behind goes with this folder, which is on the same
    // disk as the repository: a temporary folder in memory would make fsync free.
    let temporary = tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(&workspace.target)
        .map_err(Error::io(
            "create a folder for the measured programs' files",
        ))?;
    let mut bench = std::process::Command::new(workspace.built_for_release("bench"));
    bench
        .current_dir(&workspace.root)
        .env("TMPDIR", temporary.path())
        .envs(
            wanted
                .iter()
                .map(|(variable, tool)| (variable, tools.path(*tool))),
        )
        .arg(options.what.name())
        .args(&options.arguments);
    let status = Group::start(&mut bench)?.wait(&interrupt)?;
    if status.success() {
        return Ok(());
    }
    Err(Error::BenchFailed {
        code: processes::exit_code(status),
    })
}
