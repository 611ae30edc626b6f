//! `cargo xtask deploy --check`: the files of deploy/, read by the tools that they are
//! for. It needs no daemon and no cluster, builds no image and starts nothing.
//!
//! What these tools cannot know (that each metric, setting and program exists) is
//! held by tests/it/deployment.rs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;
use crate::tools::{self, Tool, Tools};
use crate::workspace::Workspace;
use crate::{processes, terminal};

/// The oldest Kubernetes that knows all of it, and the newest that the schemas are there of.
const KUBERNETES: [&str; 2] = ["1.30", "1.37"];

/// How exposed a unit may be, in tenths, as `systemd-analyze security` counts.
const MOST_EXPOSED: &str = "15";

/// How to run it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Needed: this command only checks
    #[arg(long, required = true)]
    check: bool,
}

/// Runs every check; the first that finds something ends it with what it found.
pub(crate) fn check(workspace: &Workspace) -> Result<(), Error> {
    let tools = tools::ensure(workspace, Tool::FOR_DEPLOY)?;
    let scratch = tempfile::Builder::new()
        .prefix("deploy-")
        .tempdir_in(&workspace.target)
        .map_err(Error::io("create a folder for what is generated"))?;
    let check = Check {
        tools: &tools,
        folder: workspace.root.join("deploy"),
        scratch: scratch.path(),
    };
    check.yaml()?;
    check.image()?;
    check.compose()?;
    check.kubernetes()?;
    check.prometheus()?;
    check.systemd()?;
    terminal::step("Done", "the files of deploy/ are what their readers expect");
    Ok(())
}

struct Check<'a> {
    tools: &'a Tools,
    folder: PathBuf,
    scratch: &'a Path,
}

impl Check<'_> {
    fn yaml(&self) -> Result<(), Error> {
        processes::output_of(self.lint("yamllint").args([
            "--strict",
            "--config-file",
            "yamllint.yaml",
            ".",
        ]))?;
        terminal::step("ok", "YAML (yamllint)");
        Ok(())
    }

    fn image(&self) -> Result<(), Error> {
        processes::output_of(self.tool(Tool::Hadolint).arg("Dockerfile"))?;
        terminal::step("ok", "Dockerfile (hadolint, with shellcheck in it)");
        Ok(())
    }

    fn compose(&self) -> Result<(), Error> {
        processes::output_of(self.lint("check_jsonschema").args([
            "--builtin-schema",
            "vendor.compose-spec",
            "compose.yaml",
        ]))?;
        processes::output_of(self.tool(Tool::DockerCompose).args([
            "--file",
            "compose.yaml",
            "config",
            "--quiet",
        ]))?;
        terminal::step("ok", "compose.yaml (its schema, docker-compose config)");
        Ok(())
    }

    fn kubernetes(&self) -> Result<(), Error> {
        let mut built = Vec::new();
        for folder in self.kustomizations()? {
            let text = processes::output_of(
                self.tool(Tool::Kubectl)
                    .arg("kustomize")
                    .arg(self.folder.join("kubernetes").join(&folder)),
            )?;
            let name = folder.to_string_lossy().replace('/', "-");
            let file = self.scratch.join(format!("{name}.yaml"));
            fs::write(&file, text).map_err(Error::io(format!("write {}", file.display())))?;
            built.push(file);
        }
        for version in KUBERNETES {
            processes::output_of(
                self.lint("kubernetes_validate")
                    .args(["--strict", "--kubernetes-version", version])
                    .args(&built),
            )?;
        }
        terminal::step(
            "ok",
            format_args!(
                "kubernetes/ (kubectl kustomize, then the strict schemas of {})",
                KUBERNETES.join(" and ")
            ),
        );
        Ok(())
    }

    fn prometheus(&self) -> Result<(), Error> {
        for (action, file) in [
            (["check", "config"], "prometheus/prometheus.yaml"),
            (["check", "rules"], "prometheus/alerts.yaml"),
            (["test", "rules"], "prometheus/alerts.test.yaml"),
        ] {
            processes::output_of(self.tool(Tool::Promtool).args(action).arg(file))?;
        }
        terminal::step(
            "ok",
            "prometheus/ (promtool check config, check rules, test rules)",
        );
        Ok(())
    }

    /// In a root of its own, where the programs are there and nothing else of this machine.
    fn systemd(&self) -> Result<(), Error> {
        let root = self.scratch.join("root");
        let units = root.join("etc/systemd/system");
        copy_all(Path::new("/lib/systemd/system"), "target", &units)?;
        let ours = copy_all(&self.folder.join("systemd"), "service", &units)?;
        let programs = root.join("usr/local/bin");
        for unit in &ours {
            let program = programs.join(unit.trim_end_matches(".service"));
            write(&program, "#!/bin/sh\n")?;
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
                .map_err(Error::io(format!("make {} executable", program.display())))?;
        }
        let mut verify = self.tool(Tool::SystemdAnalyze);
        verify
            .arg("verify")
            .arg("--man=no")
            .arg("--root")
            .arg(&root);
        // It warns of a key that it does not know, and calls that a success.
        let output = verify
            .args(&ours)
            .output()
            .map_err(Error::io("run systemd-analyze verify"))?;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        if !output.status.success() || !said.trim().is_empty() {
            return Err(Error::CommandFailed {
                command: "systemd-analyze verify".to_owned(),
                status: processes::status_text(output.status),
                output: format!("\n{}", said.trim_end()),
            });
        }
        processes::output_of(
            self.tool(Tool::SystemdAnalyze)
                .args(["security", "--offline=true", "--no-pager"])
                .arg(format!("--threshold={MOST_EXPOSED}"))
                .arg("--root")
                .arg(&root)
                .args(&ours),
        )?;
        terminal::step("ok", "systemd/ (systemd-analyze verify and security)");
        Ok(())
    }

    /// The base and every overlay, as paths below kubernetes/.
    fn kustomizations(&self) -> Result<Vec<PathBuf>, Error> {
        let mut found = vec![PathBuf::from("base")];
        let overlays = self.folder.join("kubernetes/overlays");
        for name in names(&overlays)? {
            found.push(Path::new("overlays").join(name));
        }
        Ok(found)
    }

    /// A command at deploy/.
    fn tool(&self, tool: Tool) -> Command {
        let mut command = Command::new(self.tools.path(tool));
        command.current_dir(&self.folder);
        command
    }

    /// A module of the folder of Python packages.
    fn lint(&self, module: &str) -> Command {
        let mut command = self.tool(Tool::Python);
        command
            .env("PYTHONPATH", self.tools.path(Tool::DeployLints))
            .args(["-m", module]);
        command
    }
}

/// Copies the files with this extension; their names.
fn copy_all(from: &Path, extension: &str, into: &Path) -> Result<Vec<String>, Error> {
    fs::create_dir_all(into).map_err(Error::io(format!("create {}", into.display())))?;
    let mut copied = Vec::new();
    for name in names(from)? {
        if Path::new(&name)
            .extension()
            .is_some_and(|found| found == extension)
        {
            fs::copy(from.join(&name), into.join(&name))
                .map_err(Error::io(format!("copy {}", from.join(&name).display())))?;
            copied.push(name);
        }
    }
    Ok(copied)
}

/// What is in a folder, sorted.
fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let doing = || format!("read {}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io(doing()))? {
        let entry = entry.map_err(Error::io(doing()))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::io(format!("create {}", folder.display())))?;
    }
    fs::write(path, text).map_err(Error::io(format!("write {}", path.display())))
}
