//! `community_members`, through the service that keeps it.

use std::time::Duration;

use async_trait::async_trait;
use community_proto::v1;
use community_proto::v1::community_service_client::CommunityServiceClient;
use secrecy::ExposeSecret as _;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use super::{Linked, Linker, Pair};
use crate::Error;
use crate::config::ServiceConfig;

/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How often a call is made that the service did not answer: it changes nothing twice.
const TRIES: u32 = 5;

/// The service's record.
#[derive(Debug)]
pub struct ServiceLinker {
    channel: Channel,
    token: Option<MetadataValue<Ascii>>,
}

impl ServiceLinker {
    /// A record that is not reached before the first pair.
    ///
    /// # Errors
    /// [`Error::Service`] when address or token cannot be used. `None` without an address.
    pub fn new(config: &ServiceConfig) -> Result<Option<Self>, Error> {
        let Some(url) = &config.url else {
            return Ok(None);
        };
        let unusable = |what: &str| Error::Service(format!("{what} cannot be used"));
        let endpoint = Endpoint::from_shared(url.to_string());
        let mut endpoint = endpoint.map_err(|_| unusable("COMMUNITY_SVC_URL"))?;
        if url.scheme() == "https" {
            let tls = ClientTlsConfig::new().with_native_roots();
            endpoint = endpoint
                .tls_config(tls)
                .map_err(|_| unusable("COMMUNITY_SVC_URL"))?;
        }
        let token = config.token.as_ref().map(|token| {
            let value = format!("Bearer {}", token.expose_secret()).parse();
            let mut value: MetadataValue<Ascii> =
                value.map_err(|_| unusable("COMMUNITY_SVC_TOKEN"))?;
            value.set_sensitive(true);
            Ok::<_, Error>(value)
        });
        Ok(Some(Self {
            channel: endpoint.timeout(DEADLINE).connect_lazy(),
            token: token.transpose()?,
        }))
    }

    async fn call(&self, pairs: &[Pair]) -> Result<v1::LinkMembersResponse, tonic::Status> {
        let link = |pair: &Pair| v1::MemberLink {
            bettermode_member_id: pair.member.as_str().to_owned(),
            circle_member_id: pair.circle.to_string(),
        };
        let links = pairs.iter().map(link).collect();
        let mut request = tonic::Request::new(v1::LinkMembersRequest { links });
        request.set_timeout(DEADLINE);
        if let Some(token) = &self.token {
            request
                .metadata_mut()
                .insert("authorization", token.clone());
        }
        let mut client = CommunityServiceClient::new(self.channel.clone());
        client
            .link_members(request)
            .await
            .map(tonic::Response::into_inner)
    }
}

#[async_trait]
impl Linker for ServiceLinker {
    fn is_kept_at(&self) -> Option<&'static str> {
        None
    }

    async fn link(&self, pairs: &[Pair]) -> Result<Vec<Linked>, Error> {
        let mut tries = 1;
        let answer = loop {
            match self.call(pairs).await {
                Ok(answer) => break answer,
                Err(status) if tries < TRIES && may_pass(&status) => {
                    tracing::info!(code = ?status.code(), tries, "the service did not link; again");
                    tokio::time::sleep(Duration::from_secs(1 << tries)).await;
                    tries += 1;
                }
                Err(status) => {
                    let (code, message) = (status.code(), status.message());
                    return Err(Error::Service(format!("{code:?}: {message}")));
                }
            }
        };
        let linked = |result: &v1::LinkMembersResult| match result.outcome() {
            v1::LinkOutcome::Linked => Linked::Kept,
            _ => Linked::Conflict,
        };
        if answer.results.len() != pairs.len() {
            return Err(Error::Service("it did not answer for each pair".to_owned()));
        }
        Ok(answer.results.iter().map(linked).collect())
    }
}

fn may_pass(status: &tonic::Status) -> bool {
    use tonic::Code;
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Aborted
    )
}
