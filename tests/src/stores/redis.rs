//! A Redis of a test's own.

use std::path::Path;

use tempfile::TempDir;

use crate::program::Program;
use crate::{ports, tools};

/// A running `redis-server`. What it holds is gone when it is killed.
#[derive(Debug)]
pub struct Redis {
    /// The process, to kill, freeze or restart.
    pub program: Program,
    url: String,
    // Dropped after the process.
    _folder: TempDir,
}

impl Redis {
    /// Starts one and waits until it takes connections.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let address = ports::free();
        let mut program = program(folder.path(), address);
        program.start().await;
        Self {
            program,
            url: format!("redis://{address}"),
            _folder: folder,
        }
    }

    /// How to connect.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Starts it again on the same port, empty.
    pub async fn restart(&mut self) {
        self.program.restart().await;
    }
}

fn program(folder: &Path, address: std::net::SocketAddr) -> Program {
    Program::new(
        "redis-server",
        &tools::tool("TEST_REDIS_SERVER"),
        folder,
        &[address],
    )
    .arg("--bind")
    .arg(address.ip().to_string())
    .arg("--port")
    .arg(address.port().to_string())
    .arg("--save")
    .arg("")
    .arg("--appendonly")
    .arg("no")
}
