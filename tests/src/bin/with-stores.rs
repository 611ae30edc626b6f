//! Runs a command beside one real Redis and one real `MongoDB`, whose addresses it
//! hands on as `TEST_REDIS_URL` and `TEST_MONGODB_URI`; ends with the command's
//! exit code. `cargo xtask test` runs `cargo test` under it.

use std::io::Write as _;
use std::process::{Command, ExitCode};

use integration_tests::{MongoDb, Redis};

#[tokio::main]
async fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(program) = words.next() else {
        let _ = writeln!(std::io::stderr(), "usage: with-stores COMMAND [ARGUMENT..]");
        return ExitCode::from(64);
    };
    let (redis, mongo) = tokio::join!(Redis::start(), MongoDb::start());
    let status = Command::new(&program)
        .args(words)
        .env("TEST_REDIS_URL", redis.url())
        .env("TEST_MONGODB_URI", mongo.uri())
        .status();
    match status {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            ExitCode::from(code.unwrap_or(1))
        }
        Err(error) => {
            let program = program.to_string_lossy();
            let _ = writeln!(std::io::stderr(), "could not run {program}: {error}");
            ExitCode::from(127)
        }
    }
}
