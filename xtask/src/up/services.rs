//! The three running programs: their start, their log lines, their end.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::error::Error;
use crate::processes::{self, Group, Interrupt};
use crate::terminal::{self, Colour};
use crate::workspace::{self, Workspace};

/// Longer than the services' own drain time.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a service may see of our environment. Everything else it is told, so
/// that no setting of another project changes the demo.
const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "TMPDIR",
    "TERM",
    "TZ",
    "LANG",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "RUST_BACKTRACE",
];

/// All that runs, in the order of their start.
#[derive(Debug, Default)]
pub(super) struct Services(Vec<Service>);

#[derive(Debug)]
struct Service {
    name: &'static str,
    group: Group,
    readers: Vec<JoinHandle<()>>,
}

impl Services {
    /// Starts a built program with these settings and shows its lines.
    pub(super) fn start(
        &mut self,
        workspace: &Workspace,
        name: &'static str,
        colour: Colour,
        variables: &[(&'static str, String)],
    ) -> Result<(), Error> {
        terminal::step("Starting", name);
        let mut command = Command::new(workspace.built(name));
        command.current_dir(&workspace.root).env_clear();
        for inherited in INHERITED {
            if let Some(value) = workspace::setting(inherited) {
                command.env(inherited, value);
            }
        }
        if !terminal::coloured() {
            command.env("NO_COLOR", "1");
        }
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut group = Group::start(&mut command)?;
        let mut readers = Vec::new();
        if let Some(pipe) = group.child().stdout.take() {
            readers.push(show_lines(name, colour, pipe));
        }
        if let Some(pipe) = group.child().stderr.take() {
            readers.push(show_lines(name, colour, pipe));
        }
        self.0.push(Service {
            name,
            group,
            readers,
        });
        Ok(())
    }

    /// Fails when one of them has ended.
    pub(super) fn all_running(&mut self) -> Result<(), Error> {
        for service in &mut self.0 {
            if let Some(status) = service.group.ended() {
                return Err(Error::ServiceEnded {
                    name: service.name,
                    status: processes::status_text(status),
                    code: processes::exit_code(status),
                });
            }
        }
        Ok(())
    }

    /// Stops them, the last one first, so that none loses what it depends on.
    pub(super) fn stop(&mut self, interrupt: &Interrupt) {
        while let Some(mut service) = self.0.pop() {
            service.group.stop(PATIENCE, interrupt);
            for reader in service.readers.drain(..) {
                let _ = reader.join();
            }
            terminal::step("Stopped", service.name);
        }
    }
}

fn show_lines(
    name: &'static str,
    colour: Colour,
    pipe: impl Read + Send + 'static,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe
            .read_until(b'\n', &mut line)
            .is_ok_and(|length| length > 0)
        {
            terminal::log(name, colour, String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    })
}
