//! The admin port: `/livez`, `/readyz`, `/metrics`, and what a service adds. For operators,
//! never public.
//!
//! Alive means that the process answers. Ready means that it can do its job now,
//! which each service decides in its [`Readiness`].

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::http::{ConnectionMetrics, Limits, Port, serve};
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

/// Serves the admin port until the service drains.
pub async fn run(
    listener: TcpListener,
    registry: Arc<Registry>,
    readiness: Arc<dyn Readiness>,
    tasks: Tasks,
    shutdown: Shutdown,
) {
    let none = warp::any()
        .and_then(|| async { Err::<Response, _>(warp::reject::not_found()) })
        .boxed();
    run_with(none, listener, registry, readiness, tasks, shutdown).await;
}

/// The same with routes of the service's own, which are asked first. Who may use them is
/// for them to say.
pub async fn run_with(
    own: BoxedFilter<(Response,)>,
    listener: TcpListener,
    registry: Arc<Registry>,
    readiness: Arc<dyn Readiness>,
    tasks: Tasks,
    shutdown: Shutdown,
) {
    let draining = shutdown.draining().clone();
    let livez = warp::path!("livez").map(|| "ok\n");
    let readyz = warp::path!("readyz").map(move || {
        let mut obstacles = readiness.obstacles();
        if draining.is_cancelled() {
            obstacles.push("the service is draining".to_owned());
        }
        ready_reply(&obstacles)
    });
    let metrics = warp::path!("metrics").map(move || metrics_reply(&registry));
    let routes = own.or(warp::get().and(livez.or(readyz).or(metrics)));
    let port = Port {
        listener,
        limits: LIMITS,
        tls: None,
        metrics: ConnectionMetrics::default(),
    };
    serve(port, warp::service(routes), tasks, shutdown).await;
}

fn ready_reply(obstacles: &[String]) -> Response {
    if obstacles.is_empty() {
        return "ready\n".into_response();
    }
    let mut text = obstacles.join("\n");
    text.push('\n');
    warp::reply::with_status(text, StatusCode::SERVICE_UNAVAILABLE).into_response()
}

fn metrics_reply(registry: &Registry) -> Response {
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
