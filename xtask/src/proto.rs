//! The contract: regenerating its code, and checking its form and its past.
//!
//! That the generated code is current is a test of the proto crate; this only
//! asks that test to write.

use std::path::PathBuf;
use std::process::Command;

use crate::error::Error;
use crate::tools::{self, Tool};
use crate::workspace::Workspace;
use crate::{processes, terminal};

/// How to run it.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Options {
    /// Change nothing: lint, format and compare with the contract before
    #[arg(long)]
    check: bool,
}

/// Regenerates, or changes nothing and checks.
pub(crate) fn run(workspace: &Workspace, options: Options) -> Result<(), Error> {
    if options.check {
        check(workspace)
    } else {
        regenerate(workspace)
    }
}

/// Formats the `.proto` files, regenerates the code, lints.
fn regenerate(workspace: &Workspace) -> Result<(), Error> {
    let tools = tools::ensure(workspace, &[Tool::Buf])?;
    processes::show(buf(workspace, &tools).args(["format", "-w"]))?;
    processes::show(
        workspace
            .cargo()
            .args(["test", "--quiet", "--package", "community-proto"])
            .args(["--test", "generated_code_is_current"])
            .env("UPDATE_PROTO", "1"),
    )?;
    processes::show(buf(workspace, &tools).arg("lint"))
}

/// Lints, checks the format, and compares with the contract before the last
/// change. Changes nothing.
fn check(workspace: &Workspace) -> Result<(), Error> {
    let tools = tools::ensure(workspace, &[Tool::Buf])?;
    terminal::heading("buf lint");
    processes::show(buf(workspace, &tools).arg("lint"))?;
    terminal::heading("buf format");
    processes::show(buf(workspace, &tools).args(["format", "-d", "--exit-code"]))?;
    terminal::heading("buf breaking");
    let Some(commit) = contract_before(workspace)? else {
        terminal::line("no earlier contract in this history to compare with");
        return Ok(());
    };
    let before = workspace.target.join("contract-before.tar");
    processes::output_of(
        git(workspace)
            .args(["archive", "--output"])
            .arg(&before)
            .args([&commit, "buf.yaml", "proto"]),
    )?;
    terminal::line(format_args!("against {commit}"));
    processes::show(
        buf(workspace, &tools)
            .args(["breaking", "--against"])
            .arg(&before),
    )
}

/// The commit that holds the contract as it was before its last change: HEAD
/// while a change is not committed, else the parent of the commit that made it.
fn contract_before(workspace: &Workspace) -> Result<Option<String>, Error> {
    let files = "proto/community";
    let uncommitted =
        processes::output_of(git(workspace).args(["status", "--porcelain", "--", files]))?;
    let candidate = if uncommitted.is_empty() {
        let changed =
            processes::output_of(git(workspace).args(["rev-list", "-1", "HEAD", "--", files]))?;
        format!("{}^", changed.trim())
    } else {
        "HEAD".to_owned()
    };
    // The first commit has no parent, and a parent may be older than the contract.
    let holds = |path: &str| {
        processes::output_of(git(workspace).args([
            "cat-file",
            "-e",
            &format!("{candidate}:{path}"),
        ]))
        .is_ok()
    };
    if !(holds("buf.yaml") && holds(files)) {
        return Ok(None);
    }
    let commit = processes::output_of(git(workspace).args(["rev-parse", &candidate]))?;
    Ok(Some(commit.trim().to_owned()))
}

fn buf(workspace: &Workspace, tools: &tools::Tools) -> Command {
    let mut command = Command::new::<PathBuf>(tools.path(Tool::Buf).into());
    command.current_dir(&workspace.root);
    command
}

fn git(workspace: &Workspace) -> Command {
    let mut command = Command::new("git");
    command.current_dir(&workspace.root);
    command
}
