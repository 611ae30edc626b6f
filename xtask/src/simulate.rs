//! `cargo xtask simulate`: an hour of faults for each seed, in simulated time.
//!
//! Builds the simulation for release and runs it; it judges.

use crate::error::Error;
use crate::processes::{self, Group, Interrupt};
use crate::terminal;
use crate::workspace::Workspace;

/// Which seeds.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Passed on: `--seeds`, `--seed`, `--first`, `--minutes`, `--plant`, `--at-once`,
    /// `--loud`, `--help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds and runs; fails with the exit code of the run.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Error> {
    let interrupt = Interrupt::listen()?;
    let arguments = ["--release", "--package", "simulation"];
    processes::build(workspace, &interrupt, &arguments)?;
    terminal::heading("simulate");
    let mut simulation = std::process::Command::new(workspace.built_for_release("simulation"));
    simulation
        .current_dir(&workspace.root)
        .args(&options.arguments);
    let status = Group::start(&mut simulation)?.wait(&interrupt)?;
    if status.success() {
        return Ok(());
    }
    Err(Error::SimulationFailed {
        code: processes::exit_code(status),
    })
}
