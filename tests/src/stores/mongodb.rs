//! A `MongoDB` of a test's own: a replica set of one, so that majority writes and
//! change streams work as in production.

use std::net::SocketAddr;
use std::path::Path;

use mongodb::Client;
use mongodb::bson::doc;
use tempfile::TempDir;

use crate::program::Program;
use crate::{eventually, ports, tools};

/// A running `mongod`. What was written with majority survives its killing.
#[derive(Debug)]
pub struct MongoDb {
    /// The process, to kill, freeze or restart.
    pub program: Program,
    address: SocketAddr,
    // Dropped after the process.
    _folder: TempDir,
}

impl MongoDb {
    /// Starts one and waits until it takes writes.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let address = ports::free();
        let mut program = program(folder.path(), address);
        program.start().await;
        let mongo = Self {
            program,
            address,
            _folder: folder,
        };
        mongo.initiate().await;
        mongo.takes_writes().await;
        mongo
    }

    /// How to connect.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("mongodb://{}/?replicaSet=rs0", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts it again on the same port with the same data, and waits until it
    /// takes writes.
    pub async fn restart(&mut self) {
        self.program.restart().await;
        self.takes_writes().await;
    }

    async fn initiate(&self) {
        let members = vec![doc! { "_id": 0, "host": self.address.to_string() }];
        let config = doc! { "replSetInitiate": { "_id": "rs0", "members": members } };
        let client = self.direct().await;
        eventually("mongod takes its replica set's configuration", async || {
            client.database("admin").run_command(config.clone()).await
        })
        .await;
    }

    async fn takes_writes(&self) {
        let client = self.direct().await;
        eventually("mongod is elected", async || {
            let answer = client
                .database("admin")
                .run_command(doc! { "hello": 1 })
                .await
                .map_err(|error| error.to_string())?;
            let primary = answer.get_bool("isWritablePrimary").unwrap_or(false);
            if primary {
                Ok(())
            } else {
                Err("not primary yet".to_owned())
            }
        })
        .await;
    }

    async fn direct(&self) -> Client {
        Client::with_uri_str(format!("mongodb://{}/?directConnection=true", self.address))
            .await
            .expect("the address is one that the driver takes")
    }
}

fn program(folder: &Path, address: SocketAddr) -> Program {
    Program::new("mongod", &tools::tool("TEST_MONGOD"), folder, &[address])
        .arg("--bind_ip")
        .arg(address.ip().to_string())
        .arg("--port")
        .arg(address.port().to_string())
        .arg("--dbpath")
        .arg(folder.display().to_string())
        .arg("--replSet")
        .arg("rs0")
        .arg("--nounixsocket")
        .arg("--wiredTigerCacheSizeGB")
        .arg("0.25")
        .arg("--setParameter")
        .arg("diagnosticDataCollectionEnabled=false")
        // What a killed service held in a transaction is free again after this time; a
        // minute otherwise.
        .arg("--setParameter")
        .arg("transactionLifetimeLimitSeconds=5")
}
