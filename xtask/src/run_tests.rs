//! `cargo xtask test`: every test, against real parts.
//!
//! Builds once, then runs `cargo test` under `with-stores` (a program of the
//! tests crate), which starts one Redis and one `MongoDB` for the suites that
//! share them. Tests that break a store start their own.

use std::time::Instant;

use crate::error::Error;
use crate::processes::{self, Group, Interrupt};
use crate::terminal;
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

/// Where the tests find each tool.
const VARIABLES: &[(&str, Tool)] = &[
    ("TEST_REDIS_SERVER", Tool::RedisServer),
    ("TEST_MONGOD", Tool::Mongod),
    ("TEST_GRPCURL", Tool::Grpcurl),
    ("TEST_BUF", Tool::Buf),
    ("TEST_CURL", Tool::Curl),
    ("TEST_OPENSSL", Tool::OpenSsl),
    ("TEST_NODE", Tool::Node),
    ("TEST_VENDOR_CLIENT", Tool::VendorClient),
    ("TEST_PYTHON", Tool::Python),
    ("TEST_GRPC_PYTHON", Tool::GrpcPython),
    ("TEST_GRPC_NODE", Tool::GrpcNode),
    ("TEST_NOTION_CLIENT", Tool::NotionClient),
    ("TEST_H2LOAD", Tool::H2load),
    ("TEST_DOCKER_COMPOSE", Tool::DockerCompose),
    ("TEST_CHROMIUM", Tool::Chromium),
    ("TEST_PAGE_TESTS", Tool::PageTests),
];

/// Runs every test whose name contains one of the filters; all without one.
pub(crate) fn run(workspace: &Workspace, filters: &[String]) -> Result<(), Error> {
    let interrupt = Interrupt::listen()?;
    let start = Instant::now();
    let tools = tools::ensure(workspace, Tool::FOR_TESTS)?;

    terminal::heading("build");
    // Tests and programs in one build, so that `cargo test` finds all of it done.
    let mut build = workspace.cargo();
    build.args(["build", "--workspace", "--bins", "--tests"]);
    finish(Group::start(&mut build)?.wait(&interrupt)?)?;

    terminal::heading("test");
    // What killed programs leave behind goes with this folder.
    let temporary = tempfile::Builder::new()
        .prefix("test-run-")
        .tempdir_in(&workspace.target)
        .map_err(Error::io("create a folder for the tests' files"))?;
    let mut test = std::process::Command::new(workspace.built("with-stores"));
    test.current_dir(&workspace.root);
    test.env("TMPDIR", temporary.path());
    for (variable, tool) in VARIABLES {
        test.env(variable, tools.path(*tool));
    }
    test.arg(workspace.cargo().get_program())
        // One failure must not hide the others.
        .args(["test", "--workspace", "--no-fail-fast"]);
    if !filters.is_empty() {
        test.arg("--").args(filters);
    }
    finish(Group::start(&mut test)?.wait(&interrupt)?)?;
    terminal::heading(format_args!(
        "all tests passed in {} s",
        start.elapsed().as_secs()
    ));
    Ok(())
}

fn finish(status: std::process::ExitStatus) -> Result<(), Error> {
    if status.success() {
        return Ok(());
    }
    Err(Error::TestsFailed {
        code: processes::exit_code(status),
    })
}
