//! Calls that a generated client would not make, as plain HTTP/2.

use std::time::Duration;

use integration_tests::Sandbox;
use tonic::{Code, Status};

/// Sends one message of these bytes to a path, with these headers; how it ended. An
/// answer with a message is OK.
pub(crate) async fn call(
    sandbox: &Sandbox,
    path: &str,
    headers: &[(&str, &str)],
    message: Vec<u8>,
) -> Status {
    // The crypto provider is the harness's.
    let _client = sandbox.clients.http();
    let http = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    // A gRPC frame: not compressed, the length, the message.
    let mut body = vec![0];
    body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    body.extend(message);
    let url = format!("http://{}{path}", sandbox.clients.service_address());
    let mut request = http
        .post(url)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "gRPC errors are HTTP 200");
    Status::from_header_map(answer.headers()).unwrap_or_else(ok)
}

#[expect(
    clippy::disallowed_methods,
    reason = "stands for a success, not for an error of ours"
)]
fn ok() -> Status {
    Status::new(Code::Ok, "")
}
