//! What a read is compared with: a gRPC handler that gives the answer that it was given,
//! on tonic's stock server, without any layer.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use community_proto::v1::community_service_server::{CommunityService, CommunityServiceServer};
use community_proto::v1::{
    BatchGetMembersRequest, BatchGetMembersResponse, CreatePostRequest, CreatePostResponse,
    GetMemberByEmailRequest, GetMemberByEmailResponse, GetMemberRequest, GetMemberResponse,
    GetStatusRequest, GetStatusResponse, InvalidateMemberRequest, InvalidateMemberResponse,
    SendDirectMessageRequest, SendDirectMessageResponse,
};
use prost::Message as _;
use tonic::{Request, Response, Status};

/// What to answer, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where it listens
    #[arg(long)]
    listen: SocketAddr,
    /// A file with the encoded `GetMemberResponse` that every call is answered with
    #[arg(long)]
    answer: PathBuf,
}

/// Serves until it is killed.
pub(crate) async fn run(options: &Options) -> ExitCode {
    let bytes = std::fs::read(&options.answer).expect("the prepared answer can be read");
    let answer = GetMemberResponse::decode(&bytes[..]).expect("the prepared answer is one");
    tonic::transport::Server::builder()
        .add_service(CommunityServiceServer::new(Bare(answer)))
        .serve(options.listen)
        .await
        .expect("the address is free");
    ExitCode::SUCCESS
}

struct Bare(GetMemberResponse);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl CommunityService for Bare {
    async fn get_member(&self, _: Request<GetMemberRequest>) -> Answer<GetMemberResponse> {
        Ok(Response::new(self.0.clone()))
    }

    async fn get_member_by_email(
        &self,
        _: Request<GetMemberByEmailRequest>,
    ) -> Answer<GetMemberByEmailResponse> {
        nothing_else()
    }

    async fn batch_get_members(
        &self,
        _: Request<BatchGetMembersRequest>,
    ) -> Answer<BatchGetMembersResponse> {
        nothing_else()
    }

    async fn invalidate_member(
        &self,
        _: Request<InvalidateMemberRequest>,
    ) -> Answer<InvalidateMemberResponse> {
        nothing_else()
    }

    async fn send_direct_message(
        &self,
        _: Request<SendDirectMessageRequest>,
    ) -> Answer<SendDirectMessageResponse> {
        nothing_else()
    }

    async fn create_post(&self, _: Request<CreatePostRequest>) -> Answer<CreatePostResponse> {
        nothing_else()
    }

    async fn get_status(&self, _: Request<GetStatusRequest>) -> Answer<GetStatusResponse> {
        nothing_else()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a baseline is bare: it has no errors of its own"
)]
fn nothing_else<T>() -> Answer<T> {
    Err(Status::unimplemented("only GetMember is answered"))
}
