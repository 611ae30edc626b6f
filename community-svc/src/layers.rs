//! What every call passes, one concern a file, in the order of `Inbound::answer`.
//!
//! One service and not a stack of them: each middleware boxes and clones what is
//! below it for every call, which costs more than all that is done here.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::Semaphore;
use tonic::body::Body;
use tower::Service;

use crate::error::Error;
use crate::metrics::Metrics;

pub mod auth;
pub(crate) mod complete_errors;
pub(crate) mod deadline;
pub(crate) mod observe;
pub(crate) mod panics;
pub(crate) mod request_id;
pub(crate) mod shed;

/// A call as it comes.
pub(crate) type Request = http::Request<Body>;

/// An answer as it goes.
pub(crate) type Response = http::Response<Body>;

/// What the layers work with.
#[derive(Debug)]
pub(crate) struct Layers {
    pub(crate) request_ids: request_id::RequestIds,
    pub(crate) metrics: Metrics,
    pub(crate) auth: Option<auth::Keys>,
    pub(crate) slots: Semaphore,
}

/// A service behind all layers; cheap to clone.
#[derive(Debug)]
pub(crate) struct Inbound<S>(Arc<(Layers, S)>);

impl<S> Inbound<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone,
{
    /// Puts the layers before `service`.
    pub(crate) fn new(layers: Layers, service: S) -> Self {
        Self(Arc::new((layers, service)))
    }

    /// Every layer, outermost first.
    async fn answer(self, request: Request) -> Response {
        let (layers, _) = &*self.0;
        // Outermost: everything below logs the id, and every answer carries it.
        let id = layers.request_ids.of(&request);
        // Sees the final outcome of a call, whoever made it.
        let call = observe::Call::begin(&request, &id);
        // Above our own code, so that its panics become answers.
        let guarded = panics::catch(self.admit(&call, request));
        // Above all that makes errors, below what counts them.
        let mut response = complete_errors::complete(call.within(guarded).await);
        call.end(&layers.metrics, &response);
        id.mark(&mut response);
        response
    }

    async fn admit(&self, call: &observe::Call, request: Request) -> Result<Response, Error> {
        let (layers, service) = &*self.0;
        // Before any work: a stranger costs nothing but this check.
        auth::check(layers.auth.as_ref(), &request)?;
        // After authentication, so that strangers cannot take the slots.
        let _slot = shed::slot(&layers.slots, &request)?;
        // Innermost: bounds the work itself.
        deadline::enforce(call.started(), request, |request| {
            service.clone().call(request).map(|Ok(response)| response)
        })
        .await
    }
}

impl<S> Clone for Inbound<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Service<Request> for Inbound<S>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // What there is too much of is shed, not kept waiting.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.clone().answer(request).map(Ok).boxed()
    }
}

/// Probes hold no token and take no slot.
fn is_health_check(request: &Request) -> bool {
    request.uri().path().starts_with("/grpc.health.v1.Health/")
}

#[cfg(test)]
mod tests;
