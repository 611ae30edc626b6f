//! The examples of docs/clients, as their READMEs say to run them, against two replicas.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use integration_tests::tools::{self, Ran};
use integration_tests::{Sandbox, eventually};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::repository;

const TOKEN: &str = "token-of-the-example";

#[tokio::test]
async fn the_python_example_reads_writes_retries_and_understands_errors() {
    let folder = TempDir::new().unwrap();
    let python = python(folder.path());
    an_example_works("Python", |addresses, member| {
        let mut command = python("example.py");
        command.args([addresses, member]);
        command
    })
    .await;
}

#[tokio::test]
async fn the_typescript_example_reads_writes_retries_and_understands_errors() {
    let folder = TempDir::new().unwrap();
    build_typescript(folder.path());
    an_example_works("TypeScript", |addresses, member| {
        let mut command = Command::new(tools::tool("TEST_NODE"));
        command
            .arg(folder.path().join("build/example.js"))
            .arg(protos())
            .args([addresses, member]);
        command
    })
    .await;
}

/// The example's first call finds BetterMode away, and is told to come again.
async fn an_example_works(name: &str, command: impl Fn(&str, &str) -> Command) {
    let hash = hex::encode(Sha256::digest(TOKEN));
    let sandbox = Sandbox::builder()
        .with_redis()
        .service_setting("COMMUNITY_SVC_AUTH", &format!("example:{hash}:read+write"))
        .edge_setting("COMMUNITY_SVC_TOKEN", TOKEN)
        .start()
        .await;
    let replica = sandbox.another_service().await;
    let world = sandbox.fake.world().await;
    let member = world.text("/members/0/id");
    let addresses = [&sandbox.clients, &replica.clients].map(|it| it.service_address().to_string());
    let mut command = command(&addresses.join(","), &member);
    command.env("COMMUNITY_SVC_TOKEN", TOKEN);

    let member_only = json!({ "operation": "member" });
    sandbox.fake.fault("status_5xx", member_only).await;
    let running = tokio::task::spawn_blocking(move || tools::finish(&mut command));
    eventually("a call is refused", async || {
        if running.is_finished() {
            return Ok(());
        }
        let lines = [sandbox.service.log(), replica.program.log()].concat();
        let refused = lines.contains("\"code\":\"Unavailable\"");
        refused.then_some(()).ok_or("not yet")
    })
    .await;
    sandbox.fake.clear_faults().await;
    let ran: Ran = running.await.unwrap();

    assert!(ran.succeeded, "{ran:?}");
    let lines: Vec<_> = ran.stdout.lines().collect();
    let username = world.text("/members/0/username");
    assert_eq!(lines[0], format!("member {username}"), "{ran:?}");
    let unknown = "error NOT_FOUND MEMBER_NOT_FOUND docs/errors.md#member_not_found";
    assert_eq!(lines[1], unknown);
    assert_eq!(lines[2], "error INVALID_ARGUMENT INVALID_FIELD space_id");
    let world = sandbox.fake.world().await;
    let id = lines[3].strip_prefix("sent ").unwrap();
    let content = world.one("messages", "id", id)["content"].to_string();
    assert!(content.contains(&format!("Hello from {name}")), "{content}");
}

/// Generates the code, and returns how a program of the example's folder is run.
fn python(folder: &Path) -> impl Fn(&str) -> Command {
    let generated = folder.to_owned();
    let example = repository::root().join("docs/clients/python");
    let run = move |argument: &str| {
        let packages = tools::tool("TEST_GRPC_PYTHON");
        let path = std::env::join_paths([&generated, &packages]).unwrap();
        let mut command = Command::new(tools::tool("TEST_PYTHON"));
        command
            .current_dir(&example)
            .env("PYTHONPATH", path)
            // Into a folder of the repository, else.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(argument);
        command
    };
    let (out, root) = (folder.display(), protos());
    let mut compiler = run("-m");
    compiler
        .args(["grpc_tools.protoc", "-I"])
        .arg(&root)
        .args(["python_out", "pyi_out", "grpc_python_out"].map(|kind| format!("--{kind}={out}")))
        .args(proto_files(&root));
    let ran = tools::finish(&mut compiler);
    assert!(ran.succeeded, "{ran:?}");
    run
}

/// Copies the example, generates the types, compiles.
fn build_typescript(folder: &Path) {
    let example = repository::root().join("docs/clients/typescript");
    for file in ["package.json", "tsconfig.json", "bridge.ts", "example.ts"] {
        fs::copy(example.join(file), folder.join(file)).unwrap();
    }
    let packages = tools::tool("TEST_GRPC_NODE").join("node_modules");
    std::os::unix::fs::symlink(&packages, folder.join("node_modules")).unwrap();
    let manifest = fs::read_to_string(folder.join("package.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let generate = manifest["scripts"]["generate"].as_str().unwrap();
    let generate = generate.replace("../../../proto", &protos().display().to_string());
    for script in [
        generate.as_str(),
        manifest["scripts"]["build"].as_str().unwrap(),
    ] {
        let (program, arguments) = script.split_once(' ').unwrap_or((script, ""));
        let ran = tools::finish(
            Command::new(tools::tool("TEST_NODE"))
                .current_dir(folder)
                .arg(packages.join(".bin").join(program))
                .args(arguments.split_whitespace()),
        );
        assert!(ran.succeeded, "{script}: {ran:?}");
    }
}

fn protos() -> PathBuf {
    repository::root().join("proto")
}

fn proto_files(root: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(root.join("community/v1"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 10, "{files:?}");
    files
}
