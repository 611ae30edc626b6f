//! The transport over the network: reqwest, with rustls and ring.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::{FutureExt, future::BoxFuture};
use http::{Request, Response};
use tower::Service;

use super::{Options, SetUpError, TransportError};

/// Longer than any handshake; what remains of the attempt's time is for the
/// answer, and a failure here is known not to have sent anything.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(super) struct Https {
    client: reqwest::Client,
    max_response_bytes: usize,
}

impl Https {
    pub(super) fn new(options: Options) -> Result<Self, SetUpError> {
        // Fails only when a provider is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT.min(options.timeout))
            .timeout(options.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(options.user_agent)
            .build()
            .map_err(|error| SetUpError(describe(&error)))?;
        Ok(Self {
            client,
            max_response_bytes: options.max_response_bytes,
        })
    }
}

impl Service<Request<Bytes>> for Https {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = BoxFuture<'static, Result<Response<Bytes>, TransportError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let this = self.clone();
        async move {
            let request = reqwest::Request::try_from(request)
                .map_err(|error| TransportError::NotSent(describe(&error)))?;
            let answer = this
                .client
                .execute(request)
                .await
                .map_err(|error| failure(&error))?;
            read(answer, this.max_response_bytes).await
        }
        .boxed()
    }
}

async fn read(
    mut answer: reqwest::Response,
    limit: usize,
) -> Result<Response<Bytes>, TransportError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(TransportError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(body.freeze());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

/// Only a failed connection is sure not to have carried the request.
fn failure(error: &reqwest::Error) -> TransportError {
    if error.is_connect() || error.is_builder() {
        TransportError::NotSent(describe(error))
    } else {
        TransportError::NoAnswer(describe(error))
    }
}

/// The error and its causes without the address, which may carry credentials.
fn describe(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "could not connect"
    } else {
        "the connection failed"
    };
    let mut root: &dyn std::error::Error = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    match std::error::Error::source(error) {
        Some(_) => format!("{kind}: {root}"),
        None => kind.to_owned(),
    }
}
