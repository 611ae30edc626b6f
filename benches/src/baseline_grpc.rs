//! What a read is compared with: a gRPC handler that gives the answer that it was given,
//! on tonic's stock server, without any layer.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use community_proto::v1::community_service_server::{CommunityService, CommunityServiceServer};
use community_proto::v1::{GetMemberRequest, GetMemberResponse};
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

#[tonic::async_trait]
impl CommunityService for Bare {
    async fn get_member(
        &self,
        _: Request<GetMemberRequest>,
    ) -> Result<Response<GetMemberResponse>, Status> {
        Ok(Response::new(self.0.clone()))
    }
}
