//! What a read is compared with: a gRPC handler that gives the answer that it was given,
//! on tonic's stock server, without any layer.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use community_proto::v1::community_service_server::SERVICE_NAME;
use community_proto::v1::{GetMemberRequest, GetMemberResponse};
use prost::Message as _;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Context, Poll, Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

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
        .add_service(Bare(Arc::new(answer)))
        .serve(options.listen)
        .await
        .expect("the address is free");
    ExitCode::SUCCESS
}

/// Takes every path for `GetMember`'s, so that it knows nothing of the contract but this.
#[derive(Clone)]
struct Bare(Arc<GetMemberResponse>);

impl NamedService for Bare {
    const NAME: &'static str = SERVICE_NAME;
}

impl Service<http::Request<Body>> for Bare {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let handler = self.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::default());
            Ok(grpc.unary(handler, request).await)
        })
    }
}

impl UnaryService<GetMemberRequest> for Bare {
    type Response = GetMemberResponse;
    type Future = Ready<Result<Response<GetMemberResponse>, Status>>;

    fn call(&mut self, _: Request<GetMemberRequest>) -> Self::Future {
        ready(Ok(Response::new((*self.0).clone())))
    }
}
