//! `GetMember`'s own way through tonic: the answer's bytes are kept beside the copy in
//! memory, so that a hit converts and encodes nothing.
//!
//! It stands before the generated service, which would encode each answer anew.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use bettermode::Member;
use bytes::{BufMut as _, Bytes, BytesMut};
use community_proto::v1 as pb;
use futures::future::BoxFuture;
use prost::Message as _;
use prost::encoding::message;
use tonic::body::Body;
use tonic::codec::{BufferSettings, Codec, CompressionEncoding, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstDecoder;

use super::{Community, convert, members};
use crate::error::Error;
use crate::members::Read;

/// The call that it answers.
pub(crate) const PATH: &str = "/community.v1.CommunityService/GetMember";

/// A request has some hundred bytes, an answer about a thousand; tonic would take 8 KiB
/// for each.
fn buffers() -> BufferSettings {
    BufferSettings::new(1024, 32 * 1024)
}

/// Answers `GetMember`; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct GetMember {
    community: Arc<Community>,
    max_message_bytes: usize,
}

impl GetMember {
    pub(crate) fn new(community: Community, max_message_bytes: usize) -> Self {
        Self {
            community: Arc::new(community),
            max_message_bytes,
        }
    }
}

impl tower::Service<http::Request<Body>> for GetMember {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            // One member has about a thousand bytes: compressing its answer would cost more
            // than it saves, and many clients ask for it without meaning to.
            let mut grpc = Grpc::new(AnswerCodec)
                .max_decoding_message_size(this.max_message_bytes)
                .accept_compressed(CompressionEncoding::Gzip);
            Ok(grpc.unary(Handler(this.community), request).await)
        })
    }
}

struct Handler(Arc<Community>);

impl UnaryService<pb::GetMemberRequest> for Handler {
    type Response = Answer;
    type Future = BoxFuture<'static, Result<Response<Answer>, Status>>;

    fn call(&mut self, request: Request<pb::GetMemberRequest>) -> Self::Future {
        let community = Arc::clone(&self.0);
        Box::pin(async move {
            super::enabled(community.enabled)?;
            let read = members::get(&community, request.into_inner()).await?;
            Ok(Response::new(Answer::new(&read)?))
        })
    }
}

/// A `GetMemberResponse`: its first field as bytes, its second as a message.
#[derive(Debug)]
pub(super) struct Answer {
    member: Bytes,
    freshness: pb::Freshness,
}

impl Answer {
    fn new(read: &Read) -> Result<Self, Error> {
        // A read without a member is an error long before this.
        let member = read.value().ok_or(Error::Internal)?;
        let encode = |member: &Member| {
            let member = convert::member(member);
            let mut bytes = BytesMut::with_capacity(member.encoded_len() + 8);
            message::encode(1, &member, &mut bytes);
            bytes.freeze()
        };
        Ok(Self {
            member: read.held().wire(member, encode).clone(),
            freshness: convert::freshness(read),
        })
    }
}

/// prost's codec, but for the answer's bytes.
#[derive(Debug, Clone, Copy)]
struct AnswerCodec;

#[derive(Debug, Clone, Copy)]
pub(super) struct AnswerEncoder;

impl Codec for AnswerCodec {
    type Encode = Answer;
    type Decode = pb::GetMemberRequest;
    type Encoder = AnswerEncoder;
    type Decoder = ProstDecoder<pb::GetMemberRequest>;

    fn encoder(&mut self) -> Self::Encoder {
        AnswerEncoder
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstDecoder::new(buffers())
    }
}

impl Encoder for AnswerEncoder {
    type Item = Answer;
    type Error = Status;

    fn encode(&mut self, answer: Answer, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&answer.member);
        message::encode(2, &answer.freshness, buffer);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        buffers()
    }
}
