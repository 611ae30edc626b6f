//! Each fault switch, as a client meets it.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::Bench;

const CHEAP: &str = "{ network { id } }";

#[tokio::test]
async fn statuses_and_bodies_are_spoilt_as_often_as_asked_for() {
    let cases = [
        ("status_429", json!({ "count": 1, "value": 7 }), 429, "104"),
        ("status_5xx", json!({ "count": 1 }), 503, ""),
        ("status_5xx", json!({ "count": 1, "value": 500 }), 500, ""),
        ("html_body", json!({ "count": 1 }), 200, ""),
        ("status_401", json!({ "count": 1 }), 401, "108"),
        ("expired_token", json!({ "count": 1 }), 200, "108"),
        (
            "graphql_error_in_200",
            json!({ "count": 1, "value": 122 }),
            200,
            "122",
        ),
    ];
    let bench = Bench::new().await;
    for (name, setting, status, code) in cases {
        bench.fault(name, setting).await;
        let answer = bench.ask(CHEAP, json!({})).await;
        assert_eq!(answer.status, status, "{name}");
        if code.is_empty() {
            assert!(
                answer.text.starts_with("<!DOCTYPE html>"),
                "{name}: {}",
                answer.text
            );
            assert!(answer.header("content-type").starts_with("text/html"));
        } else {
            assert_eq!(answer.refusal().0, code, "{name}");
        }
        if name == "status_429" {
            assert_eq!(answer.header("retry-after"), "7");
        }
        bench.ask(CHEAP, json!({})).await.data();
    }
    let counters = bench
        .control(Method::GET, "/_fake/counters", &Value::Null)
        .await;
    assert_eq!(counters.json["rejected"]["fault"], 7);
    assert_eq!(counters.json["byOperation"]["network"], 14);
}

#[tokio::test]
async fn a_cut_answer_and_a_late_5xx_come_after_the_work_was_done() {
    let bench = Bench::new().await;
    let header = format!("Bearer {}", super::TOKEN);
    for (name, status) in [("cut_body", 200), ("status_5xx_after", 502)] {
        bench
            .fault(name, json!({ "count": 1, "operation": "createPost" }))
            .await;
        // Another operation passes.
        bench.ask(CHEAP, json!({})).await.data();
        let answer = bench.write(&header, name).await;
        assert_eq!(answer.status, status);
        assert!(answer.json.is_null(), "{}", answer.text);
        let world = bench
            .control(Method::GET, &format!("/_fake/world?q={name}"), &Value::Null)
            .await;
        assert_eq!(world.json["posts"].as_array().unwrap().len(), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn latency_delays_the_answer() {
    let bench = Bench::new().await;
    bench
        .fault("latency_ms", json!({ "count": 1, "value": 2500 }))
        .await;
    let before = tokio::time::Instant::now();
    bench.ask(CHEAP, json!({})).await.data();
    assert_eq!(before.elapsed(), Duration::from_millis(2500));
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_comes_after_the_work_was_done() {
    let bench = Bench::new().await;
    let header = format!("Bearer {}", super::TOKEN);
    let late = json!({ "count": 1, "value": 2500, "operation": "createPost" });
    bench.fault("late_answer_ms", late).await;
    let gives_up = tokio::time::timeout(
        Duration::from_secs(1),
        bench.write(&header, "Answered too late"),
    );
    assert!(gives_up.await.is_err());
    let world = bench
        .control(
            Method::GET,
            "/_fake/world?q=Answered%20too%20late",
            &Value::Null,
        )
        .await;
    assert_eq!(world.json["posts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn codes_can_be_numbers_and_errors_nested() {
    let bench = Bench::new().await;
    let unknown = "{ member(id: \"NOBODY0001\") { id } }";
    bench.fault("numeric_codes", json!({})).await;
    let answer = bench.ask(unknown, json!({})).await;
    assert_eq!(answer.json["errors"][0]["code"], 110);
    bench.fault("nested_errors", json!({})).await;
    let answer = bench.ask(unknown, json!({})).await;
    assert_eq!(answer.json["errors"][0]["errors"][0]["code"], 110);
    bench
        .control(Method::DELETE, "/_fake/faults", &Value::Null)
        .await;
    assert_eq!(bench.ask(unknown, json!({})).await.refusal().0, "110");
}

#[tokio::test]
async fn an_action_can_fail_in_a_200_without_errors() {
    let bench = Bench::new().await;
    bench.fault("action_failed", json!({ "count": 1 })).await;
    // What has no action does not use the fault up.
    bench.ask(CHEAP, json!({})).await.data();
    let query =
        "mutation($id: ID!) { addReaction(postId: $id, input: { reaction: \"+1\" }) { status } }";
    let variables = json!({ "id": bench.text("/posts/0/id") });
    let answer = bench.ask(query, variables.clone()).await;
    assert_eq!(answer.data()["addReaction"]["status"], "failed");
    assert_eq!(
        bench.ask(query, variables).await.data()["addReaction"]["status"],
        "succeeded"
    );
}

#[tokio::test]
async fn moderation_holds_a_post_until_it_is_let_through() {
    let bench = Bench::new().await;
    bench
        .fault(
            "moderation_hold",
            json!({ "count": 1, "operation": "createPost" }),
        )
        .await;
    let answer = bench
        .write(&format!("Bearer {}", super::TOKEN), "Held")
        .await;
    let post = &answer.data()["createPost"];
    assert_eq!(
        (&post["status"], &post["publishedAt"]),
        (&json!("BLOCKED"), &Value::Null)
    );
    let id = post["id"].as_str().unwrap();
    bench
        .post(&format!("/_fake/posts/{id}/publish"), Value::Null)
        .await;
    let deliveries = bench
        .control(Method::GET, "/_fake/deliveries", &Value::Null)
        .await;
    let names: Vec<&Value> = deliveries
        .json
        .as_array()
        .unwrap()
        .iter()
        .map(|d| &d["name"])
        .collect();
    let expected = [
        "post.created",
        "post.blocked",
        "moderation.created",
        "post.unblocked",
        "post.published",
        "moderation.rejected",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn an_unknown_fault_or_a_bad_setting_is_refused() {
    let bench = Bench::new().await;
    assert_eq!(
        bench.post("/_fake/faults/gremlins", json!({})).await.status,
        404
    );
    assert_eq!(
        bench
            .post("/_fake/faults/cut_body", json!({ "often": 3 }))
            .await
            .status,
        400
    );
    assert_eq!(
        bench
            .post("/_fake/faults/cut_body", json!({ "count": 0 }))
            .await
            .status,
        400
    );
}
