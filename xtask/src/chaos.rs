//! `cargo xtask chaos`: the programs are killed under load, and nothing may be lost.
//!
//! Builds them with failpoints, in a profile of their own so that such a program is
//! never taken for another, finds the tools, then runs the program `chaos` of the
//! tests crate, which does the rest and judges. `cargo xtask chaos writes` sends direct
//! messages instead.

use crate::error::Error;
use crate::processes::{self, Group, Interrupt};
use crate::terminal;
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

const PROFILE: &str = "chaos";

/// How long, how hard, and from which seed.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Passed on: `--kills`, `--events`, `--seed`, `--store`, `--rate`, `--faults`,
    /// `--help`; or `writes` with options of its own
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds and runs; fails with the exit code of the run.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Error> {
    let interrupt = Interrupt::listen()?;
    let tools = tools::ensure(workspace, &[Tool::RedisServer, Tool::Mongod])?;
    build(workspace, &interrupt)?;

    terminal::heading("chaos");
    // On the disk of the repository: in memory an fsync would cost nothing.
    let temporary = tempfile::Builder::new()
        .prefix("chaos-")
        .tempdir_in(&workspace.target)
        .map_err(Error::io("create a folder for the programs' files"))?;
    let program = workspace.target.join(PROFILE).join("chaos");
    let mut chaos = std::process::Command::new(program);
    chaos
        .current_dir(&workspace.root)
        .env("TMPDIR", temporary.path())
        .env("TEST_REDIS_SERVER", tools.path(Tool::RedisServer))
        .env("TEST_MONGOD", tools.path(Tool::Mongod))
        .args(&options.arguments);
    let status = Group::start(&mut chaos)?.wait(&interrupt)?;
    if status.success() {
        return Ok(());
    }
    Err(Error::ChaosFailed {
        code: processes::exit_code(status),
    })
}

fn build(workspace: &Workspace, interrupt: &Interrupt) -> Result<(), Error> {
    let mut arguments = vec!["--profile", PROFILE];
    for (package, program) in [
        ("integration-tests", "chaos"),
        ("community-svc", "community-svc"),
        ("webhook-edge", "webhook-edge"),
        ("fake-bettermode", "fake-bettermode"),
    ] {
        arguments.extend(["--package", package, "--bin", program]);
    }
    let features = "community-svc/failpoints,webhook-edge/failpoints";
    arguments.extend(["--features", features]);
    processes::build(workspace, interrupt, &arguments)
}
