//! A span for each request to BetterMode, around the transport.
//!
//! BetterMode is not told of the trace: it is another company, which could do nothing
//! with it but learn when two requests belong together.

use std::task::{Context, Poll};

use bettermode::{Asking, Transport, TransportError};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use tower::Service;
use trace_kit::{Kind, Span, Start, Tracer, Value, current, names};
use url::Url;

/// Puts spans around a transport that ends at `url`.
pub(crate) fn traced(transport: Transport, tracer: &Tracer, url: &Url) -> Transport {
    let to = To {
        url: Value::url(url),
        host: Value::name(url.host_str().unwrap_or_default()),
        port: url.port_or_known_default().unwrap_or_default(),
    };
    let tracer = tracer.clone();
    transport.wrapped(|inner| Traced { inner, tracer, to })
}

/// Where requests go.
#[derive(Clone)]
struct To {
    url: Value,
    host: Value,
    port: u16,
}

#[derive(Clone)]
struct Traced<S> {
    inner: S,
    tracer: Tracer,
    to: To,
}

impl<S> Traced<S> {
    fn begin(&self, asking: Option<&Asking>) -> Option<Span> {
        let (operation, is_write) = asking.map_or(("", false), |it| (it.operation, it.is_write));
        let kind = if is_write { "mutation" } else { "query" };
        let work = current();
        let (under, also) = match &work {
            Some(work) => (Some(work.span), work.also.as_slice()),
            None => (None, [].as_slice()),
        };
        let start = Start::new(Kind::Client, format!("{kind} {operation}"))
            .under(under)
            .linked(also.iter().copied())
            .with(names::HTTP_REQUEST_METHOD, "POST")
            .with(names::URL_FULL, self.to.url.clone())
            .with(names::SERVER_ADDRESS, self.to.host.clone())
            .with(names::SERVER_PORT, self.to.port)
            .with(names::GRAPHQL_OPERATION_NAME, operation)
            .with(names::GRAPHQL_OPERATION_TYPE, kind);
        self.tracer.start(start)
    }
}

impl<S> Service<Request<Bytes>> for Traced<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error = TransportError>,
    S::Future: Send + 'static,
{
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = BoxFuture<'static, Result<Response<Bytes>, TransportError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let span = self.begin(request.extensions().get());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            if let Some(span) = span {
                end(span, &answer);
            }
            answer
        })
    }
}

fn end(mut span: Span, answer: &Result<Response<Bytes>, TransportError>) {
    match answer {
        Ok(response) => {
            let status = response.status();
            span.set(names::HTTP_RESPONSE_STATUS_CODE, status.as_u16());
            if status.is_client_error() || status.is_server_error() {
                span.fail(Value::digits(status.as_u16()));
            }
        }
        Err(TransportError::NotSent(_)) => span.fail("not_sent"),
        Err(TransportError::NoAnswer(_)) => span.fail("no_answer"),
        Err(TransportError::TooLarge { .. }) => span.fail("too_large"),
    }
    span.end();
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use prometheus_client::registry::Registry;
    use service_kit::clock::SystemClock;
    use service_kit::env::{MapEnv, Settings};
    use service_kit::tasks::Tasks;
    use tower::ServiceExt as _;
    use trace_kit::{Current, Identity, TraceParent, within};

    use super::*;

    /// A tracer whose spans nobody takes.
    fn tracer() -> Tracer {
        let env = MapEnv::new([("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")]);
        let mut settings = Settings::new(&env);
        let config = trace_kit::Config::load(&mut settings, "test").unwrap();
        let identity = Identity {
            version: "0",
            instance: "test".to_owned(),
        };
        let process = (Arc::new(SystemClock) as _, &Tasks::new());
        let started = trace_kit::start(&config, identity, process, &mut Registry::default());
        started.unwrap().0
    }

    #[tokio::test]
    async fn bettermode_is_not_told_of_the_trace() {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&sent);
        let inner = tower::service_fn(move |request: Request<Bytes>| {
            let names = request.headers().keys().map(ToString::to_string);
            seen.lock().unwrap().extend(names);
            async { Ok::<_, TransportError>(Response::new(Bytes::new())) }
        });
        let url: Url = "https://api.bettermode.com".parse().unwrap();
        let traced = Traced {
            inner,
            tracer: tracer(),
            to: To {
                url: Value::url(&url),
                host: Value::name("api.bettermode.com"),
                port: 443,
            },
        };
        let work = Current::under(TraceParent::new(1, 2, true).unwrap());
        let mut request = Request::new(Bytes::new());
        request.headers_mut().insert("accept", "x".parse().unwrap());
        within(Some(work), traced.oneshot(request)).await.unwrap();
        assert_eq!(*sent.lock().unwrap(), ["accept"]);
    }
}
