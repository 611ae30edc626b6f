//! Programs that come from the system's package manager.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::Command;

use crate::error::Error;
use crate::{processes, terminal};

/// Whether Python can fetch packages.
pub(super) fn has_pip() -> bool {
    answers("python3", &["-m", "pip", "--version"])
}

/// Whether Python is there, which takes files out of archives.
pub(super) fn has_python() -> bool {
    answers("python3", &["--version"])
}

/// Whether npm is there.
pub(super) fn has_npm() -> bool {
    answers("npm", &["--version"])
}

/// Installs packages, as root or through sudo. Nothing to install is no work.
pub(super) fn install(packages: &[&str]) -> Result<(), Error> {
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" ");
    if processes::on_path("apt-get").is_none() {
        return Err(Error::ProgramMissing { program: names });
    }
    let root = || {
        as_root().ok_or_else(|| Error::NeedsRoot {
            packages: names.clone(),
        })
    };
    let install = || {
        let mut command = root()?;
        command.args(["apt-get", "install", "-y", "-q", "--no-install-recommends"]);
        processes::output_of(command.args(packages))
    };
    root()?;
    terminal::step(
        "Installing",
        format_args!("{names} (packages of the system)"),
    );
    if install().is_ok() {
        return Ok(());
    }
    // The lists of a fresh system are empty, and old ones name what is gone.
    processes::output_of(root()?.args(["apt-get", "update", "-q"]))?;
    install().map(drop)
}

/// Fetches a package into a folder and installs nothing.
pub(super) fn download(package: &str, into: &Path) -> Result<(), Error> {
    if processes::on_path("apt-get").is_none() {
        return Err(Error::ProgramMissing {
            program: package.to_owned(),
        });
    }
    let fetch = || {
        let mut command = Command::new("apt-get");
        command.args(["download", "-q", package]).current_dir(into);
        processes::output_of(&mut command)
    };
    if fetch().is_ok() {
        return Ok(());
    }
    let mut update = as_root().ok_or_else(|| Error::NeedsRoot {
        packages: package.to_owned(),
    })?;
    processes::output_of(update.args(["apt-get", "update", "-q"]))?;
    fetch().map(drop)
}

/// A command that becomes root: `env` for root itself, else sudo, which asks for
/// a password only where somebody can answer.
fn as_root() -> Option<Command> {
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new("env")
    } else {
        processes::on_path("sudo")?;
        let mut sudo = Command::new("sudo");
        if !std::io::stderr().is_terminal() {
            sudo.arg("-n");
        }
        sudo.arg("env");
        sudo
    };
    command.arg("DEBIAN_FRONTEND=noninteractive");
    Some(command)
}

fn answers(program: &str, arguments: &[&str]) -> bool {
    processes::output_of(Command::new(program).args(arguments)).is_ok()
}
