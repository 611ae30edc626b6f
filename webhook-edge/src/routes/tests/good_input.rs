//! What is taken, and how it is answered.

use super::*;

#[tokio::test]
async fn an_event_is_stored_and_answered_in_the_vendors_shape() {
    let door = Door::new();
    let answer = door.post(PATH, MEMBER_CREATED).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.body,
        r#"{"data":{},"status":"SUCCEEDED","type":"SUBSCRIPTION"}"#
    );
    let kept = door.kept();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].body, MEMBER_CREATED);
    assert_eq!(kept[0].received_at.as_millisecond(), NOW_MS);
    assert!(door.counted(r#"webhook_edge_webhooks_total{outcome="accepted",reason=""} 1"#));
    assert!(door.counted(r#"webhook_edge_events_total{noun="MEMBER"} 1"#));
    assert!(door.counted(r#"webhook_edge_http_requests_total{route="webhooks",code="200"} 1"#));
    assert!(door.counted("webhook_edge_verify_seconds_count 1"));
}

#[tokio::test]
async fn every_path_of_the_guide_takes_webhooks_and_is_noted() {
    let door = Door::new();
    for path in ["", "/member", "/activity", "/event"] {
        let path = format!("{PATH}{path}");
        let body = format!(
            r#"{{"type":"SUBSCRIPTION","data":{{"id":"{}"}}}}"#,
            path.len()
        );
        assert_eq!(door.post(&path, body).await.status, 200, "{path}");
        assert_eq!(door.kept().last().unwrap().path, path);
    }
}

#[tokio::test]
async fn a_repeat_is_answered_like_the_first_and_stored_once() {
    let door = Door::new();
    let first = door.post(PATH, MEMBER_CREATED).await;
    let second = door.post(PATH, MEMBER_CREATED).await;
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(first.body, second.body);
    assert_eq!(door.kept().len(), 1);
    assert!(door.counted(r#"webhook_edge_webhooks_total{outcome="duplicate",reason=""} 1"#));
}

#[tokio::test]
async fn a_trial_gets_its_challenge_back_and_is_not_stored() {
    let door = Door::new();
    let answer = door
        .post(PATH, include_str!("../../../fixtures/test_challenge.json"))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        r#"{"data":{"challenge":"0123456789abcdef0123456789abcdef01234567"},"status":"SUCCEEDED","type":"TEST"}"#
    );
    assert!(door.kept().is_empty());
}

#[tokio::test]
async fn installing_and_uninstalling_are_stored_and_answered_with_their_type() {
    let door = Door::new();
    for envelope_type in ["APP_INSTALLED", "APP_UNINSTALLED"] {
        let answer = door
            .post(PATH, format!(r#"{{"type":"{envelope_type}","data":{{}}}}"#))
            .await;
        assert_eq!(answer.status, 200);
        let expected = format!(r#""status":"SUCCEEDED","type":"{envelope_type}""#);
        assert!(answer.body.contains(&expected), "{}", answer.body);
        assert_eq!(door.kept().last().unwrap().event_type, envelope_type);
    }
}

#[tokio::test]
async fn unknown_types_nouns_and_verbs_are_stored_as_they_came_and_counted() {
    let door = Door::new();
    let body = include_str!("../../../fixtures/unknown_kind.json");
    assert_eq!(door.post(PATH, body).await.status, 200);
    assert_eq!(door.post(PATH, r#"{"type":"BRAND_NEW"}"#).await.status, 200);
    let kept = door.kept();
    assert_eq!(kept[0].body, body);
    assert_eq!(kept[1].event_type, "BRAND_NEW");
    assert!(door.counted(r#"webhook_edge_events_total{noun="other"} 2"#));
    for part in ["type", "noun", "verb"] {
        assert!(door.counted(&format!(r#"webhook_edge_unknown_total{{part="{part}"}} 1"#)));
    }
}

#[tokio::test]
async fn the_flat_format_is_taken_too() {
    let door = Door::new();
    let flat = include_str!("../../../fixtures/flat_member_created.json");
    let answer = door.post("/webhooks/bettermode/member", flat).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        r#"{"data":{},"status":"SUCCEEDED","type":"member.created"}"#
    );
    assert_eq!(door.kept()[0].body, flat);
}

#[tokio::test]
async fn the_content_type_does_not_matter() {
    let door = Door::new();
    let mut request = signed(PATH, MEMBER_CREATED.as_bytes(), NOW_MS);
    request
        .headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(door.ask(request).await.status, 200);
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_taken() {
    let door = Door::new();
    let frame = r#"{"type":"SUBSCRIPTION","data":{"id":"1"},"x":""}"#.len();
    let body = format!(
        r#"{{"type":"SUBSCRIPTION","data":{{"id":"1"}},"x":"{}"}}"#,
        "x".repeat(BODY_LIMIT - frame)
    );
    assert_eq!(body.len(), BODY_LIMIT);
    assert_eq!(door.post(PATH, body).await.status, 200);
}

#[tokio::test]
async fn webhooks_of_the_configured_network_are_taken() {
    let door = Door::with(FakeSink::default(), |edge| {
        edge.network = Some(NetworkId::new("NETWORK001"));
    });
    assert_eq!(door.post(PATH, MEMBER_CREATED).await.status, 200);
    let flat = include_str!("../../../fixtures/flat_member_created.json");
    assert_eq!(door.post(PATH, flat).await.status, 200);
}

#[tokio::test]
async fn while_unsigned_webhooks_are_allowed_even_a_wrong_signature_is_ignored() {
    let door = Door::with(FakeSink::default(), |edge| {
        edge.intake = Some(Intake::Unsigned);
    });
    let bare = request("POST", PATH).body(body_of(MEMBER_CREATED)).unwrap();
    assert_eq!(door.ask(bare).await.status, 200);
    let wrong = request("POST", PATH)
        .header("X-BetterMode-Signature", "wrong")
        .body(body_of(r#"{"type":"X"}"#))
        .unwrap();
    assert_eq!(door.ask(wrong).await.status, 200);
    assert_eq!(door.kept().len(), 2);
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_our_own() {
    let door = Door::new();
    let mut request = signed(PATH, MEMBER_CREATED.as_bytes(), NOW_MS);
    request
        .headers_mut()
        .insert("x-request-id", "chosen-by-a-stranger".parse().unwrap());
    let answer = door.ask(request).await;
    assert_eq!(answer.header("x-request-id"), format!("{NOW_MS:x}-0"));
}

#[tokio::test]
async fn the_secret_in_use_and_the_senders_clock_are_told_apart_from_any_secret() {
    let door = Door::with(FakeSink::default(), |edge| {
        let keys = format!("a-secret-of-before,{SECRET}");
        edge.intake = Some(Intake::Signed(Keys::parse(&keys.into()).unwrap()));
        edge.metrics.secrets("bettermode", 2);
    });
    let send = async |skew_ms| {
        let request = signed(PATH, MEMBER_CREATED.as_bytes(), NOW_MS - skew_ms);
        door.ask(request).await.status
    };
    assert_eq!(send(2_500).await, 200);
    // Beyond the window the signature held all the same.
    assert_eq!(send(-7_200_000).await, 401);
    let used = "webhook_edge_secret_last_used_timestamp_seconds{scheme=\"bettermode\",secret";
    assert!(door.counted(&format!("{used}=\"1\"}} 0.0\n")));
    assert!(door.counted(&format!("{used}=\"2\"}} {}.0\n", NOW_MS / 1000)));
    let skew = "webhook_edge_sender_skew_seconds";
    assert!(door.counted(&format!("{skew}_sum{{direction=\"behind\"}} 2.5\n")));
    assert!(door.counted(&format!("{skew}_sum{{direction=\"ahead\"}} 7200.0\n")));
    assert!(door.counted(&format!("{skew}_count{{direction=\"ahead\"}} 1\n")));
}
