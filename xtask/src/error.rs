//! Why a command of this repository failed, and what to do about it.

use std::io;
use std::path::PathBuf;

/// Everything that can go wrong here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("could not {doing}: {source}")]
    Io { doing: String, source: io::Error },

    #[error("`{command}` failed with {status}{output}")]
    CommandFailed {
        command: String,
        status: String,
        output: String,
    },

    #[error(
        "{program} is missing: install it with the system's package manager, then run this again"
    )]
    ProgramMissing { program: String },

    #[error(
        "{packages} must be installed by root: run `apt-get install -y {packages}` as root, then run this again"
    )]
    NeedsRoot { packages: String },

    #[error("{tool} does not run on this machine ({path}): {reason}")]
    ToolDoesNotRun {
        tool: &'static str,
        path: PathBuf,
        reason: String,
    },

    #[error("no ready-made {tool} for {architecture}: put {tool} {version} or newer on the PATH")]
    NoSuchBuild {
        tool: &'static str,
        architecture: &'static str,
        version: String,
    },

    #[error(
        "{calls} did not answer as xtask/src/up/grpcurl_calls.rs expects: correct the call there, or the service"
    )]
    CallsFailed { calls: String },

    #[error("xtask/src/up/grpcurl_calls.rs has no call of {methods}: add one for each")]
    CallsMissing { methods: String },

    #[error(
        "{address} is already in use: stop what listens there, or set {setting} to another address"
    )]
    AddressInUse {
        address: String,
        setting: &'static str,
    },

    #[error("{setting} is not an address such as 127.0.0.1:8080: {value}")]
    BadAddress {
        setting: &'static str,
        value: String,
    },

    #[error("--real needs {0}: set it in the environment")]
    SettingMissing(&'static str),

    #[error("{name} ended by itself with {status}; its last lines above say why")]
    ServiceEnded {
        name: &'static str,
        status: String,
        code: u8,
    },

    #[error("{name} was not ready within {seconds} s; its last lines above say why")]
    NotReady { name: &'static str, seconds: u64 },

    #[error("the fake's world has no {0}, which the examples need")]
    WorldIncomplete(&'static str),

    #[error("{failed} of {total} printed commands did not work as printed")]
    ExamplesFailed { failed: usize, total: usize },

    #[error("tests failed")]
    TestsFailed { code: u8 },

    #[error("the measurement failed, or a bar was missed; its last lines above say why")]
    BenchFailed { code: u8 },

    #[error(
        "a promise was broken, or the run failed; its last lines above say how to see it again"
    )]
    ChaosFailed { code: u8 },

    #[error("a seed broke a law, or could not be run; the lines above say how to see it again")]
    SimulationFailed { code: u8 },

    #[error("fuzzing failed; an input that broke something is in fuzz/artifacts")]
    FuzzFailed { code: u8 },

    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// The exit code of the whole command: that of the program that failed
    /// where there is one, 130 after Ctrl-C, else 1.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::ServiceEnded { code, .. }
            | Self::TestsFailed { code }
            | Self::BenchFailed { code }
            | Self::ChaosFailed { code }
            | Self::SimulationFailed { code }
            | Self::FuzzFailed { code } => (*code).max(1),
            Self::Interrupted => 130,
            _ => 1,
        }
    }

    /// Adds to an I/O error what was attempted.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}
