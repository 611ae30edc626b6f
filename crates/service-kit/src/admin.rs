//! The admin port: `/livez`, `/readyz`, `/metrics`. For operators, never public.
//!
//! Alive means that the process answers. Ready means that it can do its job now,
//! which each service decides in its [`Readiness`].

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode};
use http_body_util::Either;
use http_body_util::combinators::UnsyncBoxBody;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use warp::{Filter, Reply};

use crate::http::{Body, ConnectionMetrics, Limits, Port, serve};
use crate::shutdown::Shutdown;
use crate::tasks::Tasks;

/// A few scrapers and probes; all may come through one proxy.
pub const LIMITS: Limits = Limits {
    connections: 256,
    connections_per_address: 0,
    header_timeout: Duration::from_secs(5),
    // Longer than scrapers usually pause.
    idle_timeout: Duration::from_secs(75),
    write_timeout: Duration::from_secs(10),
    header_bytes: 16 * 1024,
    drain: Duration::from_secs(10),
};

/// Whether a service can do its job now.
pub trait Readiness: Send + Sync {
    /// Empty when ready, else one line for each thing that is in the way. It
    /// answers from what is known and never waits.
    fn obstacles(&self) -> Vec<String>;
}

/// The body of a page; it may go on for as long as somebody reads it.
pub type PageBody = UnsyncBoxBody<Bytes, Infallible>;

/// Pages that a service adds to its admin port.
pub trait Pages: Send + Sync {
    /// Whether this path is one of theirs.
    fn owns(&self, path: &str) -> bool;

    /// Answers a request for such a path. What it may take of time and memory is the
    /// pages' to limit.
    fn answer(self: Arc<Self>, request: Request<Body>) -> BoxFuture<'static, Response<PageBody>>;
}

/// Serves the admin port until the service drains, with these pages beside its own.
pub async fn run(
    listener: TcpListener,
    registry: Arc<Registry>,
    readiness: Arc<dyn Readiness>,
    pages: Option<Arc<dyn Pages>>,
    tasks: Tasks,
    shutdown: Shutdown,
) {
    let draining = shutdown.draining().clone();
    let livez = warp::path!("livez").map(|| "ok\n".into_response());
    let readyz = warp::path!("readyz").map(move || {
        let mut obstacles = readiness.obstacles();
        if draining.is_cancelled() {
            obstacles.push("the service is draining".to_owned());
        }
        ready_reply(&obstacles)
    });
    let metrics = warp::path!("metrics").map(move || metrics_reply(&registry));
    let routes = livez.or(readyz).unify().or(metrics).unify();
    let routes = warp::get().and(routes).boxed();
    let port = Port {
        listener,
        limits: LIMITS,
        tls: None,
        metrics: ConnectionMetrics::default(),
    };
    let own = warp::service(routes);
    let service = tower::service_fn(move |request: Request<Body>| {
        let pages = pages.clone();
        let pages = pages.filter(|pages| pages.owns(request.uri().path()));
        let own = own.clone();
        async move {
            match pages {
                Some(pages) => Ok(pages.answer(request).await.map(Either::Left)),
                None => own
                    .oneshot(request)
                    .await
                    .map(|reply| reply.map(Either::Right)),
            }
        }
    });
    serve(port, service, tasks, shutdown).await;
}

fn ready_reply(obstacles: &[String]) -> warp::reply::Response {
    if obstacles.is_empty() {
        return "ready\n".into_response();
    }
    let mut text = obstacles.join("\n");
    text.push('\n');
    warp::reply::with_status(text, StatusCode::SERVICE_UNAVAILABLE).into_response()
}

fn metrics_reply(registry: &Registry) -> warp::reply::Response {
    let mut text = String::new();
    if prometheus_client::encoding::text::encode(&mut text, registry).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    warp::reply::with_header(
        text,
        "content-type",
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )
    .into_response()
}
