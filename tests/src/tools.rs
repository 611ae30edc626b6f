//! Where the tools and the built programs are.

use std::path::PathBuf;

/// A tool's path, as `cargo xtask test` hands it on: `TEST_REDIS_SERVER`,
/// `TEST_MONGOD`, `TEST_GRPCURL`, `TEST_BUF`, `TEST_CURL`, `TEST_OPENSSL`,
/// `TEST_NODE`, and `TEST_VENDOR_CLIENT`, the folder whose `node_modules` holds the
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
