//! `cargo xtask fuzz`: libFuzzer on the targets of `fuzz/`.
//!
//! Builds them with LLVM's coverage counters, which a stable toolchain can do, and
//! without a sanitizer, which it cannot; the code under test has no unsafe blocks.
//! It starts from the kept corpus, and keeps new inputs under `target/fuzz`, inputs
//! that fail in `fuzz/artifacts`.

use std::fs;

use crate::error::Error;
use crate::processes::{self, Group, Interrupt};
use crate::terminal;
use crate::workspace::Workspace;

const TARGETS: [&str; 5] = ["verifier", "headers", "envelope", "record", "log"];

/// What libFuzzer needs of the compiler, as `cargo fuzz` asks for it.
const FLAGS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1 --cfg fuzzing";

/// The triple is named so that build scripts are compiled without the counters.
fn triple() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

/// Which targets, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// One of them; all without it
    #[arg(value_parser = TARGETS)]
    target: Option<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// Builds, then runs one target after the other; stops at the first that fails.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<(), Error> {
    let interrupt = Interrupt::listen()?;
    terminal::heading("build");
    let triple = triple();
    let output = workspace.target.join("fuzz");
    let mut build = workspace.cargo();
    build
        .args(["build", "--release", "--target", &triple])
        .arg("--manifest-path")
        .arg(workspace.root.join("fuzz/libfuzzer/Cargo.toml"))
        .arg("--target-dir")
        .arg(&output)
        .env("RUSTFLAGS", FLAGS);
    finish(Group::start(&mut build)?.wait(&interrupt)?)?;

    for target in TARGETS {
        if options.target.as_deref().is_some_and(|one| one != target) {
            continue;
        }
        terminal::heading(target);
        let kept = workspace.root.join("fuzz/corpus").join(target);
        let new = output.join("corpus").join(target);
        let artifacts = workspace.root.join("fuzz/artifacts");
        for folder in [&new, &artifacts] {
            fs::create_dir_all(folder).map_err(Error::io("create the fuzzer's folders"))?;
        }
        let program = output.join(&triple).join("release").join(target);
        let mut fuzzer = std::process::Command::new(program);
        fuzzer
            // It adds to the first and only reads the second.
            .args([&new, &kept])
            .arg(format!("-max_total_time={}", options.seconds))
            .arg(format!(
                "-artifact_prefix={}/{target}-",
                artifacts.display()
            ))
            .args(["-max_len=8192", "-print_final_stats=1", "-verbosity=1"]);
        finish(Group::start(&mut fuzzer)?.wait(&interrupt)?)?;
    }
    Ok(())
}

fn finish(status: std::process::ExitStatus) -> Result<(), Error> {
    if status.success() {
        return Ok(());
    }
    Err(Error::FuzzFailed {
        code: processes::exit_code(status),
    })
}
