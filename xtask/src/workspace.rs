//! Where things are: the repository, its target folder, its settings.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;

/// The folders of this checkout.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The repository's root; every printed command works from here.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Finds the checkout that this program was started in.
    pub(crate) fn find() -> Result<Self, Error> {
        let manifest =
            setting("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").to_owned());
        let root = Path::new(&manifest)
            .join("..")
            .canonicalize()
            .map_err(Error::io(format!("find the repository above {manifest}")))?;
        let target = setting("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        Ok(Self {
            target: std::path::absolute(&target).unwrap_or(target),
            root,
        })
    }

    /// The folder of fetched tools; `bin` in it holds the programs.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// Where `up` keeps the data of the demo.
    pub(crate) fn demo(&self) -> PathBuf {
        self.target.join("demo")
    }

    /// A program of this workspace, as `cargo build` leaves it.
    pub(crate) fn built(&self, program: &str) -> PathBuf {
        self.target.join("debug").join(program)
    }

    /// The same, as `cargo build --release` leaves it.
    pub(crate) fn built_for_release(&self, program: &str) -> PathBuf {
        self.target.join("release").join(program)
    }

    /// The path as a person types it at the root: relative where that is possible.
    pub(crate) fn as_typed(&self, path: &Path) -> String {
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .display()
            .to_string()
    }

    /// Cargo, at the root, by the toolchain that runs this program.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(setting("CARGO").unwrap_or_else(|| "cargo".to_owned()));
        command.current_dir(&self.root);
        command
    }
}

/// Reads one variable of the environment; empty counts as not set.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment here"
)]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
