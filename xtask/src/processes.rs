//! Running other programs: once with their output kept or shown, or in a group
//! that is stopped as a whole.

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::error::Error;
use crate::terminal;
use crate::workspace::{self, Workspace};

const POLL: Duration = Duration::from_millis(50);

/// Tells whether a person or the system asked this program to stop.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for SIGINT, SIGTERM and SIGHUP from now on.
    pub(crate) fn listen() -> Result<Self, Error> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [
            signal_hook::consts::SIGINT,
            signal_hook::consts::SIGTERM,
            signal_hook::consts::SIGHUP,
        ] {
            signal_hook::flag::register(signal, Arc::clone(&flag))
                .map_err(Error::io("listen for signals"))?;
        }
        Ok(Self(flag))
    }

    /// True once after each request to stop.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

/// `cargo build` with these arguments, its output shown.
pub(crate) fn build(
    workspace: &Workspace,
    interrupt: &Interrupt,
    arguments: &[&str],
) -> Result<(), Error> {
    terminal::heading("build");
    let mut command = workspace.cargo();
    command.arg("build").args(arguments);
    let status = Group::start(&mut command)?.wait(interrupt)?;
    if status.success() {
        return Ok(());
    }
    Err(Error::CommandFailed {
        command: format!("cargo build {}", arguments.join(" ")),
        status: status_text(status),
        output: String::new(),
    })
}

/// A program with all that it starts, in a process group of their own: a Ctrl-C
/// in the terminal reaches it only through [`Group::stop`].
#[derive(Debug)]
pub(crate) struct Group(Child);

impl Group {
    /// Starts the program with no standard input.
    pub(crate) fn start(command: &mut Command) -> Result<Self, Error> {
        let doing = format!("start {}", command.get_program().to_string_lossy());
        command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .map(Self)
            .map_err(Error::io(doing))
    }

    /// The program itself, for its output pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// How the program ended, when it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().ok().flatten()
    }

    /// Waits for the end; a request to stop ends the whole group first.
    pub(crate) fn wait(mut self, interrupt: &Interrupt) -> Result<ExitStatus, Error> {
        loop {
            if let Some(status) = self.ended() {
                self.signal(Signal::KILL);
                return Ok(status);
            }
            if interrupt.take() {
                self.stop(Duration::from_secs(10), interrupt);
                return Err(Error::Interrupted);
            }
            pause();
        }
    }

    /// Asks the group to end, waits this long for the program, then kills what
    /// is left of the group. A further request to stop ends the waiting.
    pub(crate) fn stop(&mut self, patience: Duration, interrupt: &Interrupt) {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + patience;
        while self.ended().is_none() && Instant::now() < deadline && !interrupt.take() {
            pause();
        }
        self.signal(Signal::KILL);
        let _ = self.0.wait();
    }

    /// Sends to the whole group; one that is gone is no failure.
    fn signal(&self, signal: Signal) {
        let _ = rustix::process::kill_process_group(Pid::from_child(&self.0), signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.0.wait();
    }
}

/// Runs a program and returns what it wrote to standard output.
pub(crate) fn output_of(command: &mut Command) -> Result<String, Error> {
    let shown = shown(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(Error::io(format!("run `{shown}`")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = [output.stderr, output.stdout].concat();
    let text = String::from_utf8_lossy(&text);
    Err(Error::CommandFailed {
        command: shown,
        status: status_text(output.status),
        output: format!("\n{}", text.trim_end()),
    })
}

/// Runs a program whose output a person should see.
pub(crate) fn show(command: &mut Command) -> Result<(), Error> {
    let shown = shown(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(Error::io(format!("run `{shown}`")))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::CommandFailed {
        command: shown,
        status: status_text(status),
        output: String::new(),
    })
}

/// Looks a program up on the PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = workspace::setting("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Waits until the next look at something that is polled.
#[expect(
    clippy::disallowed_methods,
    reason = "no runtime here to block; callers poll with a bound"
)]
pub(crate) fn pause() {
    std::thread::sleep(POLL);
}

/// "exit code 3" or "signal 9".
pub(crate) fn status_text(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown status".to_owned(),
    }
}

/// The exit code that stands for this end in a shell: 128 + number for a signal.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};

    use super::*;

    fn nobody_asks() -> Interrupt {
        Interrupt(Arc::new(AtomicBool::new(false)))
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped());
        command
    }

    /// The end of the pipe is the end of everybody who could write to it.
    #[test]
    fn stopping_a_group_ends_what_its_program_started() {
        let mut group = Group::start(&mut shell("sleep 600 & echo started; wait")).unwrap();
        let mut lines = BufReader::new(group.child().stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "started");
        group.stop(Duration::from_secs(10), &nobody_asks());
        assert!(lines.next().is_none());
    }

    #[test]
    fn a_program_that_ignores_the_request_is_killed_after_the_patience() {
        let mut group = Group::start(&mut shell(
            "trap '' TERM; echo deaf; while :; do sleep 1; done",
        ))
        .unwrap();
        let mut lines = BufReader::new(group.child().stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "deaf");
        group.stop(Duration::from_millis(100), &nobody_asks());
        assert_eq!(exit_code(group.ended().unwrap()), 137);
    }

    #[test]
    fn a_request_to_stop_ends_the_waiting() {
        let interrupt = Interrupt(Arc::new(AtomicBool::new(true)));
        let group = Group::start(&mut shell("sleep 600")).unwrap();
        assert!(matches!(group.wait(&interrupt), Err(Error::Interrupted)));
    }

    #[test]
    fn a_failed_program_shows_what_it_wrote() {
        let error = output_of(&mut shell("echo broken >&2; exit 3"))
            .unwrap_err()
            .to_string();
        assert!(
            error.ends_with("failed with exit code 3\nbroken"),
            "{error}"
        );
    }
}
