//! The gRPC port: opened, served, and closed without cutting anybody off.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use service_kit::http::open_files;
use service_kit::http::tls::{Protocol, Tls};
use service_kit::shutdown::Shutdown;
use service_kit::tasks::Tasks;
use tokio::task::JoinHandle;
use tonic_health::server::HealthReporter;

use super::{Error, LAST_WORDS, bind};
use crate::config::Door;
use crate::connections::{self, Closing, Port};
use crate::health::Health;
use crate::layers::Inbound;
use crate::metrics::Metrics;
use crate::services::Services;

/// How long telling everybody that the service stops may take.
const ANNOUNCEMENT: Duration = Duration::from_secs(1);

/// Files that are open beside connections: the stores', BetterMode's, the log.
const OTHER_FILES: u64 = 512;

/// How the port closes.
#[derive(Debug)]
pub(super) struct Drain {
    /// How long calls are still taken after it was announced.
    pub(super) notice: Duration,
    /// How long open calls may run after that.
    pub(super) limit: Duration,
    /// Ends when every watcher of the service's health has been told.
    pub(super) announced: JoinHandle<()>,
    pub(super) reporter: HealthReporter,
}

/// Opens the port.
pub(super) async fn open(door: &Door, metrics: Metrics) -> Result<Port, Error> {
    let wanted = door.limits.connections as u64 + OTHER_FILES;
    let limit = open_files::raise_limit(wanted);
    if limit < wanted {
        tracing::warn!(
            limit,
            wanted,
            "the limit of open files (ulimit -n) is too low for COMMUNITY_SVC_MAX_CONNECTIONS"
        );
    }
    let tls = match &door.tls {
        Some(files) => Some(Tls::load(files.clone(), Protocol::Http2)?),
        None => None,
    };
    Ok(Port {
        listener: bind(door.listen, "COMMUNITY_SVC_LISTEN").await?,
        tls,
        limits: door.limits,
        metrics,
        random: random(),
    })
}

/// Serves until the service drains. Then: health says `NOT_SERVING`; after the notice the
/// port closes and clients are sent GOAWAY; open calls finish within the limit.
pub(super) async fn serve(
    port: Port,
    service: Inbound<Services>,
    drain: Drain,
    tasks: Tasks,
    shutdown: &Shutdown,
) {
    let closing = Closing::default();
    let mut serving = std::pin::pin!(connections::serve(port, service, closing.clone(), tasks));
    tokio::select! {
        () = serving.as_mut() => return,
        () = drained(drain, &closing, shutdown) => {
            tracing::warn!("calls still open after the drain limit were cut");
        }
        () = shutdown.aborting().cancelled() => tracing::warn!("stopping at once"),
    }
    closing.gently.cancel();
    closing.now.cancel();
    let _cut = tokio::time::timeout(LAST_WORDS, serving).await;
}

/// Closes the port step by step; ends when the drain limit is reached.
async fn drained(mut drain: Drain, closing: &Closing, shutdown: &Shutdown) {
    shutdown.draining().cancelled().await;
    tracing::info!("draining: open calls may finish");
    let _told = tokio::time::timeout(ANNOUNCEMENT, drain.announced).await;
    tokio::time::sleep(drain.notice).await;
    closing.gently.cancel();
    Health::dismiss_watchers(&mut drain.reporter).await;
    tokio::time::sleep(drain.limit).await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wiring is where randomness comes from"
)]
fn random() -> Arc<dyn Fn() -> f64 + Send + Sync> {
    Arc::new(|| rand::rng().random())
}
