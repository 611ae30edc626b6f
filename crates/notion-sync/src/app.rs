//! The wiring: settings in, a running worker out.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use notion::Client;
use prometheus_client::registry::Registry;
use rand::RngExt as _;
use service_kit::admin;
use service_kit::clock::SharedClock;
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::community::{Community, Grpc, SetupError};
use crate::config::Config;
use crate::engine::{Engine, Parts, Targets};
use crate::health::{Health, Part};
use crate::lock::Lock;
use crate::mapping::{self, Mapping};
use crate::metrics::Metrics;
use crate::state::State;
use crate::worker::Worker;

/// How long what is in hand may take at the end: a chunk of rows at the usual pace.
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// Pause before Notion is asked again at the start.
const RETRY: Duration = Duration::from_secs(10);

/// Why nothing can run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The admin port is not to be had.
    #[error("failed to listen on NOTION_SYNC_ADMIN_LISTEN={address}; is the port in use?")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// No client of the service can be made.
    #[error(transparent)]
    Community(#[from] SetupError),
    /// No client of Notion can be made.
    #[error(transparent)]
    Notion(#[from] notion::Error),
    /// The mapping file.
    #[error(transparent)]
    Mapping(#[from] mapping::Error),
    /// The work itself.
    #[error(transparent)]
    Work(crate::error::Error),
}

/// Clients and mapping; nothing is connected yet.
pub struct Setup {
    /// Notion.
    pub notion: Client,
    /// The community.
    pub community: Arc<dyn Community>,
    /// Which columns.
    pub mapping: Mapping,
}

/// Makes the clients and reads the mapping.
///
/// # Errors
/// [`Error`], which names the setting.
pub fn setup(config: &Config, clock: SharedClock) -> Result<Setup, Error> {
    let mapping = Mapping::load(config.mapping.as_deref())?;
    let community = Grpc::new(&config.service_url, &config.access, clock, random())?;
    Ok(Setup {
        notion: Client::new(config.notion.clone(), Arc::new(random()))?,
        community: Arc::new(community),
        mapping,
    })
}

/// An engine, with the lock that makes it the only one.
///
/// # Errors
/// [`Error`].
pub async fn engine(
    config: &Config,
    clock: SharedClock,
    shutdown: &Shutdown,
) -> Result<(Arc<Engine>, Lock), Error> {
    build(config, clock, Metrics::default(), shutdown).await
}

async fn build(
    config: &Config,
    clock: SharedClock,
    metrics: Metrics,
    shutdown: &Shutdown,
) -> Result<(Arc<Engine>, Lock), Error> {
    let setup = setup(config, Arc::clone(&clock))?;
    let work = async {
        let targets =
            Targets::find(&setup.notion, &config.members, config.activities.as_ref()).await?;
        let state = State::open(&config.data_dir)?;
        let lock = Lock::take(&config.data_dir, &targets.ids())?;
        let parts = Parts {
            community: setup.community,
            notion: setup.notion,
            state,
            mapping: setup.mapping,
            network: config.network.clone(),
            window: config.window,
            clock,
            metrics,
            shutdown: shutdown.clone(),
        };
        Ok((Arc::new(Engine::new(parts, &targets).await?), lock))
    };
    work.await.map_err(Error::Work)
}

/// Runs until the shutdown drains. Waits for Notion where it does not answer.
///
/// # Errors
/// [`Error`]: settings, columns, a second writer.
pub async fn run(
    config: &Config,
    clock: SharedClock,
    tasks: Tasks,
    shutdown: Shutdown,
) -> Result<(), Error> {
    // Everything that can be wrong without a question to anybody is wrong now.
    setup(config, Arc::clone(&clock))?;
    let address = config.admin_listen;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|source| Error::Bind { address, source })?;
    if let Ok(addr) = listener.local_addr() {
        tracing::info!(server = "admin", %addr, "listening");
    }
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    let health = Arc::new(Health::default());
    let serving = admin::run(
        listener,
        Arc::new(registry),
        health.clone(),
        None,
        tasks.clone(),
        shutdown.clone(),
    );
    tasks.spawn("admin", serving);
    let Some((engine, lock)) = begin(config, &clock, &metrics, &health, &shutdown).await? else {
        return Ok(());
    };
    let worker = Arc::new(Worker {
        engine,
        health,
        compare_at: config.compare_at,
        clock,
        shutdown: shutdown.clone(),
        begun: Arc::new(Notify::new()),
    });
    tasks.spawn("follow", Arc::clone(&worker).follow());
    tasks.spawn("write", worker.write());
    shutdown.draining().cancelled().await;
    tracing::info!("draining: rows in hand are finished");
    tokio::select! {
        finished = tasks.finished(STOP_LIMIT) => {
            if !finished {
                tracing::warn!("stopped with rows unfinished; the next run looks for them first");
            }
        }
        () = shutdown.aborting().cancelled() => tracing::warn!("stopped at once, as asked"),
    }
    drop(lock);
    tracing::info!("stopped");
    Ok(())
}

/// The engine, as soon as Notion answers; nothing when the shutdown comes first.
async fn begin(
    config: &Config,
    clock: &SharedClock,
    metrics: &Metrics,
    health: &Health,
    shutdown: &Shutdown,
) -> Result<Option<(Arc<Engine>, Lock)>, Error> {
    loop {
        let built = build(config, Arc::clone(clock), metrics.clone(), shutdown);
        let built = tokio::select! {
            () = shutdown.draining().cancelled() => return Ok(None),
            built = built => built,
        };
        match built {
            Err(Error::Work(error)) if error.passes() => {
                health.obstacle(Part::Write, &error.to_string());
            }
            built => return built.map(Some),
        }
        tokio::select! {
            () = shutdown.draining().cancelled() => return Ok(None),
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wiring is where randomness comes from"
)]
fn random() -> impl Fn() -> f64 + Send + Sync + 'static {
    || rand::rng().random()
}
