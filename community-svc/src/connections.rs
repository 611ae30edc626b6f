//! The port that gRPC is served on: who may connect, for how long, and how it ends.
//!
//! hyper serves the connections, and not tonic's own server: that one never sends GOAWAY
//! to a connection that is too old once a grace is set (0.14), ages all connections by
//! the same time, and bounds neither their number nor the time until one speaks.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use service_kit::http::tls::{self, Tls};
use service_kit::ports::Listener;
use service_kit::tasks::Tasks;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tower::Service;

use crate::layers::{Inbound, Request, Response};
use crate::metrics::Metrics;

mod gathered;
mod places;
mod preface;

use gathered::{OpenCalls, gathered};
use places::{Place, Places};

/// How long a client may take from connecting until it has spoken HTTP/2, TLS included.
const FIRST_WORDS: Duration = Duration::from_secs(10);

/// How long the port waits, as it closes, for those who have just connected to speak, and
/// for clients to close what has ended. Closing first, with something of theirs unread,
/// would reset the connection, and they would lose what told them that it ended.
const FAREWELL: Duration = Duration::from_secs(1);

/// What connections may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Open connections at once; more are closed unheard.
    pub connections: usize,
    /// Open connections of one address at once; 0 for any number.
    pub connections_per_address: usize,
    /// How old a connection gets before its client is asked to make a new one, give or
    /// take a tenth; zero for any age. So clients find new replicas.
    pub age: Duration,
    /// How long calls may go on after that, before they are cut.
    pub grace: Duration,
}

/// Who is at the other end; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peer(Option<Arc<[String]>>);

impl Peer {
    /// The names in the certificate that the client showed.
    pub(crate) fn certificate(&self) -> Option<&[String]> {
        self.0.as_deref()
    }
}

/// A port and what its clients may do.
pub(crate) struct Port<L = TcpListener> {
    pub(crate) listener: L,
    /// The certificate; without one the port speaks plain HTTP/2.
    pub(crate) tls: Option<Tls>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    /// A number from 0 to 1, by which connections' ages differ.
    pub(crate) random: Arc<dyn Fn() -> f64 + Send + Sync>,
}

/// When the port closes, and when its connections do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Closing {
    /// No new connections; clients are asked to call elsewhere, and open calls finish.
    pub(crate) gently: CancellationToken,
    /// All that is open is cut.
    pub(crate) now: CancellationToken,
}

/// Serves `inbound` on `port` until it closes and no connection is open any more.
pub(crate) async fn serve<L, S>(port: Port<L>, inbound: Inbound<S>, closing: Closing, tasks: Tasks)
where
    L: Listener,
    S: Service<Request, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    let places = Arc::new(Places::new(&port.limits, port.metrics));
    let http2 = builder();
    let begin = |stream: L::Stream, address: SocketAddr| {
        let Some(place) = places.admit(address.ip()) else {
            return;
        };
        let connection = Connection {
            address,
            http2: http2.clone(),
            ends: Ends::new(&port.limits, (port.random)()),
            inbound: inbound.clone(),
            closing: closing.clone(),
            _place: place,
        };
        tasks.spawn("grpc connection", connection.run(stream, port.tls.clone()));
    };
    loop {
        let accepted = tokio::select! {
            () = closing.gently.cancelled() => break,
            accepted = port.listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => begin(stream, address),
            Err(error) => {
                // Out of file descriptors, most likely.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    // Who is connected and waits to be accepted would be reset.
    while let Some(Ok((stream, address))) = port.listener.accept().now_or_never() {
        begin(stream, address);
    }
    drop(port.listener);
    places.all_closed().await;
}

/// Streams, headers and resets are bounded so that one connection cannot take everything;
/// keepalive finds peers that vanished without a word.
fn builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(256)
        .max_header_list_size(16 * 1024)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10))
        // Calls that were taken back before they were looked at (CVE-2023-44487).
        .max_pending_accept_reset_streams(64)
        // Calls that broke the protocol.
        .max_local_error_reset_streams(256)
        // gRPC has no use for it.
        .auto_date_header(false);
    builder
}

/// When a connection ends by its age.
#[derive(Debug, Clone, Copy)]
struct Ends {
    gently: Option<Instant>,
    grace: Duration,
}

impl Ends {
    /// `random` is from 0 to 1.
    fn new(limits: &Limits, random: f64) -> Self {
        let age = limits.age.mul_f64(0.9 + 0.2 * random);
        Self {
            gently: (!age.is_zero()).then(|| Instant::now() + age),
            grace: limits.grace,
        }
    }
}

struct Connection<S> {
    address: SocketAddr,
    http2: http2::Builder<TokioExecutor>,
    ends: Ends,
    inbound: Inbound<S>,
    closing: Closing,
    _place: Place,
}

impl<S> Connection<S>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    async fn run<IO>(self, stream: IO, tls: Option<Tls>)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let address = self.address;
        let ended = match tls {
            None => self.converse(stream, Peer::default()).await,
            Some(tls) => {
                let handshake = async {
                    let stream = tls.accept(stream).await?;
                    let names = tls::client_names(&stream).map(Arc::from);
                    Ok::<_, String>((stream, Peer(names)))
                };
                let shaken = tokio::select! {
                    () = farewell(&self.closing) => return,
                    shaken = timeout(FIRST_WORDS, handshake) => shaken,
                };
                match shaken {
                    Ok(Ok((stream, peer))) => self.converse(stream, peer).await,
                    Ok(Err(error)) => Err(error),
                    Err(_) => Err("the TLS handshake took too long".to_owned()),
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(error, %address, "connection ended");
        }
    }

    async fn converse<IO>(self, io: IO, peer: Peer) -> Result<(), String>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // hyper waits for the first words without a limit.
        let first_words = async {
            tokio::select! {
                read = preface::read(io) => read.map_err(|error| error.to_string()),
                () = tokio::time::sleep(FIRST_WORDS) => Err(SILENT.to_owned()),
                () = farewell(&self.closing) => Err(SILENT.to_owned()),
            }
        };
        let (io, ended) = first_words.await?;
        let inbound = self.inbound;
        let open = OpenCalls::default();
        let calls = open.clone();
        let service = service_fn(move |request: http::Request<Incoming>| {
            // The time until a thread takes the call up counts as well.
            let arrived = Instant::now();
            let (inbound, peer, call) = (inbound.clone(), peer.clone(), calls.begin());
            async move {
                let request = request.map(Body::new);
                let response = inbound.answer(request, peer, arrived).await;
                drop(call);
                Ok::<_, Infallible>(response)
            }
        });
        let connection = self.http2.serve_connection(TokioIo::new(io), service);
        // Boxed, so that it can go, and give back what it ran over.
        let mut connection = Box::pin(connection);
        let end = until_it_ends(connection.as_mut(), self.ends, &self.closing);
        let outcome = gathered(open, end).await;
        drop(connection);
        if let Ok(io) = ended.await {
            let _still_open = timeout(FAREWELL, until_closed(io)).await;
        }
        outcome
    }
}

/// What is said of a client that does not speak.
const SILENT: &str = "the client did not speak HTTP/2 in time";

/// A moment after the port began to close.
async fn farewell(closing: &Closing) {
    closing.gently.cancelled().await;
    tokio::time::sleep(FAREWELL).await;
}

/// Reads, and drops, what a client still sends, until it closes.
async fn until_closed(mut io: impl AsyncRead + Unpin) {
    let mut rest = [0; 1024];
    while io.read(&mut rest).await.is_ok_and(|count| count > 0) {}
}

/// A connection that can be asked to end.
type Served<IO, S> = http2::Connection<TokioIo<IO>, S, TokioExecutor>;

/// Runs a connection to its end, asks it to end when it is old or the port closes, and
/// cuts it when it does not.
async fn until_it_ends<IO, S>(
    mut connection: std::pin::Pin<&mut Served<IO, S>>,
    ends: Ends,
    closing: &Closing,
) -> Result<(), String>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: hyper::service::HttpService<Incoming, ResBody = Body>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    TokioExecutor: hyper::rt::bounds::Http2ServerConnExec<S::Future, Body>,
{
    // Far away where no age is set.
    let far = Duration::from_secs(365 * 24 * 3600);
    let mut timer = pin!(sleep_until(
        ends.gently.unwrap_or_else(|| Instant::now() + far)
    ));
    let mut is_ending = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => return ended.map_err(|error| error.to_string()),
            () = timer.as_mut() => {
                if is_ending {
                    return Err("calls were still open after the grace of an old connection".into());
                }
                is_ending = true;
                connection.as_mut().graceful_shutdown();
                timer.as_mut().reset(Instant::now() + ends.grace);
            }
            () = closing.gently.cancelled(), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
                // From here on the drain limit cuts.
                timer.as_mut().reset(Instant::now() + far);
            }
            () = closing.now.cancelled() => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
