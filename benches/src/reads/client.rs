//! The tonic client of the measurements: a caller with a token and a deadline.

use std::net::SocketAddr;
use std::time::Duration;

use community_proto::v1::community_service_client::CommunityServiceClient;
use community_proto::v1::get_member_request::Identifier;
use community_proto::v1::{
    BatchGetMembersRequest, BatchGetMembersResult, CacheMode, GetMemberRequest, GetMemberResponse,
    InvalidateMemberRequest, Member, ReadOptions, Source,
};
use prost::Message as _;
use prost_types::Timestamp;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use super::stage::TOKEN;

/// What callers give a call. Longer than anything that is measured may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// One connection to one service.
#[derive(Debug, Clone)]
pub(super) struct Reader(CommunityServiceClient<Channel>);

/// An answer to `GetMember`.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) member: Member,
    pub(super) source: Source,
    pub(super) fetched_at: Timestamp,
    pub(super) stale: bool,
}

impl Reader {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self(CommunityServiceClient::new(channel(address).await))
    }

    /// One member, by the service's own limits.
    pub(super) async fn read(&self, id: &str) -> Result<Read, Status> {
        self.answer(id).await.map(Read::from)
    }

    /// The same, as it came.
    pub(super) async fn answer(&self, id: &str) -> Result<GetMemberResponse, Status> {
        let request = request(get_member(id));
        let answer = self.0.clone().get_member(request).await?;
        Ok(answer.into_inner())
    }

    /// Up to 200 members, one result each.
    pub(super) async fn read_many(
        &self,
        member_ids: Vec<String>,
        cache: CacheMode,
    ) -> Result<Vec<BatchGetMembersResult>, Status> {
        let request = request(BatchGetMembersRequest {
            member_ids,
            read_options: Some(ReadOptions {
                max_staleness: None,
                cache: cache.into(),
            }),
        });
        let answer = self.0.clone().batch_get_members(request).await?;
        Ok(answer.into_inner().results)
    }

    /// Makes all replicas drop a member.
    pub(super) async fn invalidate(&self, id: &str) -> Result<(), Status> {
        let request = request(InvalidateMemberRequest {
            member_id: id.to_owned(),
        });
        self.0.clone().invalidate_member(request).await?;
        Ok(())
    }
}

impl From<GetMemberResponse> for Read {
    fn from(answer: GetMemberResponse) -> Self {
        let freshness = answer.freshness.unwrap_or_default();
        Self {
            source: freshness.source(),
            fetched_at: freshness.fetched_at.unwrap_or_default(),
            stale: freshness.stale,
            member: answer.member.unwrap_or_default(),
        }
    }
}

/// A connection to a service.
pub(super) async fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}"))
        .expect("an address makes a URL")
        .connect()
        .await
        .expect("the service listens")
}

/// The message as a call by a known caller with a deadline.
pub(super) fn request<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    let value = format!("Bearer {TOKEN}");
    let value = value.parse().expect("the token is ASCII");
    request.metadata_mut().insert("authorization", value);
    request
}

fn get_member(id: &str) -> GetMemberRequest {
    GetMemberRequest {
        identifier: Some(Identifier::MemberId(id.to_owned())),
        read_options: None,
    }
}

/// The body of a `GetMember` call, as it goes over the wire.
pub(super) fn get_member_frame(id: &str) -> Vec<u8> {
    let message = get_member(id).encode_to_vec();
    let length = u32::try_from(message.len()).expect("a request is small");
    // Not compressed, then the length.
    [&[0], &length.to_be_bytes()[..], &message].concat()
}

/// How many bytes the body of this answer is.
pub(super) fn frame_length(answer: &GetMemberResponse) -> usize {
    answer.encoded_len() + 5
}
