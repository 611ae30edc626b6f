//! Which core a program may use, so that what is measured and what measures it do not
//! take each other's time.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use integration_tests::Program;
use rustix::thread::{CpuSet, sched_setaffinity};

/// A program and the one core that it may use.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    core: usize,
    program: PathBuf,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Becomes the program, with the same process id. It counts its cores after this, and
/// so starts as many threads as it would on a machine with one core.
pub(crate) fn become_program(options: &Options) -> ExitCode {
    pin_this_thread(options.core);
    let error = std::process::Command::new(&options.program)
        .args(&options.arguments)
        .exec();
    let program = options.program.display();
    let _ = writeln!(std::io::stderr(), "could not run {program}: {error}");
    ExitCode::from(127)
}

/// From now on this thread, and those that it starts, run on this core only.
pub(crate) fn pin_this_thread(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).expect("this machine has the core");
}

/// A program that is not started yet, on one core or on any.
pub(crate) fn program(
    name: &str,
    path: &Path,
    folder: &Path,
    addresses: &[SocketAddr],
    core: Option<usize>,
) -> Program {
    let Some(core) = core else {
        return Program::new(name, path, folder, addresses);
    };
    let ourselves = std::env::current_exe().expect("a running program has a path");
    Program::new(name, &ourselves, folder, addresses)
        .arg("on-core")
        .arg(core.to_string())
        .arg(path.display().to_string())
}
