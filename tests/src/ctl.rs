//! `communityctl` as an operator runs it: in an environment of its own, to its end.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::Program;
use crate::sandbox::{NETWORK_ID, Sandbox, WEBHOOK_SECRET};
use crate::tools;

/// An environment to run it in.
#[derive(Debug, Clone, Default)]
pub struct Ctl {
    variables: BTreeMap<String, String>,
}

/// What a run gave.
#[derive(Debug, Clone)]
pub struct CtlRan {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ctl {
    /// An environment with nothing in it.
    #[must_use]
    pub fn alone() -> Self {
        Self::default()
    }

    /// The environment of an operator of this sandbox.
    #[must_use]
    pub fn of(sandbox: &Sandbox) -> Self {
        let address = |url: String| url.trim_start_matches("http://").to_owned();
        let service = format!("http://{}", sandbox.clients.service_address());
        Self::alone()
            .with("COMMUNITY_SVC_URL", &service)
            .with(
                "COMMUNITY_SVC_ADMIN_LISTEN",
                &address(sandbox.service_admin_url("")),
            )
            .with(
                "WEBHOOK_EDGE_LISTEN",
                &sandbox.clients.edge_address().to_string(),
            )
            .with(
                "WEBHOOK_EDGE_ADMIN_LISTEN",
                &address(sandbox.edge_admin_url("")),
            )
            .with("BETTERMODE_WEBHOOK_SECRET", WEBHOOK_SECRET)
            .with("BETTERMODE_NETWORK_ID", NETWORK_ID)
    }

    /// The same with this variable; an empty value takes it away.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if value.is_empty() {
            self.variables.remove(name);
        } else {
            self.variables.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    /// Runs it with these arguments and nothing to read.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> CtlRan {
        self.run_with(arguments, b"")
    }

    /// Runs it with these arguments; it reads `input`.
    #[must_use]
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> CtlRan {
        let mut child = Command::new(tools::built("communityctl"))
            .args(arguments)
            .env_clear()
            .envs(&self.variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("communityctl can be started");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        // One that does not read its input may be gone already.
        let _gone = stdin.write_all(input);
        drop(stdin);
        let output = child.wait_with_output().expect("our own child ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        CtlRan {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// One that is to run beside the test; not started.
    #[must_use]
    pub fn program(&self, sandbox: &Sandbox, arguments: &[&str]) -> Program {
        let path = tools::built("communityctl");
        let mut program = Program::new("communityctl", &path, sandbox.folder(), &[]);
        for (name, value) in &self.variables {
            program.set(name, value);
        }
        for argument in arguments {
            program = program.arg(*argument);
        }
        program
    }
}

impl CtlRan {
    /// Itself, when the exit code is this one; panics with all it said otherwise.
    #[must_use]
    pub fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// The lines of standard output, each a JSON value.
    #[must_use]
    pub fn json(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {self:?}")))
            .collect()
    }

    /// The only line of standard output.
    #[must_use]
    pub fn one(&self) -> Value {
        let mut lines = self.json();
        assert_eq!(lines.len(), 1, "{self:?}");
        lines.remove(0)
    }

    /// What is said on standard error, as JSON.
    #[must_use]
    pub fn error(&self) -> Value {
        serde_json::from_str(&self.stderr).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}
