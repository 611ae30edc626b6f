use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

fn options() -> Options {
    Options {
        user_agent: "test",
        timeout: Duration::from_secs(5),
        max_response_bytes: 1024,
    }
}

/// Sends one request to a server that answers with these bytes and hangs up;
/// gives back the result and what the server read.
async fn exchange(
    answer: &str,
    change: impl FnOnce(&mut Options),
) -> (Result<Response<Bytes>, TransportError>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut options = options();
    change(&mut options);
    let transport = Transport::https(options).unwrap();
    let request = Request::post(format!("http://{address}/"))
        .body(Bytes::from("body"))
        .unwrap();
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"body") {
            stream.read_buf(&mut read).await.unwrap();
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        String::from_utf8(read).unwrap()
    };
    tokio::join!(transport.send(request), serve)
}

#[tokio::test]
async fn a_request_and_its_answer_pass_whole() {
    let answer = "HTTP/1.1 418 Teapot\r\nx-quota-limit: 20\r\ncontent-length: 4\r\n\r\nhigh";
    let (response, seen) = exchange(answer, |_| {}).await;
    let response = response.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.body().as_ref()),
        (418, b"high".as_slice())
    );
    assert_eq!(response.headers()["x-quota-limit"], "20");
    assert!(seen.starts_with("POST / HTTP/1.1\r\n"), "{seen}");
}

#[tokio::test]
async fn an_answer_over_the_limit_is_cut_off() {
    let answer = "HTTP/1.1 200 OK\r\n\r\n0123456789";
    let (response, _) = exchange(answer, |options| options.max_response_bytes = 9).await;
    assert_eq!(response.unwrap_err(), TransportError::TooLarge { limit: 9 });
    let (response, _) = exchange(answer, |options| options.max_response_bytes = 10).await;
    assert_eq!(response.unwrap().body().as_ref(), b"0123456789");
}

#[tokio::test]
async fn a_redirect_is_handed_back_and_not_followed() {
    let answer =
        "HTTP/1.1 307 Elsewhere\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let (response, _) = exchange(answer, |_| {}).await;
    assert_eq!(response.unwrap().status().as_u16(), 307);
}

#[tokio::test]
async fn an_answer_that_breaks_off_may_have_been_acted_on() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort"] {
        let (response, _) = exchange(answer, |_| {}).await;
        assert!(
            matches!(response, Err(TransportError::NoAnswer(_))),
            "{response:?}"
        );
    }
}

#[tokio::test]
async fn a_refused_connection_sent_nothing_and_the_error_names_no_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let transport = Transport::https(options()).unwrap();
    let request = Request::post(format!("http://id:s3cret@{address}/"))
        .body(Bytes::new())
        .unwrap();
    let error = transport.send(request).await.unwrap_err();
    assert!(matches!(error, TransportError::NotSent(_)), "{error:?}");
    let text = error.to_string();
    assert!(
        !text.contains("s3cret") && !text.contains(&address.to_string()),
        "{text}"
    );
}
