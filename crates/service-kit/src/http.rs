//! The accept loop for plain HTTP: HTTP/1.1 only, with limits and a clean end.
//!
//! warp's own server starts hyper without a timer, which silently switches its
//! header time-out off, and has no cap on connections; so warp's filters run as a
//! service under this loop. It knows nothing of routes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::Service;

use crate::shutdown::Shutdown;
use crate::tasks::Tasks;

/// What a client may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Open connections at once; more wait in the listen queue.
    pub connections: usize,
    /// How long the head of a request may take, which also bounds how long an idle
    /// connection stays open.
    pub header_timeout: Duration,
    /// How large the head of a request may be, in bytes.
    pub header_bytes: usize,
    /// How long open requests may still run once the service drains.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            header_timeout: Duration::from_secs(10),
            header_bytes: 16 * 1024,
            drain: Duration::from_secs(10),
        }
    }
}

/// The body of a request as services see it.
pub type Body = http_body_util::combinators::BoxBody<Bytes, hyper::Error>;

/// Serves `service` on `listener` until `shutdown` drains, then lets open requests
/// finish within the limit.
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    tasks: Tasks,
    shutdown: Shutdown,
) where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + 'static,
{
    let slots = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes.max(8 * 1024));

    loop {
        let Some((stream, slot)) = accept(&listener, &slots, &shutdown).await else {
            break;
        };
        let service = tower::ServiceBuilder::new()
            .map_request(|request: Request<Incoming>| request.map(BodyExt::boxed))
            .service(service.clone());
        let connection =
            http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let connection = graceful.watch(connection);
        let aborting = shutdown.aborting().clone();
        tasks.spawn("http connection", async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                },
                () = aborting.cancelled() => {}
            }
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests still open after the drain limit were cut");
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    shutdown: &Shutdown,
) -> Option<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let next = async {
        let slot = Arc::clone(slots).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // Answers are small and whole: waiting to fill a packet only delays them.
                    let _refused = stream.set_nodelay(true);
                    return Some((stream, slot));
                }
                Err(error) => {
                    // Out of file descriptors, most likely: give others time to close.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    };
    tokio::select! {
        () = shutdown.draining().cancelled() => None,
        accepted = next => accepted,
    }
}
