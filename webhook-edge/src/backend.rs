//! The one gRPC connection to `community-svc`: events go in, its state comes out.
//!
//! Protobuf types stop here. The connection is made when first needed and made
//! again when it breaks; the edge starts without the service.

use std::time::Duration;

use async_trait::async_trait;
use community_proto::v1;
use community_proto::v1::community_service_client::CommunityServiceClient;
use community_proto::v1::webhook_event_service_client::WebhookEventServiceClient;
use jiff::Timestamp;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use trace_kit::TraceParent;
use url::Url;

use crate::forward::{Accepted, Error, Sink, Store};
use crate::health::{Part, Probe, ServiceStatus, State};
use crate::payload::{Event, Format};
use crate::queue::Queued;
use crate::traces::{self, Sending, Traces};

mod access;
mod answers;

pub use access::Access;

/// How long storing one event may take, the second attempt included.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long storing a batch may take: more than the service gives its store.
const BATCH_DEADLINE: Duration = Duration::from_secs(15);
/// How long asking for the state may take: somebody waits for `/health`.
const PROBE_DEADLINE: Duration = Duration::from_secs(2);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The pause before the second attempt.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// A client of `community-svc`; cheap to clone.
#[derive(Clone)]
pub struct Backend {
    channel: Channel,
    bearer: Option<MetadataValue<Ascii>>,
    traces: Option<Traces>,
}

/// Why no client can be made. Both are mistakes in the settings.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address cannot be used.
    #[error("COMMUNITY_SVC_URL cannot be used: {0}")]
    Url(#[source] tonic::transport::Error),
    /// A file of certificates or keys cannot be read.
    #[error("{setting}={path}: {source}")]
    File {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        path: std::path::PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The token cannot be sent.
    #[error("COMMUNITY_SVC_TOKEN holds characters that no header can carry")]
    Token,
}

impl Backend {
    /// A client of the service at `url`, known by `access`. Does not connect yet.
    ///
    /// # Errors
    /// [`SetupError`], which names the setting.
    pub fn new(url: &Url, access: &Access) -> Result<Self, SetupError> {
        let mut endpoint = Self::endpoint(url)?;
        if url.scheme() == "https" {
            endpoint = endpoint
                .tls_config(access.tls()?)
                .map_err(SetupError::Url)?;
        }
        Self::over(endpoint.connect_lazy(), access)
    }

    /// As [`new`](Self::new), over connections that somebody else makes.
    ///
    /// # Errors
    /// [`SetupError::Token`].
    pub fn over(channel: Channel, access: &Access) -> Result<Self, SetupError> {
        Ok(Self {
            channel,
            bearer: access.bearer()?,
            traces: None,
        })
    }

    /// The same, with spans of its calls.
    #[must_use]
    pub fn traced(self, traces: Option<Traces>) -> Self {
        Self { traces, ..self }
    }

    /// How the service at `url` is connected to; plain HTTP/2.
    ///
    /// # Errors
    /// [`SetupError::Url`].
    pub fn endpoint(url: &Url) -> Result<Endpoint, SetupError> {
        let endpoint = Endpoint::from_shared(url.to_string()).map_err(SetupError::Url)?;
        Ok(endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(5)))
    }

    fn request<T>(
        &self,
        message: T,
        deadline: Duration,
        parent: Option<TraceParent>,
    ) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        request.set_timeout(deadline);
        traces::mark(&mut request, parent);
        if let Some(bearer) = &self.bearer {
            request
                .metadata_mut()
                .insert("authorization", bearer.clone());
        }
        request
    }

    /// Tries once more when the service is not there: storing is idempotent, and a
    /// service that restarts is back sooner than the sender.
    async fn ingest(
        &self,
        request: v1::IngestWebhookEventsRequest,
        parent: Option<TraceParent>,
    ) -> Result<v1::IngestWebhookEventsResponse, Status> {
        let mut client = WebhookEventServiceClient::new(self.channel.clone());
        let first = self.request(request.clone(), DEADLINE, parent);
        match client.ingest_webhook_events(first).await {
            // CANCELLED is the client's own word for a call that waited in a connection as
            // the service asked it to end.
            Err(status) if matches!(status.code(), Code::Unavailable | Code::Cancelled) => {
                tokio::time::sleep(RETRY_PAUSE).await;
                let second = self.request(request, DEADLINE, parent);
                client.ingest_webhook_events(second).await
            }
            answer => answer,
        }
        .map(tonic::Response::into_inner)
    }

    async fn store_one(
        &self,
        event: v1::WebhookEvent,
        parent: Option<TraceParent>,
    ) -> Result<Vec<Accepted>, Error> {
        let event_id = event.event_id.clone();
        let request = v1::IngestWebhookEventsRequest {
            events: vec![event],
        };
        let response = tokio::time::timeout(DEADLINE, self.ingest(request, parent))
            .await
            .map_err(|_| Error::TimedOut(DEADLINE))?
            .map_err(|status| to_error(&status))?;
        match response.results.as_slice() {
            [result] if result.event_id == event_id => Ok(vec![accepted(result)?]),
            _ => Err(Error::NoResult),
        }
    }

    async fn store_all(
        &self,
        events: Vec<v1::WebhookEvent>,
        parent: Option<TraceParent>,
    ) -> Result<Vec<Accepted>, Error> {
        let count = events.len();
        let request = v1::IngestWebhookEventsRequest { events };
        let request = self.request(request, BATCH_DEADLINE, parent);
        let mut client = WebhookEventServiceClient::new(self.channel.clone());
        let response = tokio::time::timeout(BATCH_DEADLINE, client.ingest_webhook_events(request))
            .await
            .map_err(|_| Error::TimedOut(BATCH_DEADLINE))?
            .map_err(|status| to_error(&status))?
            .into_inner();
        if response.results.len() != count {
            return Err(Error::NoResult);
        }
        response.results.iter().map(accepted).collect()
    }
}

#[async_trait]
impl Sink for Backend {
    async fn accept(&self, event: &Event) -> Result<Accepted, Error> {
        let traces = self.traces.as_ref();
        let sending = traces.map(|it| it.sending([(event, None)].into_iter()));
        let message = message(event, sending.as_ref(), 0);
        let parent = sending.as_ref().and_then(Sending::of_call);
        let stored = self.store_one(message, parent).await;
        if let Some(sending) = sending {
            sending.end(&stored);
        }
        stored?.pop().ok_or(Error::NoResult)
    }
}

#[async_trait]
impl Store for Backend {
    async fn store(&self, events: &[Queued]) -> Result<Vec<Accepted>, Error> {
        let with_times = events.iter().map(|it| (&it.event, Some(it.queued_at)));
        let traces = self.traces.as_ref();
        let sending = traces.map(|it| it.sending(with_times));
        let messages = (0..).zip(events);
        let messages = messages.map(|(place, it)| message(&it.event, sending.as_ref(), place));
        let parent = sending.as_ref().and_then(Sending::of_call);
        let stored = self.store_all(messages.collect(), parent).await;
        if let Some(sending) = sending {
            sending.end(&stored);
        }
        stored
    }
}

#[async_trait]
impl Probe for Backend {
    async fn status(&self) -> Result<ServiceStatus, Error> {
        let mut client = CommunityServiceClient::new(self.channel.clone());
        let request = self.request(v1::GetStatusRequest {}, PROBE_DEADLINE, None);
        let response = tokio::time::timeout(PROBE_DEADLINE, client.get_status(request))
            .await
            .map_err(|_| Error::TimedOut(PROBE_DEADLINE))?
            .map_err(|status| to_error(&status))?;
        let status = response.into_inner().status.unwrap_or_default();
        Ok(ServiceStatus {
            version: status.version,
            parts: status.dependencies.into_iter().map(to_part).collect(),
        })
    }
}

fn accepted(result: &v1::IngestResult) -> Result<Accepted, Error> {
    match result.outcome() {
        v1::IngestOutcome::Stored => Ok(Accepted::Stored),
        v1::IngestOutcome::Duplicate => Ok(Accepted::Duplicate),
        v1::IngestOutcome::Unspecified => Err(Error::NoResult),
    }
}

/// The event as it is sent: under the span of its sending, where there is one.
fn message(event: &Event, sending: Option<&Sending>, place: usize) -> v1::WebhookEvent {
    let mut message = to_proto(event.clone());
    if let Some(span) = sending.and_then(|sending| sending.of_event(place)) {
        message.trace_parent = span.to_string();
    }
    message
}

fn to_proto(event: Event) -> v1::WebhookEvent {
    v1::WebhookEvent {
        event_id: event.id.to_string(),
        event_type: event.event_type,
        noun: event.noun,
        verb: event.verb,
        network_id: event.network_id.to_string(),
        actor_member_id: event.actor_id.to_string(),
        object_id: event.object_id.to_string(),
        occur_time: event.occurred_at.and_then(to_proto_time),
        receive_time: to_proto_time(event.received_at),
        format: match event.format {
            Format::BetterMode => v1::WebhookFormat::Bettermode,
            Format::Flat => v1::WebhookFormat::Flat,
            Format::Circle => v1::WebhookFormat::Circle,
        }
        .into(),
        path: event.path.into_owned(),
        payload: event.body,
        // The service says it, by the format.
        platform: String::new(),
        trace_parent: event
            .trace_parent
            .map(|parent| parent.to_string())
            .unwrap_or_default(),
    }
}

/// Nothing for a time that the protobuf type cannot hold: years 1 to 9999.
fn to_proto_time(time: Timestamp) -> Option<prost_types::Timestamp> {
    const YEAR_1: i64 = -62_135_596_800;
    let nanoseconds = time.as_nanosecond();
    let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?;
    let nanos = i32::try_from(nanoseconds.rem_euclid(1_000_000_000)).ok()?;
    (seconds >= YEAR_1).then_some(prost_types::Timestamp { seconds, nanos })
}

fn to_part(dependency: v1::Dependency) -> Part {
    let state = match dependency.state() {
        v1::DependencyState::Up | v1::DependencyState::Embedded => State::Ok,
        v1::DependencyState::Down => State::Down,
        v1::DependencyState::Disabled => State::Disabled,
        v1::DependencyState::Unspecified => State::Unknown,
    };
    Part {
        name: dependency.name,
        kind: dependency.kind,
        state,
        message: dependency.message,
    }
}

fn to_error(status: &Status) -> Error {
    let from_the_service = status.get_details_error_info();
    match (status.code(), from_the_service) {
        (Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled, None) => {
            Error::Unreachable(status.message().to_owned())
        }
        (code, Some(info)) => Error::Refused {
            code,
            message: format!("{}: {}", info.reason, status.message()),
        },
        (code, None) => Error::Refused {
            code,
            message: status.message().to_owned(),
        },
    }
}

#[cfg(test)]
mod tests;
