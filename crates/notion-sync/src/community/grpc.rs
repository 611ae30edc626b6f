//! The community over gRPC, through the client that the contract ships.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use community_proto::client::{self, Client};
use community_proto::v1;
use futures::stream::{BoxStream, StreamExt as _};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use service_kit::clock::SharedClock;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use url::Url;

use super::{Community, Error, MemberRead, Page, Step, convert};
use crate::model::{Activity, Member, MemberId};

/// How long a call may take, retries included.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a list may wait for BetterMode's budget: a first fill costs hundreds of requests.
const LIST_TIMEOUT: Duration = Duration::from_secs(120);
/// The page sizes that the service allows.
const MEMBERS: i32 = 100;
const ACTIVITIES: i32 = 500;

/// Who this program is towards the service. Files are read once.
#[derive(Clone, Default)]
pub struct Access {
    /// The bearer token.
    pub token: Option<SecretString>,
    /// The authority that the service's certificate must be of, in PEM.
    pub authority: Option<PathBuf>,
    /// The own certificate and its private key, in PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Address or token.
    #[error("COMMUNITY_SVC_URL, COMMUNITY_SVC_TOKEN: {0}")]
    Client(#[from] client::SetupError),
    /// A file of certificates or keys cannot be read.
    #[error("{setting}={path}: {source}")]
    File {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// The community behind `community-svc`.
#[derive(Clone)]
pub struct Grpc {
    client: Client,
    clock: SharedClock,
}

impl Grpc {
    /// A client of the service at `url`. Does not connect yet.
    ///
    /// # Errors
    /// [`SetupError`], which names the setting.
    pub fn new(
        url: &Url,
        access: &Access,
        clock: SharedClock,
        random: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Result<Self, SetupError> {
        let mut client = Client::builder([url.to_string()], random).timeout(TIMEOUT);
        if let Some(token) = &access.token {
            client = client.token(token.expose_secret());
        }
        if url.scheme() == "https" {
            client = client.tls(tls(access)?);
        }
        Ok(Self {
            client: client.build()?,
            clock,
        })
    }
}

#[async_trait]
impl Community for Grpc {
    async fn watch(
        &self,
        resume_token: &str,
    ) -> Result<BoxStream<'static, Result<Step, Error>>, Error> {
        const ATTEMPTED: &str = "following events";
        let request = v1::WatchWebhookEventsRequest {
            resume_token: resume_token.to_owned(),
            ..v1::WatchWebhookEventsRequest::default()
        };
        let mut client = self
            .client
            .webhook_events()
            .max_decoding_message_size(16 << 20);
        let stream = client.watch_webhook_events(request).await;
        let stream = stream
            .map_err(|status| failed(ATTEMPTED, &status))?
            .into_inner();
        let step = |step: Result<v1::WatchWebhookEventsResponse, Status>| {
            let step = step.map_err(|status| failed(ATTEMPTED, &status))?;
            Ok(Step {
                event: step.event.and_then(convert::event),
                resume_token: step.resume_token,
            })
        };
        Ok(stream.map(step).boxed())
    }

    async fn members(&self, page_token: &str) -> Result<Page<Member>, Error> {
        let mut request = tonic::Request::new(v1::ListMembersRequest {
            page_size: MEMBERS,
            page_token: page_token.to_owned(),
            ..v1::ListMembersRequest::default()
        });
        request.set_timeout(LIST_TIMEOUT);
        let answer = self.client.community().list_members(request).await;
        let answer = answer.map_err(|status| failed("listing members", &status))?;
        let answer = answer.into_inner();
        Ok(Page {
            items: answer.members.into_iter().map(convert::member).collect(),
            next: answer.next_page_token,
        })
    }

    async fn read_members(
        &self,
        ids: &[MemberId],
        newer_than: Option<Timestamp>,
    ) -> Result<Vec<MemberRead>, Error> {
        let options = newer_than.map(|time| {
            // A copy that is younger than the event holds what the event changed.
            let age = self.clock.now().duration_since(time);
            let age = age.max(jiff::SignedDuration::ZERO);
            v1::ReadOptions {
                max_staleness: Some(prost_types::Duration {
                    seconds: age.as_secs(),
                    nanos: age.subsec_nanos(),
                }),
                ..v1::ReadOptions::default()
            }
        });
        let request = v1::BatchGetMembersRequest {
            member_ids: ids.iter().map(|id| id.as_str().to_owned()).collect(),
            read_options: options,
        };
        let answer = self.client.community().batch_get_members(request).await;
        let answer = answer.map_err(|status| failed("reading members", &status))?;
        Ok(answer.into_inner().results.into_iter().map(read).collect())
    }

    async fn activities(
        &self,
        between: Option<(Timestamp, Timestamp)>,
        page_token: &str,
    ) -> Result<Page<Activity>, Error> {
        let request = v1::ListMemberActivitiesRequest {
            occur_time_from: between.map(|(from, _)| convert::to_proto(from)),
            occur_time_until: between.map(|(_, until)| convert::to_proto(until)),
            page_size: ACTIVITIES,
            page_token: page_token.to_owned(),
            ..v1::ListMemberActivitiesRequest::default()
        };
        let answer = self
            .client
            .activities()
            .list_member_activities(request)
            .await;
        let answer = answer.map_err(|status| failed("listing activities", &status))?;
        let answer = answer.into_inner();
        let items = answer.activities.into_iter();
        Ok(Page {
            items: items.filter_map(convert::activity).collect(),
            next: answer.next_page_token,
        })
    }

    async fn activities_are_due(&self, event_id: &str) -> Result<bool, Error> {
        let request = v1::GetWebhookEventRequest {
            event_id: event_id.to_owned(),
        };
        let answer = self
            .client
            .webhook_events()
            .get_webhook_event(request)
            .await;
        let event = match answer {
            Ok(answer) => answer.into_inner().event.unwrap_or_default(),
            // Deleted for its age meanwhile.
            Err(status) if status.code() == Code::NotFound => return Ok(false),
            Err(status) => return Err(failed("reading an event", &status)),
        };
        Ok(event.projections.iter().any(|projection| {
            projection.projection() == v1::Projection::Activities
                && projection.state() == v1::WebhookEventState::Pending
        }))
    }

    async fn version(&self) -> Result<String, Error> {
        let answer = self
            .client
            .community()
            .get_status(v1::GetStatusRequest {})
            .await;
        let answer = answer.map_err(|status| failed("asking for its state", &status))?;
        Ok(answer.into_inner().status.unwrap_or_default().version)
    }
}

fn read(result: v1::BatchGetMembersResult) -> MemberRead {
    let id = MemberId::new(result.member_id);
    match (result.member, result.error) {
        (Some(member), _) => MemberRead::Found(Box::new(convert::member(member))),
        (None, Some(error)) if error.code == i32::from(Code::NotFound) => MemberRead::Gone(id),
        (None, Some(error)) => MemberRead::Failed(id, error.reason().as_reason().to_owned()),
        (None, None) => MemberRead::Failed(id, "no answer".to_owned()),
    }
}

fn failed(attempted: &'static str, status: &Status) -> Error {
    let info = status.get_details_error_info();
    let reason = info.map(|info| info.reason).unwrap_or_default();
    match (status.code(), reason.as_str()) {
        (_, "INVALID_RESUME_TOKEN" | "RESUME_TOKEN_EXPIRED") => Error::TokenUseless(reason),
        (Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown, _) => {
            Error::Unreachable(format!("{:?} {reason}", status.code()))
        }
        (code, "") => Error::Refused {
            attempted,
            message: format!("{code:?}"),
        },
        (_, reason) => Error::Refused {
            attempted,
            message: format!("{reason}: {}", status.message()),
        },
    }
}

fn tls(access: &Access) -> Result<ClientTlsConfig, SetupError> {
    let mut tls = ClientTlsConfig::new();
    tls = match &access.authority {
        Some(path) => tls.ca_certificate(Certificate::from_pem(file("COMMUNITY_SVC_CA", path)?)),
        None => tls.with_native_roots(),
    };
    if let Some((certificate, key)) = &access.identity {
        tls = tls.identity(Identity::from_pem(
            file("COMMUNITY_SVC_CLIENT_CERTIFICATE", certificate)?,
            file("COMMUNITY_SVC_CLIENT_KEY", key)?,
        ));
    }
    Ok(tls)
}

fn file(setting: &'static str, path: &Path) -> Result<Vec<u8>, SetupError> {
    std::fs::read(path).map_err(|source| SetupError::File {
        setting,
        path: path.to_owned(),
        source,
    })
}
