//! Where the tools and the built programs are.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A tool's path, as `cargo xtask test` hands it on: `TEST_REDIS_SERVER`,
/// `TEST_MONGOD`, `TEST_GRPCURL`, `TEST_BUF`, `TEST_CURL`, `TEST_OPENSSL`,
/// `TEST_NODE`, `TEST_PYTHON`, `TEST_H2LOAD`, `TEST_CHROMIUM`; `TEST_VENDOR_CLIENT`,
/// `TEST_GRPC_NODE`, `TEST_NOTION_CLIENT` and `TEST_PAGE_TESTS`, folders whose
/// `node_modules` hold the vendor's client, gRPC, Notion's client, and what drives and
/// judges pages; `TEST_GRPC_PYTHON`, a folder of Python
/// packages with gRPC.
///
/// Panics without it: a test that cannot run has not passed.
#[must_use]
pub fn tool(variable: &str) -> PathBuf {
    PathBuf::from(variable_of_the_runner(variable))
}

/// The shared stores' URLs, and all else that the runner sets.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment here"
)]
pub fn variable_of_the_runner(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run the tests with `cargo xtask test`"))
}

/// What a tool did.
#[derive(Debug, Clone)]
pub struct Ran {
    /// Whether its exit code was 0.
    pub succeeded: bool,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

/// Runs the tool of this variable to its end, with an empty standard input.
#[must_use]
pub fn run<A: AsRef<OsStr>>(variable: &str, arguments: impl IntoIterator<Item = A>) -> Ran {
    let mut command = Command::new(tool(variable));
    command.args(arguments);
    finish(&mut command)
}

/// Runs a prepared command to its end, with an empty standard input.
#[must_use]
pub fn finish(command: &mut Command) -> Ran {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("could not run {command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        succeeded: output.status.success(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

/// The seed of a random test: `TEST_SEED`, to see a failure again, else a new one.
/// It is printed, so that a failed test shows it.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a new seed for each run, and the old one on demand"
)]
pub fn seed() -> u32 {
    let seed = match std::env::var("TEST_SEED") {
        Ok(text) => text.parse().expect("TEST_SEED is a whole number"),
        Err(_) => rand::random(),
    };
    say(&format!("TEST_SEED={seed}"));
    seed
}

/// How much of something a test does: the number in this variable, else `usual`.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "more than usual, for those who ask for it"
)]
pub fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is no whole number"))
    })
}

/// Writes a line that is shown when the test fails, and with `--nocapture`.
#[expect(clippy::print_stderr, reason = "what cargo keeps for a failed test")]
pub fn say(line: &str) {
    eprintln!("{line}");
}

/// A program of this workspace, built beside the running test.
///
/// Panics when it was not built.
#[must_use]
pub fn built(program: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    // Tests are in target/debug/deps, programs one level up.
    let path = test
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file());
    path.unwrap_or_else(|| panic!("{program} is not built: run the tests with `cargo xtask test`"))
}
