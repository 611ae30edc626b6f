//! Which core a program may use, so that what is measured and what measures it do not
//! take each other's time.

use std::ffi::OsString;
use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use integration_tests::Program;
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};
use tokio::sync::oneshot;

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
    pin(None, core);
}

/// From now on a running program's first thread runs on this core only, or goes on where
/// it likes. For a program of one thread, which another one has started.
pub(crate) fn pin_program(program: &Program, core: Option<usize>) {
    let process = program.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    if let (Some(process), Some(core)) = (process, core) {
        pin(Some(process), core);
    }
}

fn pin(process: Option<Pid>, core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(process, &set).expect("this machine has the core");
}

/// Does the work on a thread of its own, on one core or on any, and waits for its end.
pub(crate) async fn on_own_thread<T, F>(
    core: Option<usize>,
    work: impl FnOnce() -> F + Send + 'static,
) -> T
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let (done, result) = oneshot::channel();
    std::thread::spawn(move || {
        if let Some(core) = core {
            pin_this_thread(core);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be made");
        let _nobody_waits = done.send(runtime.block_on(work()));
    });
    result
        .await
        .expect("the thread ends with a result; its panic is above")
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
