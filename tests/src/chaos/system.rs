//! The programs of a run, the wires between them, and where each one is.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;

use super::options::{Fault, Options, Store};
use super::stored::Stored;
use crate::fault_proxy::{Direction, FaultProxy, Faults};
use crate::program::Program;
use crate::sandbox::{NETWORK_ID, WEBHOOK_SECRET};
use crate::stores::{MongoDb, Redis};
use crate::{clients, ports, tools};

const DATABASE: &str = "chaos";
const POLL: Duration = Duration::from_millis(100);

/// A running system whose parts are reached through proxies.
#[derive(Debug)]
pub(super) struct System {
    pub(super) edge: Program,
    pub(super) service: Program,
    pub(super) mongodb: Option<MongoDb>,
    pub(super) redis: Redis,
    pub(super) edge_to_service: FaultProxy,
    pub(super) service_to_mongodb: Option<FaultProxy>,
    /// Before the edge's public port, for senders on bad lines.
    pub(super) public: FaultProxy,
    pub(super) doors: Doors,
    http: reqwest::Client,
    // Dropped after the processes.
    folder: TempDir,
}

/// Where the programs listen, and the files by which their clocks step.
#[derive(Debug, Clone)]
pub(super) struct Doors {
    pub(super) edge: SocketAddr,
    edge_admin: SocketAddr,
    pub(super) service: SocketAddr,
    service_admin: SocketAddr,
    pub(super) edge_clock: PathBuf,
    pub(super) service_clock: PathBuf,
}

impl System {
    /// Starts all of it, in order, and waits until each part listens.
    pub(super) async fn start(options: &Options) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let [edge, edge_admin, service, service_admin] = std::array::from_fn(|_| ports::free());
        let doors = Doors {
            edge,
            edge_admin,
            service,
            service_admin,
            edge_clock: folder.path().join("edge-clock"),
            service_clock: folder.path().join("service-clock"),
        };
        let redis = Redis::start().await;
        let mongodb = match options.store {
            Store::MongoDb => Some(MongoDb::start().await),
            Store::Sqlite => None,
        };
        let seed = options.seed;
        let service_to_mongodb = match &mongodb {
            Some(mongodb) => Some(FaultProxy::start(mongodb.address(), seed ^ 1).await),
            None => None,
        };
        let edge_to_service = FaultProxy::start(service, seed ^ 2).await;
        let mut system = Self {
            edge: edge_program(folder.path(), &doors, edge_to_service.address()),
            service: service_program(folder.path(), &doors, redis.url()),
            edge_to_service,
            public: FaultProxy::start(edge, seed ^ 3).await,
            service_to_mongodb,
            mongodb,
            redis,
            doors,
            http: clients::http(),
            folder,
        };
        if let Some(proxy) = &system.service_to_mongodb {
            // The driver would otherwise learn the member's own address and go there.
            let uri = format!("mongodb://{}/?directConnection=true", proxy.address());
            system.service.set("MONGODB_URI", &uri);
            system.service.set("MONGODB_DATABASE", DATABASE);
        }
        if options.has(Fault::Noise) {
            system.public.set(Direction::ToServer, bad_line());
        }
        system.service.start().await;
        system.edge.start().await;
        system
    }

    /// Waits until the edge's queue is empty and every stored event took effect.
    pub(super) async fn settled(&self, limit: Duration) -> Result<(), String> {
        let deadline = Instant::now() + limit;
        let stored = self.stored().await;
        loop {
            let left = match self.queued().await {
                Ok(0.0) => match stored.pending().await {
                    Ok(0) => return Ok(()),
                    Ok(pending) => format!("{pending} events are pending"),
                    Err(error) => error,
                },
                Ok(queued) => format!("{queued} events are in the edge's queue"),
                Err(error) => error,
            };
            if Instant::now() > deadline {
                return Err(left);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// How many events the edge gave up on.
    pub(super) async fn dead_letters(&self) -> Result<f64, String> {
        let metrics = metrics(&self.http, self.doors.edge_admin).await?;
        Ok(gauge(&metrics, "webhook_edge_dead_letters"))
    }

    /// The store, read beside the service.
    pub(super) async fn stored(&self) -> Stored {
        match &self.mongodb {
            Some(mongodb) => Stored::in_mongodb(&mongodb.uri(), DATABASE).await,
            None => Stored::in_sqlite(&self.folder.path().join("service/community.sqlite")),
        }
    }

    async fn queued(&self) -> Result<f64, String> {
        let metrics = metrics(&self.http, self.doors.edge_admin).await?;
        Ok(gauge(&metrics, "webhook_edge_queue_depth"))
    }
}

impl Doors {
    /// Whether this service has stored something since it was started.
    pub(super) async fn service_has_stored(&self, http: &reqwest::Client) -> bool {
        let Ok(metrics) = metrics(http, self.service_admin).await else {
            return false;
        };
        metrics
            .lines()
            .any(|line| line.starts_with("webhook_events_ingested_total{") && !line.ends_with(" 0"))
    }
}

async fn metrics(http: &reqwest::Client, admin: SocketAddr) -> Result<String, String> {
    let url = format!("http://{admin}/metrics");
    let request = http.get(&url).timeout(Duration::from_secs(2));
    let answer = request.send().await.map_err(|error| error.to_string())?;
    answer.text().await.map_err(|error| error.to_string())
}

/// A gauge without labels; 0 where the program has none such.
fn gauge(metrics: &str, name: &str) -> f64 {
    let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
    metrics.lines().find_map(value).unwrap_or(0.0)
}

fn edge_program(folder: &Path, doors: &Doors, service: SocketAddr) -> Program {
    let path = tools::built("webhook-edge");
    let addresses = [doors.edge, doors.edge_admin];
    let edge = Program::new("webhook-edge", &path, folder, &addresses);
    let mut edge = edge.ignoring_the_file_size_signal();
    edge.set_all(&[
        ("WEBHOOK_EDGE_LISTEN", &doors.edge.to_string()),
        ("WEBHOOK_EDGE_ADMIN_LISTEN", &doors.edge_admin.to_string()),
        ("WEBHOOK_EDGE_QUEUE_DIR", &text(&folder.join("edge"))),
        ("COMMUNITY_SVC_URL", &format!("http://{service}")),
        ("BETTERMODE_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ("BETTERMODE_NETWORK_ID", NETWORK_ID),
        ("FAILPOINTS_CLOCK_OFFSET_FILE", &text(&doors.edge_clock)),
        ("LOG_LEVEL", "warn"),
    ]);
    edge
}

fn service_program(folder: &Path, doors: &Doors, redis: &str) -> Program {
    let path = tools::built("community-svc");
    let addresses = [doors.service, doors.service_admin];
    let mut service = Program::new("community-svc", &path, folder, &addresses);
    service.set_all(&[
        ("COMMUNITY_SVC_LISTEN", &doors.service.to_string()),
        (
            "COMMUNITY_SVC_ADMIN_LISTEN",
            &doors.service_admin.to_string(),
        ),
        ("DATA_DIR", &text(&folder.join("service"))),
        ("REDIS_URL", redis),
        ("TESTING_MODE", "true"),
        ("FAILPOINTS_CLOCK_OFFSET_FILE", &text(&doors.service_clock)),
        ("LOG_LEVEL", "warn"),
    ]);
    service
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Answers stay whole: a flipped bit in one could make an acknowledgement of a refusal.
fn bad_line() -> Faults {
    Faults {
        corrupt: 0.3,
        reset: 0.05,
        drop: 0.02,
        slice: Some(200),
        delay: Duration::from_millis(2),
        ..Faults::default()
    }
}
