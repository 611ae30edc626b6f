//! HTTP/1.1 around a function: an accept loop with limits and a clean end.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::answer;

/// The largest body of a request, in bytes.
const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// How long the head of a request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long open requests may still run once `stop` is cancelled.
const DRAIN: Duration = Duration::from_secs(5);

/// Has `handle` answer every request on `listener` until `stop`; then lets open requests
/// finish for a few seconds, and waits for `tasks`. Bodies of more than 4 MiB are 413.
pub async fn serve<H, F>(
    listener: TcpListener,
    stop: CancellationToken,
    tasks: TaskTracker,
    handle: H,
) where
    H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Bytes>> + Send,
{
    let open = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => begin(stream, &open, &tasks, handle.clone()),
            Err(error) => {
                // Out of file descriptors, most likely: give others time to close.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, open.shutdown()).await.is_err() {
        tracing::warn!("requests still open after the drain limit were left");
    } else {
        tasks.close();
        tasks.wait().await;
    }
}

fn begin<H, F>(stream: TcpStream, open: &GracefulShutdown, tasks: &TaskTracker, handle: H)
where
    H: Fn(Request<Bytes>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Bytes>> + Send,
{
    // Answers are small and whole: waiting to fill a packet only delays them.
    let _refused = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let handle = handle.clone();
        async move { Ok::<_, Infallible>(exchange(request, handle).await.map(Full::new)) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let connection = open.watch(connection);
    tasks.spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection ended");
        }
    });
}

async fn exchange<F>(
    request: Request<Incoming>,
    handle: impl Fn(Request<Bytes>) -> F,
) -> Response<Bytes>
where
    F: Future<Output = Response<Bytes>>,
{
    let (head, body) = request.into_parts();
    if let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await {
        return handle(Request::from_parts(head, body.to_bytes())).await;
    }
    let body = json!({ "message": "the body is too large or was cut" });
    answer::json(StatusCode::PAYLOAD_TOO_LARGE, &body)
}
