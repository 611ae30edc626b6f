//! The programs that reads are measured on, and what all measurements set alike.
//!
//! The service runs as in production: callers are known by tokens, its log is at its
//! default level. BetterMode's limits are out of the way, but for what a measurement sets.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use integration_tests::sandbox::{CLIENT_ID, CLIENT_SECRET, NETWORK_ID};
use integration_tests::{Fake, Program, Redis, ports, tools};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::Plan;
use super::client::Reader;
use crate::affinity;
use crate::system::Cores;

/// What callers of the service show.
pub(super) const TOKEN: &str = "bench-token";
/// What callers of the fake show who are not the service.
pub(super) const UPSTREAM_TOKEN: &str = "bench-upstream-token";

/// Settings of a program.
pub(super) type Settings<'a> = &'a [(&'a str, &'a str)];

/// Where programs of one measurement keep their files, and their cores. To be made before
/// them, so that it goes after them.
pub(super) struct Stage {
    cores: Cores,
    folder: TempDir,
    replicas: AtomicUsize,
}

/// The fake BetterMode.
pub(super) struct Upstream {
    pub(super) program: Program,
    pub(super) address: SocketAddr,
    pub(super) control: Fake,
}

/// One `community-svc`.
pub(super) struct Replica {
    pub(super) program: Program,
    pub(super) address: SocketAddr,
}

impl Stage {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            cores: plan.cores,
            folder: TempDir::new().expect("a temporary folder can be made"),
            replicas: AtomicUsize::new(0),
        }
    }

    /// A file of this name in the folder of this measurement.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The fake, with so many members to read, on the core of the load.
    pub(super) async fn upstream(&self, members: usize, settings: Settings<'_>) -> Upstream {
        let address = ports::free();
        let mut program = self.program("fake-bettermode", &[address], self.cores.others);
        program.set_all(&[
            ("FAKE_BETTERMODE_LISTEN", &address.to_string()),
            ("FAKE_BETTERMODE_EXTRA_MEMBERS", &members.to_string()),
            ("FAKE_BETTERMODE_NETWORK_ID", NETWORK_ID),
            ("FAKE_BETTERMODE_CLIENT_ID", CLIENT_ID),
            ("FAKE_BETTERMODE_CLIENT_SECRET", CLIENT_SECRET),
            ("FAKE_BETTERMODE_NO_LIMITS", "true"),
            ("BETTERMODE_API_TOKEN", UPSTREAM_TOKEN),
            ("LOG_LEVEL", "warn"),
        ]);
        program.set_all(settings);
        program.start().await;
        Upstream {
            program,
            address,
            control: Fake::at(address),
        }
    }

    /// A service on the core of the measured server, with its own event store.
    pub(super) async fn replica(&self, upstream: &Upstream, settings: Settings<'_>) -> Replica {
        self.replica_on(self.cores.server, upstream, settings).await
    }

    /// A service that is there and not measured, on the core of the load.
    pub(super) async fn other_replica(
        &self,
        upstream: &Upstream,
        settings: Settings<'_>,
    ) -> Replica {
        self.replica_on(self.cores.others, upstream, settings).await
    }

    async fn replica_on(
        &self,
        core: Option<usize>,
        upstream: &Upstream,
        settings: Settings<'_>,
    ) -> Replica {
        let [address, admin] = std::array::from_fn(|_| ports::free());
        let mut program = self.program("community-svc", &[address, admin], core);
        let number = self.replicas.fetch_add(1, Ordering::Relaxed);
        let data = self.file(&format!("service-{number}"));
        let token = hex::encode(Sha256::digest(TOKEN));
        program.set_all(&[
            ("COMMUNITY_SVC_LISTEN", &address.to_string()),
            ("COMMUNITY_SVC_ADMIN_LISTEN", &admin.to_string()),
            (
                "COMMUNITY_SVC_AUTH",
                &format!("bench:{token}:read+write+ingest+admin"),
            ),
            ("BETTERMODE_API_URL", &upstream.control.url("")),
            ("BETTERMODE_NETWORK_ID", NETWORK_ID),
            ("BETTERMODE_CLIENT_ID", CLIENT_ID),
            ("BETTERMODE_CLIENT_SECRET", CLIENT_SECRET),
            ("BETTERMODE_RATE_LIMIT_REQUESTS", "1000000"),
            ("BETTERMODE_RATE_LIMIT_COMPLEXITY", "1000000000"),
            ("DATA_DIR", &data.display().to_string()),
        ]);
        program.set_all(settings);
        program.start().await;
        Replica { program, address }
    }

    /// A Redis on the core of the load.
    pub(super) async fn redis(&self) -> Redis {
        let redis = Redis::start().await;
        affinity::pin_program(&redis.program, self.cores.others);
        redis
    }

    /// A program that is not started, on one core or on any.
    pub(super) fn program(
        &self,
        name: &str,
        addresses: &[SocketAddr],
        core: Option<usize>,
    ) -> Program {
        let path = tools::built(name);
        affinity::program(name, &path, self.folder.path(), addresses, core)
    }
}

impl Upstream {
    /// Ids of members, always the same for the same place.
    pub(super) async fn members(&self, from: usize, count: usize) -> Vec<String> {
        let path = format!("/_fake/members?from={from}&count={count}");
        let answer = self.control.get(&path).await;
        let ids = answer["ids"].as_array().into_iter().flatten();
        let ids: Vec<String> = ids.filter_map(Value::as_str).map(str::to_owned).collect();
        assert!(ids.len() == count, "the fake has {} members", ids.len());
        ids
    }

    /// Requests over HTTP since the counters were last cleared.
    pub(super) async fn requests(&self) -> u64 {
        let counters = self.control.get("/_fake/counters").await;
        let requests = counters["requests"].as_u64();
        requests.unwrap_or_else(|| panic!("the fake does not count requests: {counters}"))
    }
}

impl Replica {
    /// The process id.
    pub(super) fn id(&self) -> u32 {
        self.program.id().expect("the service runs")
    }

    /// A client with one connection of its own.
    pub(super) async fn reader(&self) -> Reader {
        Reader::connect(self.address).await
    }
}
