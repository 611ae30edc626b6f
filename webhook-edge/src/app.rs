//! The wiring: settings in, a running edge out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use service_kit::clock::SharedClock;
use service_kit::http::Limits;
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use service_kit::{admin, http};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::backend::{Backend, SetupError};
use crate::config::Config;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::routes::{self, Edge, IN_FLIGHT_LIMIT, Intake};

/// How long everything together may take to end: a little more than open requests
/// get.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// An edge whose ports are open, but which does not answer yet.
pub struct App {
    http: TcpListener,
    admin: TcpListener,
    addresses: Addresses,
    edge: Arc<Edge>,
    registry: Arc<Registry>,
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
        let backend = Arc::new(Backend::new(
            &config.service_url,
            config.service_token.as_ref(),
        )?);
        let (http, http_address) = bind("WEBHOOK_EDGE_LISTEN", config.listen).await?;
        let (admin, admin_address) = bind("WEBHOOK_EDGE_ADMIN_LISTEN", config.admin_listen).await?;
        let mut registry = Registry::default();
        let edge = Edge {
            metrics: Metrics::register(&mut registry),
            health: Arc::new(Health::new(config.intake.is_some(), backend.clone())),
            sink: backend,
            intake: config.intake,
            window: config.window,
            network: config.network,
            clock,
            slots: Arc::new(Semaphore::new(IN_FLIGHT_LIMIT)),
        };
        Ok(Self {
            http,
            admin,
            addresses: Addresses {
                http: http_address,
                admin: admin_address,
            },
            edge: Arc::new(edge),
            registry: Arc::new(registry),
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
        tasks.spawn(
            "admin",
            admin::run(
                self.admin,
                self.registry,
                self.edge.health.clone(),
                tasks.clone(),
                shutdown.clone(),
            ),
        );
        tasks.spawn(
            "http",
            http::serve(
                self.http,
                routes::service(self.edge),
                Limits::default(),
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
            }
            () = shutdown.aborting().cancelled() => tracing::warn!("stopped at once, as asked"),
        }
        tracing::info!("stopped");
    }
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
    tracing::info!(server = "admin", addr = %addresses.admin, "listening");
    tracing::info!(server = "http", addr = %addresses.http, "listening");
}
