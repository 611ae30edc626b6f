//! What is refused, and that nothing of it reaches the sink or tells too much.

use futures::stream;
use http_body::Frame;
use http_body_util::StreamBody;

use super::*;

/// Asks, and makes sure that nothing was stored.
async fn refused(door: &Door, request: Request<Body>) -> Answer {
    let answer = door.ask(request).await;
    assert!(door.kept().is_empty());
    answer
}

fn chunked(chunks: Vec<&'static [u8]>) -> Body {
    let frames = chunks
        .into_iter()
        .map(|chunk| Ok(Frame::data(Bytes::from_static(chunk))));
    StreamBody::new(stream::iter(frames)).boxed()
}

#[tokio::test]
async fn a_missing_signature_is_401_without_a_reason() {
    let door = Door::new();
    let bare = request("POST", PATH).body(body_of(MEMBER_CREATED)).unwrap();
    let answer = refused(&door, bare).await;
    assert_eq!((answer.status, answer.body.as_str()), (401, ""));
    assert!(door.counted(r#"{outcome="refused",reason="missing"} 1"#));
}

#[tokio::test]
async fn a_wrong_signature_is_the_same_401() {
    let door = Door::new();
    let mut wrong = signed(PATH, MEMBER_CREATED.as_bytes(), NOW_MS);
    *wrong.body_mut() = body_of(MEMBER_CREATED.replace("Grace", "Mallory"));
    let answer = refused(&door, wrong).await;
    assert_eq!((answer.status, answer.body.as_str()), (401, ""));
    assert!(door.counted(r#"{outcome="refused",reason="mismatch"} 1"#));
}

#[tokio::test]
async fn too_old_and_too_new_are_the_same_401() {
    let door = Door::new();
    for (timestamp, reason) in [(NOW_MS - 900_001, "too_old"), (NOW_MS + 900_001, "too_new")] {
        let request = signed(PATH, MEMBER_CREATED.as_bytes(), timestamp);
        let answer = refused(&door, request).await;
        assert_eq!((answer.status, answer.body.as_str()), (401, ""));
        assert!(door.counted(&format!(r#"{{outcome="refused",reason="{reason}"}} 1"#)));
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_401_unsigned_and_400_signed() {
    let door = Door::new();
    let unsigned = request("POST", PATH).body(body_of("<html>")).unwrap();
    assert_eq!(refused(&door, unsigned).await.status, 401);
    let answer = refused(&door, signed(PATH, b"<html>", NOW_MS)).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.body,
        r#"{"errorCode":400,"errorMessage":"the body is not a JSON object","status":"FAILED"}"#
    );
}

#[tokio::test]
async fn a_trial_without_a_challenge_is_400() {
    let door = Door::new();
    let answer = refused(&door, signed(PATH, br#"{"type":"TEST"}"#, NOW_MS)).await;
    assert_eq!(answer.status, 400);
    assert!(door.counted(r#"{outcome="invalid",reason="no_challenge"} 1"#));
}

#[tokio::test]
async fn a_foreign_network_is_403_without_a_reason() {
    let door = Door::with(FakeSink::default(), |edge| {
        edge.network = Some(NetworkId::new("ANOTHER001"));
    });
    let request = signed(PATH, MEMBER_CREATED.as_bytes(), NOW_MS);
    let answer = refused(&door, request).await;
    assert_eq!((answer.status, answer.body.as_str()), (403, ""));
}

#[tokio::test]
async fn an_announced_body_over_the_limit_is_413_before_it_is_read() {
    let door = Door::new();
    let never_read = StreamBody::new(stream::pending()).boxed();
    let request = request("POST", PATH)
        .header("content-length", (BODY_LIMIT + 1).to_string())
        .body(never_read)
        .unwrap();
    assert_eq!(refused(&door, request).await.status, 413);
    assert!(door.counted(r#"{outcome="too_large",reason=""} 1"#));
}

#[tokio::test]
async fn a_chunked_body_is_413_at_the_limit_and_not_read_further() {
    const CHUNK: &[u8] = &[b' '; 64 * 1024];
    let door = Door::new();
    // Seventeen chunks pass the limit; whoever asks for an eighteenth waits forever.
    let chunks = stream::iter((0..17).map(|_| Ok(Frame::data(Bytes::from_static(CHUNK)))));
    let body = StreamBody::new(futures::StreamExt::chain(chunks, stream::pending())).boxed();
    let request = request("POST", PATH).body(body).unwrap();
    assert_eq!(refused(&door, request).await.status, 413);
}

#[tokio::test]
async fn a_chunked_body_without_a_length_is_taken() {
    let door = Door::new();
    let mut request = signed(PATH, br#"{"type":"X"}"#, NOW_MS);
    *request.body_mut() = chunked(vec![br#"{"ty"#, br#"pe":"X"}"#]);
    assert_eq!(door.ask(request).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_408() {
    let door = Door::new();
    let body = StreamBody::new(stream::pending()).boxed();
    let request = request("POST", PATH).body(body).unwrap();
    assert_eq!(refused(&door, request).await.status, 408);
}

#[tokio::test]
async fn a_service_that_is_down_is_503_with_retry_after() {
    let door = Door::with(
        FakeSink {
            is_down: true,
            ..FakeSink::default()
        },
        |_| {},
    );
    let answer = door.post(PATH, MEMBER_CREATED).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(
        answer.body,
        r#"{"errorCode":503,"errorMessage":"try again later","status":"FAILED"}"#
    );
    assert!(door.counted(r#"{outcome="backend_down",reason=""} 1"#));
}

#[tokio::test]
async fn bodies_that_find_no_room_beside_others_are_503() {
    let door = Door::with(
        FakeSink {
            hangs: true,
            ..FakeSink::default()
        },
        // Room for this body once.
        |edge| edge.memory = Memory::of(MEMBER_CREATED.len().div_ceil(1024)),
    );
    let waiting = door.post(PATH, MEMBER_CREATED);
    let next = door.post(PATH, MEMBER_CREATED);
    tokio::select! {
        // In this order: the first one takes the room.
        biased;
        answer = waiting => panic!("a hanging sink answered: {answer:?}"),
        answer = next => assert_eq!((answer.status, answer.header("retry-after")), (503, "5")),
    }
    assert!(door.counted(r#"{outcome="overloaded",reason=""} 1"#));
}

#[tokio::test]
async fn other_methods_are_405_and_name_the_right_one() {
    let door = Door::new();
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = refused(&door, request(method, PATH).body(body_of("")).unwrap()).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, "POST"),
            "{method}"
        );
    }
    let answer = refused(&door, request("POST", "/health").body(body_of("")).unwrap()).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
}

#[tokio::test]
async fn unknown_paths_are_404() {
    let door = Door::new();
    for path in [
        "/",
        "/webhooks",
        "/webhooks/bettermode/other",
        "/webhooks/bettermode/member/1",
        "/webhooks/Bettermode",
        "/metrics",
        "/readyz",
        "/health/x",
    ] {
        let answer = refused(&door, signed(path, MEMBER_CREATED.as_bytes(), NOW_MS)).await;
        assert_eq!((answer.status, answer.body.as_str()), (404, ""), "{path}");
    }
}

#[tokio::test]
async fn a_switched_off_integration_has_no_webhook_paths_and_says_disabled() {
    let door = Door::with(FakeSink::default(), |edge| {
        edge.intake = None;
        edge.health = Arc::new(Health::new(false, Arc::new(FakeService), None));
    });
    for path in ["", "/member", "/activity", "/event"] {
        let request = signed(&format!("{PATH}{path}"), MEMBER_CREATED.as_bytes(), NOW_MS);
        assert_eq!(refused(&door, request).await.status, 404);
    }
    let answer = door
        .ask(request("GET", "/health").body(body_of("")).unwrap())
        .await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.body.starts_with(r#"{"status":"disabled""#),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn health_is_503_and_tells_no_cause_while_the_service_is_gone() {
    let door = Door::new();
    let answer = door
        .ask(request("GET", "/health").body(body_of("")).unwrap())
        .await;
    assert_eq!(answer.status, 503);
    assert!(
        answer.body.contains(r#""community_svc":{"status":"down"}"#),
        "{}",
        answer.body
    );
    assert!(!answer.body.contains("refused"), "{}", answer.body);
}
