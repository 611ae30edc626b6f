//! Where the tools and the built programs are.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A tool's path, as `cargo xtask test` hands it on: `TEST_REDIS_SERVER`,
/// `TEST_MONGOD`, `TEST_GRPCURL`, `TEST_BUF`, `TEST_CURL`, `TEST_OPENSSL`,
/// `TEST_NODE`, `TEST_H2LOAD`, and `TEST_VENDOR_CLIENT`, the folder whose `node_modules` holds the
/// vendor's client.
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

/// A number that whoever runs the tests may set, for a longer run than the usual one.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a longer run on demand, as `seed` is for the same one again"
)]
pub fn number_of_the_runner(variable: &str) -> Option<usize> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("the number of a run is a whole number"))
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
    let _ = writeln!(std::io::stderr(), "TEST_SEED={seed}");
    seed
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
