//! `GET /health`: the state of every part, for people and load balancers.

use std::sync::Arc;

use http::{Method, StatusCode};
use warp::Reply as _;
use warp::reply::Response;

use crate::health::{Health, Overall};
use crate::rejection;

/// 200 while the edge can do its job, 503 while it cannot; the body says the same
/// in more words. Any method but GET and HEAD is 405.
pub(super) async fn answer(health: Arc<Health>, method: Method) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return rejection::method_not_allowed("GET, HEAD");
    }
    let report = health.report().await;
    let code = match report.status {
        Overall::Ok | Overall::Degraded | Overall::Disabled => StatusCode::OK,
        Overall::Down => StatusCode::SERVICE_UNAVAILABLE,
    };
    warp::reply::with_status(warp::reply::json(&report), code).into_response()
}
