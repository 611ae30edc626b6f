//! A host that runs the edge: its routes, signature check, queue, forwarder and health,
//! as the program wires them, on a simulated disk and network.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use prometheus_client::registry::Registry;
use secrecy::SecretString;
use service_kit::blocking::Blocking;
use service_kit::clock::SharedClock;
use service_kit::http::{ConnectionMetrics, Limits, Port};
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use webhook_edge::backend::{Access, Backend};
use webhook_edge::forwarder::Forwarder;
use webhook_edge::health::{Health, QueueWatch};
use webhook_edge::metrics::Metrics;
use webhook_edge::queue::ground::Ground;
use webhook_edge::queue::{Options, Queue};
use webhook_edge::refusals::Refusals;
use webhook_edge::routes::{Edge, Intake, Memory};
use webhook_edge::signature::{Keys, Window};
use webhook_edge::{queue, routes};

use crate::chance::Chance;
use crate::clock::HostClock;
use crate::disk::SimulatedDisk;
use crate::host::{Ending, Life, LifeError};
use crate::network::{Host, Network};
use crate::power::Power;
use crate::tables::SimulatedTables;
use crate::{SECRET, SERVICE};

/// Small, so that a run sees many segments come and go.
const SEGMENT_BYTES: u64 = 16 * 1024;
/// How long the disk may take for a group.
const LONGEST_SYNC: Duration = Duration::from_millis(6);

/// The host.
pub struct EdgeHost {
    name: Host,
    network: Network,
    chance: Chance,
    clock: Arc<HostClock>,
    disk: SimulatedDisk,
    tables: SimulatedTables,
    queue: Mutex<Option<Queue>>,
}

impl EdgeHost {
    /// A host that is not started yet.
    #[must_use]
    pub fn new(
        name: Host,
        network: Network,
        clock: Arc<HostClock>,
        seed: u64,
        is_honest: bool,
    ) -> Self {
        let chance = |what: &str| Chance::of(seed, &format!("{name} {what}"));
        Self {
            name,
            network,
            chance: chance("steps"),
            clock,
            disk: SimulatedDisk::new(chance("disk"), is_honest),
            tables: SimulatedTables::new(chance("tables")),
            queue: Mutex::default(),
        }
    }

    /// Its disk.
    #[must_use]
    pub fn disk(&self) -> &SimulatedDisk {
        &self.disk
    }

    /// Its queue in the present life.
    #[must_use]
    pub fn queue(&self) -> Option<Queue> {
        self.held().clone()
    }

    fn held(&self) -> MutexGuard<'_, Option<Queue>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn backend(&self) -> Result<Backend, LifeError> {
        let url = "http://service".parse().map_err(LifeError::of)?;
        let endpoint = Backend::endpoint(&url).map_err(LifeError::of)?;
        let (network, name) = (self.network.clone(), self.name);
        let connector = tower::service_fn(move |_: Uri| {
            let network = network.clone();
            async move { network.connect(name, SERVICE).await.map(TokioIo::new) }
        });
        let channel = endpoint.connect_with_connector_lazy(connector);
        Backend::over(channel, &Access::default()).map_err(LifeError::of)
    }

    fn open_queue(&self, power: &Power, tasks: &Tasks) -> Result<Queue, LifeError> {
        let options = Options {
            dir: PathBuf::from("/queue"),
            max_bytes: 8 * 1024 * 1024,
            dedup: Duration::from_secs(7 * 24 * 3600),
            segment_bytes: SEGMENT_BYTES,
        };
        let ground = Ground {
            disk: self.disk.of(power.clone()),
            tables: Some(self.tables.of(power.clone())),
            blocking: Blocking::Here(Arc::new(power.clone())),
        };
        let clock: SharedClock = self.clock.clone();
        let opened = queue::Queue::open_on(&options, &ground, clock, tasks);
        opened.map_err(|error| LifeError::of(Explained(error)))
    }
}

impl Life for EdgeHost {
    fn name(&self) -> Host {
        self.name
    }

    fn power(&self) -> Power {
        Power::on(self.chance.clone(), LONGEST_SYNC)
    }

    fn begin(&self, power: &Power, shutdown: &Shutdown) -> Result<(), LifeError> {
        let tasks = Tasks::new();
        let backend = Arc::new(self.backend()?);
        let queue = self.open_queue(power, &tasks)?;
        let clock: SharedClock = self.clock.clone();
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let watched = QueueWatch {
            queue: queue.clone(),
            max_age: Duration::from_secs(900),
            clock: Arc::clone(&clock),
        };
        let health = Arc::new(Health::new(true, backend.clone(), Some(watched)));
        let chance = self.chance.clone();
        #[expect(clippy::cast_precision_loss, reason = "below a thousand")]
        let jitter = Box::new(move || chance.between(0, 1000) as f64 / 1000.0);
        let forwarder = Forwarder::new(queue.clone(), backend.clone(), metrics.clone(), jitter);
        let secret = SecretString::from(SECRET);
        let edge = Edge {
            intake: Some(Intake::Signed(Keys::parse(&secret).map_err(LifeError::of)?)),
            circle: None,
            window: Window::new(Duration::from_secs(300)),
            network: None,
            body_timeout: Duration::from_secs(10),
            sink: Arc::new(queue.clone()),
            answers: backend,
            health: Arc::clone(&health),
            metrics,
            clock,
            memory: Memory::default(),
            traces: None,
            refusals: Refusals::without_doctor(),
        };
        let port = Port {
            listener: self.network.listen(self.name),
            limits: Limits {
                connections_per_address: 0,
                ..Limits::default()
            },
            tls: None,
            metrics: ConnectionMetrics::register(&mut registry, "webhook_edge"),
        };
        tasks.spawn("health", health.watch(shutdown.clone()));
        tasks.spawn("forwarder", forwarder.run(shutdown.clone()));
        let serve = service_kit::http::serve(
            port,
            routes::service(Arc::new(edge)),
            tasks.clone(),
            shutdown.clone(),
        );
        tasks.spawn("http", serve);
        *self.held() = Some(queue);
        Ok(())
    }

    fn end(&self, ending: Ending) -> String {
        self.held().take();
        if ending == Ending::Killed {
            return String::new();
        }
        let (unsynced, lost) = self.disk.lose_power();
        self.tables.lose_power();
        format!("; of {unsynced} writes that were not synced, {lost} left nothing")
    }

    fn is_broken(&self) -> bool {
        self.queue().is_some_and(|queue| queue.stats().poisoned)
    }
}

/// An error with its causes.
#[derive(Debug, thiserror::Error)]
#[error("{0}: {0:?}")]
struct Explained(webhook_edge::queue::OpenError);
