//! The accept loop for HTTP: HTTP/1.1 only, with limits for everything a stranger
//! can make the process hold, and a clean end.
//!
//! warp's own server starts hyper without a timer, which silently switches its
//! header time-out off, and has no cap on connections; so warp's filters run as a
//! service under this loop. It knows nothing of routes, and the time that a body
//! may take is theirs to limit, because only they know who may send one.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Either, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tower::{Service, ServiceExt as _};

use crate::ports::Listener;
use crate::shutdown::Shutdown;
use crate::tasks::Tasks;

mod connections;
mod gated;
mod head;
mod metrics;
pub mod open_files;
mod progress;
pub mod tls;

pub use metrics::ConnectionMetrics;

use connections::{Connections, Place};
use gated::Gated;
use progress::{End, Progress};
use tls::Tls;

/// The most connections by default.
pub const CONNECTIONS: usize = 8192;
/// The most connections of one address by default.
pub const CONNECTIONS_PER_ADDRESS: usize = 1024;

/// What clients may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Open connections at once. When all are taken, those that have waited longest
    /// without a whole request make room for new ones.
    pub connections: usize,
    /// Open connections of one address at once (of one /64 with IPv6); 0 for any
    /// number, for a port behind a proxy.
    pub connections_per_address: usize,
    /// How long a connection may take from its first byte, or from being accepted,
    /// TLS included, to the end of a request's head.
    pub header_timeout: Duration,
    /// How long a connection may stay open between two requests.
    pub idle_timeout: Duration,
    /// How long a client may take to read what was written to it.
    pub write_timeout: Duration,
    /// How large the head of a request may be, in bytes; at least 8192.
    pub header_bytes: usize,
    /// How long open requests may still run once the service drains.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS,
            connections_per_address: CONNECTIONS_PER_ADDRESS,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(10),
            header_bytes: 16 * 1024,
            drain: Duration::from_secs(10),
        }
    }
}

/// The body of a request as services see it.
pub type Body = http_body_util::combinators::BoxBody<Bytes, hyper::Error>;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A port and what its clients may do.
#[derive(Debug)]
pub struct Port<L = TcpListener> {
    /// The port.
    pub listener: L,
    /// What clients may use.
    pub limits: Limits,
    /// The certificate; without one the port speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Where connections are counted.
    pub metrics: ConnectionMetrics,
}

/// Serves `service` on `port` until `shutdown` drains, then lets open requests
/// finish within the limit.
pub async fn serve<L, S, B>(port: Port<L>, service: S, tasks: Tasks, shutdown: Shutdown)
where
    L: Listener,
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let Port {
        listener,
        limits,
        tls,
        metrics,
    } = port;
    let connections = Arc::new(Connections::new(&limits, metrics));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.draining().cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: those who only wait give theirs.
                tracing::warn!(%error, "could not accept a connection");
                connections.make_room();
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(place) = connections.admit(peer.ip()) else {
            continue;
        };
        let connection = Connection {
            stream,
            peer,
            place,
            limits,
            watcher: graceful.watcher(),
            shutdown: shutdown.clone(),
        };
        tasks.spawn(
            "http connection",
            connection.run(tls.clone(), service.clone()),
        );
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests still open after the drain limit were cut");
    }
}

struct Connection<IO> {
    stream: IO,
    peer: SocketAddr,
    place: Place,
    limits: Limits,
    watcher: Watcher,
    shutdown: Shutdown,
}

impl<IO: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<IO> {
    async fn run<S, B>(self, tls: Option<Tls>, service: S)
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send,
        S::Future: Send,
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let Self {
            stream,
            peer,
            place,
            limits,
            watcher,
            shutdown,
        } = self;
        let progress = Arc::clone(place.progress());
        let work = async {
            let exchange = Exchange {
                limits: &limits,
                progress: &progress,
                watcher,
                shutdown: &shutdown,
            };
            match tls {
                None => exchange.run(stream, service).await,
                Some(tls) => {
                    // Boxed, here and below, so that those who only wait cost little.
                    let stream = tokio::select! {
                        accepted = Box::pin(tls.accept(stream)) => accepted?,
                        () = shutdown.draining().cancelled() => return Ok(()),
                    };
                    Box::pin(exchange.run(stream, service)).await
                }
            }
        };
        match within_limits(pin!(work), &progress, &limits, &shutdown).await {
            End::Finished(Err(error)) => tracing::debug!(error, %peer, "connection ended"),
            End::TimedOut(limit) => {
                place.metrics().timed_out(limit);
                tracing::debug!(limit = limit.name(), %peer, "connection timed out");
            }
            End::MadeRoom => place.metrics().made_room(),
            End::Finished(Ok(())) | End::Aborted => {}
        }
    }
}

/// Runs `work` until it ends, runs into one of the limits, or has to go.
async fn within_limits<T>(
    mut work: Pin<&mut impl Future<Output = T>>,
    progress: &Progress,
    limits: &Limits,
    shutdown: &Shutdown,
) -> End<T> {
    let mut aborted = pin!(shutdown.aborting().cancelled());
    let mut timer = pin!(tokio::time::sleep(limits.header_timeout));
    // Every change of what the connection waits for happens while `work` is polled,
    // so looking at the deadline after that misses none.
    poll_fn(|context| {
        progress.wake_with(context.waker());
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(End::Finished(done));
        }
        if progress.must_make_room() {
            return Poll::Ready(End::MadeRoom);
        }
        if aborted.as_mut().poll(context).is_ready() {
            return Poll::Ready(End::Aborted);
        }
        let Some((deadline, limit)) = progress.deadline(limits) else {
            return Poll::Pending;
        };
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(context).map(|()| End::TimedOut(limit))
    })
    .await
}

struct Exchange<'a> {
    limits: &'a Limits,
    progress: &'a Arc<Progress>,
    watcher: Watcher,
    shutdown: &'a Shutdown,
}

impl Exchange<'_> {
    async fn run<S, B>(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        service: S,
    ) -> Result<(), String>
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send,
        S::Future: Send,
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let header_bytes = self.limits.header_bytes.max(8 * 1024);
        let mut stream = Gated::new(stream, header_bytes, Arc::clone(self.progress));
        // hyper takes 16 KiB of buffers for a connection, whatever has come of its
        // first request; a client that sends half of one is not worth that.
        tokio::select! {
            first = stream.first_head() => first.map_err(|error| error.to_string())?,
            () = self.shutdown.draining().cancelled() => return Ok(()),
        }
        let progress = self.progress;
        let service = hyper::service::service_fn(|request: Request<Incoming>| {
            answer(service.clone(), request, Arc::clone(progress))
        });
        let connection = hyper::server::conn::http1::Builder::new()
            // Ours covers the first head, the later ones and the time between them.
            .header_read_timeout(None)
            .max_buf_size(header_bytes)
            .serve_connection(TokioIo::new(stream), service);
        Box::pin(self.watcher.watch(connection))
            .await
            .map_err(|error| error.to_string())
    }
}

/// Answers one request, and refuses it unseen when its head is ambiguous.
async fn answer<S, B>(
    service: S,
    request: Request<Incoming>,
    progress: Arc<Progress>,
) -> Result<Response<Either<B, Empty<Bytes>>>, Infallible>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
{
    let terms = progress.begin();
    let mut response = match terms.refusal {
        None => service
            .oneshot(request.map(BodyExt::boxed))
            .await?
            .map(Either::Left),
        Some(status) => {
            let mut response = Response::new(Either::Right(Empty::new()));
            *response.status_mut() = status;
            response
        }
    };
    if terms.is_last {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    progress.answered();
    Ok(response)
}

#[cfg(test)]
mod tests;
