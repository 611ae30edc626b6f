//! The wiring: settings in, a running edge out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use rand::RngExt as _;
use service_kit::clock::SharedClock;
use service_kit::http::tls::{self, Protocol, Tls};
use service_kit::http::{ConnectionMetrics, Port, open_files};
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use service_kit::{admin, http};
use signature_doctor::Secrets;
use tokio::net::TcpListener;
use trace_kit::Exporting;

use crate::admin::Admin;
use crate::backend::{Backend, SetupError};
use crate::config::{Acknowledge, Config, Connections, QueueConfig};
use crate::forward::Sink;
use crate::forwarder::{Forwarder, Jitter};
use crate::health::{Health, QueueWatch};
use crate::metrics::Metrics;
use crate::queue::{self, OpenError, Options, Queue};
use crate::refusals::{Doctor, Refusals};
use crate::routes::{self, Edge, Intake, Memory};
use crate::signature::Window;

mod observers;

use observers::Observers;

/// How long everything together may take to end: a little more than open requests
/// get.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// Files that are open beside connections: the queue's, the log, the service.
const OTHER_FILES: u64 = 128;

/// An edge whose ports are open, but which does not answer yet.
pub struct App {
    http: Port,
    admin: TcpListener,
    addresses: Addresses,
    edge: Arc<Edge>,
    forwarder: Option<Forwarder>,
    doctor: Option<Doctor>,
    operators: Admin,
    registry: Arc<Registry>,
    exporting: Option<Exporting>,
    tasks: Tasks,
    shutdown: Shutdown,
}

/// Where the edge listens; the real ports where the settings say 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// The public port.
    pub http: SocketAddr,
    /// The admin port.
    pub admin: SocketAddr,
}

/// Why the edge cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A port is not to be had.
    #[error("failed to listen on {setting}={address}; is the port in use?")]
    Bind {
        /// The setting that names it.
        setting: &'static str,
        /// Its value.
        address: SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// No client of the service can be made.
    #[error(transparent)]
    Backend(#[from] SetupError),
    /// The certificate cannot be used.
    #[error("WEBHOOK_EDGE_TLS_CERTIFICATE and WEBHOOK_EDGE_TLS_KEY: {0}")]
    Tls(#[from] tls::Error),
    /// The queue cannot be used.
    #[error(transparent)]
    Queue(#[from] OpenError),
    /// Traces cannot be exported.
    #[error(transparent)]
    Traces(#[from] trace_kit::SetupError),
}

impl App {
    /// Opens both ports and prepares everything. Does not connect anywhere: the
    /// edge starts without the service and says so.
    ///
    /// # Errors
    /// [`Error`], which names the setting to change.
    pub async fn build(
        config: Config,
        clock: SharedClock,
        tasks: Tasks,
        shutdown: Shutdown,
    ) -> Result<Self, Error> {
        let backend = Backend::new(&config.service_url, &config.service_access)?;
        let (http, http_address) = bind("WEBHOOK_EDGE_LISTEN", config.listen).await?;
        let (admin, admin_address) = bind("WEBHOOK_EDGE_ADMIN_LISTEN", config.admin_listen).await?;
        let mut registry = Registry::default();
        let Observers {
            metrics,
            traces,
            exporting,
        } = Observers::new(&config, &clock, &tasks, &mut registry)?;
        let backend = Arc::new(backend.traced(traces.clone()));
        let http = public_port(http, config.connections.clone(), &mut registry)?;
        let takes_webhooks = config.intake.is_some() || config.circle.is_some();
        let queue = match &config.acknowledge {
            Acknowledge::Queued(settings) if takes_webhooks => {
                Some(open_queue(settings, &clock, &tasks)?)
            }
            Acknowledge::Queued(_) | Acknowledge::Stored => None,
        };
        if let Some(watched) = &queue {
            observers::of_queue(&watched.queue, &clock, &metrics, &mut registry);
        }
        let (sink, watched, forwarder) = way_in(queue, &backend, &metrics);
        let (refusals, doctor) = doctor(config.secrets, config.window, &metrics);
        let queue = watched.as_ref().map(|watched| watched.queue.clone());
        let operators = Admin::new(&refusals, queue, config.admin_token, admin_address);
        let edge = Edge {
            metrics,
            refusals,
            health: Arc::new(Health::new(takes_webhooks, backend.clone(), watched)),
            answers: backend,
            sink,
            intake: config.intake,
            circle: config.circle,
            window: config.window,
            network: config.network,
            clock,
            memory: Memory::default(),
            body_timeout: config.connections.body_timeout,
            traces,
        };
        Ok(Self {
            http,
            admin,
            addresses: Addresses {
                http: http_address,
                admin: admin_address,
            },
            edge: Arc::new(edge),
            forwarder,
            doctor,
            operators,
            registry: Arc::new(registry),
            exporting,
            tasks,
            shutdown,
        })
    }

    /// Where the edge listens.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Serves until the shutdown drains, then lets open requests finish.
    pub async fn run(self) {
        announce(&self.edge, self.addresses);
        let (tasks, shutdown) = (self.tasks, self.shutdown);
        tasks.spawn(
            "health",
            Arc::clone(&self.edge.health).watch(shutdown.clone()),
        );
        if let Some(forwarder) = self.forwarder {
            tasks.spawn("forwarder", forwarder.run(shutdown.clone()));
        }
        tasks.spawn(
            "admin",
            admin::run(
                self.admin,
                self.registry,
                self.edge.health.clone(),
                Some(Arc::new(self.operators)),
                tasks.clone(),
                shutdown.clone(),
            ),
        );
        if let Some(doctor) = self.doctor {
            tasks.spawn("signature doctor", doctor.run(shutdown.clone()));
        }
        if let Some(tls) = self.http.tls.clone() {
            tasks.spawn("certificate", tls.watch(shutdown.clone()));
        }
        tasks.spawn(
            "http",
            http::serve(
                self.http,
                routes::service(self.edge),
                tasks.clone(),
                shutdown.clone(),
            ),
        );
        shutdown.draining().cancelled().await;
        tracing::info!("draining: open requests finish, new ones are refused");
        tokio::select! {
            finished = tasks.finished(STOP_LIMIT) => {
                if !finished {
                    tracing::warn!("stopped with work unfinished");
                }
                // Last: what ended until now has spans.
                if let Some(exporting) = self.exporting {
                    exporting.finish().await;
                }
            }
            () = shutdown.aborting().cancelled() => tracing::warn!("stopped at once, as asked"),
        }
        tracing::info!("stopped");
    }
}

/// Where webhooks go, and who carries them on from the queue, where there is one.
fn way_in(
    queue: Option<QueueWatch>,
    backend: &Arc<Backend>,
    metrics: &Metrics,
) -> (Arc<dyn Sink>, Option<QueueWatch>, Option<Forwarder>) {
    let Some(watched) = queue else {
        return (backend.clone(), None, None);
    };
    let queue = watched.queue.clone();
    let store = backend.clone();
    let forwarder = Forwarder::new(queue.clone(), store, metrics.clone(), jitter());
    (Arc::new(queue), Some(watched), Some(forwarder))
}

/// Who looks into signatures that do not hold; nobody where none is checked.
fn doctor(
    secrets: Option<Secrets>,
    window: Window,
    metrics: &Metrics,
) -> (Refusals, Option<Doctor>) {
    let Some(secrets) = secrets else {
        return (Refusals::without_doctor(), None);
    };
    let (refusals, doctor) = Refusals::new(secrets, window, metrics.clone());
    (refusals, Some(doctor))
}

fn open_queue(
    settings: &QueueConfig,
    clock: &SharedClock,
    tasks: &Tasks,
) -> Result<QueueWatch, OpenError> {
    let options = Options {
        dir: settings.directory.clone(),
        max_bytes: settings.max_bytes,
        dedup: settings.deduplication,
        segment_bytes: queue::SEGMENT_BYTES,
    };
    let queue = Queue::open(&options, Arc::clone(clock), tasks)?;
    let waiting = queue.stats().depth;
    if waiting > 0 {
        tracing::info!(waiting, "webhooks of an earlier run wait in the queue");
    }
    Ok(QueueWatch {
        queue,
        max_age: settings.ready_max_age,
        clock: Arc::clone(clock),
    })
}

fn public_port(
    listener: TcpListener,
    settings: Connections,
    registry: &mut Registry,
) -> Result<Port, tls::Error> {
    allow_open_files(settings.limits.connections);
    Ok(Port {
        listener,
        limits: settings.limits,
        tls: settings
            .tls
            .map(|files| Tls::load(files, Protocol::Http1))
            .transpose()?,
        metrics: ConnectionMetrics::register(registry, "webhook_edge"),
    })
}

/// A connection is a file to the operating system.
fn allow_open_files(connections: usize) {
    let wanted = (connections + admin::LIMITS.connections) as u64 + OTHER_FILES;
    let limit = open_files::raise_limit(wanted);
    if limit < wanted {
        tracing::warn!(
            limit,
            wanted,
            "the limit of open files (ulimit -n) is too low for WEBHOOK_EDGE_MAX_CONNECTIONS"
        );
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wiring is where randomness comes from"
)]
fn jitter() -> Jitter {
    Box::new(|| rand::rng().random())
}

async fn bind(
    setting: &'static str,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), Error> {
    let bind = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bind.await.map_err(|source| Error::Bind {
        setting,
        address,
        source,
    })
}

fn announce(edge: &Edge, addresses: Addresses) {
    match edge.intake {
        Some(Intake::Signed(_)) => {}
        Some(Intake::Unsigned) => tracing::warn!(
            "SIGNATURES ARE NOT CHECKED: anybody who reaches this port can forge webhooks. \
             WEBHOOK_EDGE_ALLOW_UNSIGNED=true is for trying things out; set \
             BETTERMODE_WEBHOOK_SECRET instead"
        ),
        None => tracing::warn!("INTEGRATION_ENABLE_BETTERMODE=false: webhook routes answer 404"),
    }
    if edge.circle.is_some() {
        tracing::info!("INTEGRATION_ENABLE_CIRCLE=true: Circle's webhooks are taken too");
    }
    tracing::info!(server = "admin", addr = %addresses.admin, "listening");
    tracing::info!(server = "http", addr = %addresses.http, "listening");
}
