//! What every call passes, one concern a file, in the order of `Inbound::answer`.
//!
//! One service and not a stack of them: each middleware boxes and clones what is
//! below it for every call, which costs more than all that is done here.

use std::convert::Infallible;
use std::sync::Arc;

use futures::FutureExt as _;
use http::HeaderMap;
use tokio::time::Instant;
use tonic::body::Body;
use tower::Service;
use trace_kit::Tracer;
use tracing::Instrument as _;

use crate::caller_limits::{CallerLimits, Share};
use crate::callers::{self, Caller, Register};
use crate::connections::Peer;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::traces;

pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod complete_errors;
pub(crate) mod deadline;
pub(crate) mod observe;
pub(crate) mod panics;
pub(crate) mod request_id;
pub(crate) mod shed;
pub(crate) mod unread;
pub(crate) mod waiting_room;

/// A call as it comes.
pub(crate) type Request = http::Request<Body>;

/// An answer as it goes.
pub(crate) type Response = http::Response<Body>;

/// What the layers work with.
#[derive(Debug)]
pub(crate) struct Layers {
    pub(crate) request_ids: request_id::RequestIds,
    pub(crate) metrics: Metrics,
    /// Who may call; `None` asks nobody who they are.
    pub(crate) callers: Option<Register>,
    /// How much one caller may call; `None` sets no limit.
    pub(crate) limits: Option<CallerLimits>,
    pub(crate) door: shed::Door,
    /// Who makes spans; nobody where nothing is exported.
    pub(crate) traces: Option<Tracer>,
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

    /// Answers a call that `peer` made and that came at `arrived`. Every layer, outermost
    /// first.
    pub(crate) async fn answer(self, request: Request, peer: Peer, arrived: Instant) -> Response {
        let (layers, _) = &*self.0;
        // Outermost: everything below logs the id, and every answer carries it.
        let id = layers.request_ids.of(&request);
        // Sees the final outcome of a call, whoever made it.
        let call = observe::Call::begin(&request, &id, arrived);
        // Outlives the work: a write that is cut off is written down as well.
        let record = audit::Record::begin(&call, &id);
        // Above our own code, so that its panics become answers.
        let guarded = panics::catch(&call, self.admit(&call, record.as_ref(), &peer, request));
        // Above all that makes errors, below what counts them.
        let mut response = complete_errors::complete(guarded.await);
        if let Some(record) = record {
            record.finish(&response);
        }
        call.end(&layers.metrics, &response);
        id.mark(&mut response);
        response
    }

    async fn admit(
        &self,
        call: &observe::Call,
        record: Option<&audit::Record>,
        peer: &Peer,
        request: Request,
    ) -> Result<Response, Error> {
        let (layers, service) = &*self.0;
        let admitted = match self.let_in(call, record, peer, request.headers()).await {
            Ok(admitted) => admitted,
            Err(error) => {
                // Last: what is refused must not make the connection look like an attack.
                unread::take_in(request.into_body()).await;
                return Err(error);
            }
        };
        // After authentication: what strangers send leaves no span.
        let traced = layers.traces.as_ref();
        let traced = traced.and_then(|tracer| call.trace(tracer, request.headers()));
        // Innermost: bounds the work itself.
        let work = deadline::enforce(call.started(), request, |request| {
            service.clone().call(request).map(|Ok(response)| response)
        });
        // Only writes are bound to who made them.
        let is_write = call.method().entry().is_some_and(|entry| entry.is_audited);
        let caller = admitted.caller.filter(|_| is_write);
        let work = callers::answering(caller, work);
        let work = trace_kit::within(traced.as_ref().map(traces::Call::work), work);
        let answer = work.instrument(call.span()).await;
        if let Some(traced) = traced {
            traced.end(&answer);
        }
        answer
    }

    async fn let_in(
        &self,
        call: &observe::Call,
        record: Option<&audit::Record>,
        peer: &Peer,
        headers: &HeaderMap,
    ) -> Result<Admitted<'_>, Error> {
        let (layers, _) = &*self.0;
        let method = call.method();
        // Before any work: a stranger costs nothing but this check.
        let caller = auth::identify(layers.callers.as_ref(), method, headers, peer)?;
        if let Some(record) = record {
            record.of(caller.as_ref());
        }
        auth::permit(method, caller.as_ref())?;
        // Before there is room for it: who calls too much must not crowd out others.
        let share = match (&layers.limits, &caller) {
            (Some(limits), Some(caller)) => limits.admit(&caller.name).await?,
            _ => None,
        };
        // After authentication, so that strangers cannot take the room.
        let room = layers.door.enter(method, call.started()).await?;
        Ok(Admitted {
            caller,
            _share: share,
            _room: room,
        })
    }
}

/// A call that was let in, and what it holds until it is answered.
struct Admitted<'a> {
    caller: Option<Arc<Caller>>,
    _share: Option<Share>,
    _room: Option<shed::Room<'a>>,
}

impl<S> Clone for Inbound<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests;
