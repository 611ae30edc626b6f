//! The client against a server that misbehaves below gRPC: what the protocol says about
//! a call that failed, and what that means for a write.
#![cfg(feature = "client")]

use std::net::SocketAddr;

use community_proto::client::Client;
use community_proto::v1::{CreatePostRequest, GetMemberRequest};
use tokio::net::{TcpListener, TcpStream};
use tonic::Code;

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The stream is refused: the call was not begun.
    Refused,
    /// The call is read to its end, and the connection is lost before the answer.
    Lost,
    /// It is answered with an empty message.
    Answered,
}

/// Gives calls their fates, in the order in which they come. Never ends.
async fn serve(listener: TcpListener, mut fates: impl Iterator<Item = Fate>) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        connection(socket, &mut fates).await;
    }
}

async fn connection(socket: TcpStream, fates: &mut impl Iterator<Item = Fate>) {
    let mut connection = h2::server::handshake(socket).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        match fates.next().expect("no call more than there are fates") {
            Fate::Refused => respond.send_reset(h2::Reason::REFUSED_STREAM),
            Fate::Lost => {
                let mut body = request.into_body();
                // The message comes while the connection is driven.
                tokio::select! {
                    _ = async { while body.data().await.is_some() {} } => return,
                    _ = connection.accept() => return,
                }
            }
            Fate::Answered => {
                let head = http::Response::builder().header("content-type", "application/grpc");
                let mut stream = respond
                    .send_response(head.body(()).unwrap(), false)
                    .unwrap();
                stream
                    .send_data(bytes::Bytes::from_static(&[0; 5]), false)
                    .unwrap();
                let mut trailers = http::HeaderMap::new();
                trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
                stream.send_trailers(trailers).unwrap();
            }
        }
    }
}

/// The codes of one read or write after calls had these fates.
async fn code_of(write: bool, fates: &[Fate]) -> Code {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&[listener.local_addr().unwrap()]);
    let call = async {
        let mut community = client.community();
        if write {
            let answer = community.create_post(CreatePostRequest::default()).await;
            answer.map_or_else(|status| status.code(), |_| Code::Ok)
        } else {
            let answer = community.get_member(GetMemberRequest::default()).await;
            answer.map_or_else(|status| status.code(), |_| Code::Ok)
        }
    };
    let mut left = fates.iter().copied();
    let code = tokio::select! {
        () = serve(listener, &mut left) => unreachable!("it never ends"),
        code = call => code,
    };
    assert_eq!(left.next(), None, "fewer calls than there are fates");
    code
}

fn client(addresses: &[SocketAddr]) -> Client {
    let addresses = addresses.iter().map(|address| format!("http://{address}"));
    Client::builder(addresses, || 0.5).build().unwrap()
}

#[tokio::test]
async fn a_write_that_the_server_did_not_begin_is_sent_again() {
    assert_eq!(
        code_of(true, &[Fate::Refused, Fate::Answered]).await,
        Code::Ok
    );
}

#[tokio::test]
async fn a_write_whose_connection_was_lost_is_not() {
    assert_eq!(code_of(true, &[Fate::Lost]).await, Code::Unavailable);
}

#[tokio::test]
async fn a_read_is_sent_again_whatever_happened_to_it() {
    let fates = [Fate::Lost, Fate::Refused, Fate::Lost, Fate::Answered];
    assert_eq!(code_of(false, &fates).await, Code::Ok);
}

#[tokio::test]
async fn a_write_goes_to_the_address_that_is_there() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = [gone.local_addr().unwrap(), here.local_addr().unwrap()];
    drop(gone);
    let client = client(&addresses);
    let calls = async {
        for _ in 0..5 {
            let post = CreatePostRequest::default();
            client.community().create_post(post).await.unwrap();
        }
    };
    tokio::select! {
        () = serve(here, std::iter::repeat(Fate::Answered)) => unreachable!("it never ends"),
        () = calls => {}
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable_and_says_so() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let post = CreatePostRequest::default();
    let status = client(&[address])
        .community()
        .create_post(post)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status.message().starts_with("no connection to the service"),
        "{status}"
    );
}
