//! What requests cost, and when they are too many.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Bench, config};
use crate::{FakeConfig, Limits};

const CHEAP: &str = "{ network { id } }";

async fn limited(limits: Limits) -> Bench {
    Bench::with(FakeConfig { limits, ..config() }).await
}

async fn cost(bench: &Bench, query: &str, variables: Value) -> u64 {
    let answer = bench.ask(query, variables).await;
    answer.data();
    answer.json["extensions"]["complexity"].as_u64().unwrap()
}

#[tokio::test]
async fn six_posts_with_two_lists_of_objects_cost_68_as_recorded_from_the_vendor() {
    let bench = Bench::new().await;
    let query = "query($limit: Int!) { posts(limit: $limit) {
        totalCount pageInfo { endCursor hasNextPage }
        nodes { id title status fields { key value } mappingFields { key type value } }
    } }";
    assert_eq!(cost(&bench, query, json!({ "limit": 6 })).await, 68);
}

#[tokio::test]
async fn the_price_follows_the_documented_formula() {
    let bench = Bench::new().await;
    let id = bench.text("/members/1/id");
    let cases = [
        // A hundred members with a role and a list of fields: 2 + 100 * (1 + 1 + 5).
        (
            "{ members(limit: 100) { nodes { id role { id } fields { key } } } }".to_owned(),
            702,
        ),
        // A hundred spaces with plain fields.
        (
            "{ spaces(limit: 100) { nodes { id name } } }".to_owned(),
            102,
        ),
        // Both forms of one page pay twice.
        (
            "{ spaces(limit: 10) { nodes { id } edges { cursor node { id } } } }".to_owned(),
            22,
        ),
        // A list of plain values costs one.
        (
            format!("{{ member(id: \"{id}\") {{ id blockedMemberIds }} }}"),
            2,
        ),
        // Fragments and aliases are counted where they stand.
        (
            format!(
                "{{ a: member(id: \"{id}\") {{ ...P }} b: member(id: \"{id}\") {{ ...P }} }}
                     fragment P on Member {{ role {{ id }} }}"
            ),
            4,
        ),
    ];
    for (query, price) in cases {
        assert_eq!(cost(&bench, &query, json!({})).await, price, "{query}");
    }
}

#[tokio::test]
async fn the_request_after_the_last_of_a_window_gets_429_until_the_window_is_over() {
    let bench = limited(Limits {
        burst_requests: 2,
        ..Limits::unlimited()
    })
    .await;
    let first = bench.ask(CHEAP, json!({})).await;
    assert_eq!(
        (
            first.header("x-quota-limit"),
            first.header("x-quota-remaining")
        ),
        ("2", "1")
    );
    bench.advance(Duration::from_secs(4));
    bench.ask(CHEAP, json!({})).await.data();
    let refused = bench.ask(CHEAP, json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.refusal().0), (429, "104"));
    assert_eq!(refused.header("retry-after"), "6");
    assert_eq!(refused.header("x-quota-type"), "Request");
    assert_eq!(refused.header("x-quota-duration"), "10");
    assert_eq!(refused.header("x-quota-remaining"), "0");
    assert_eq!(
        refused.header("x-quota-resets-at"),
        "2026-03-01T12:00:10.000Z"
    );
    bench.advance(Duration::from_secs(6));
    bench.ask(CHEAP, json!({})).await.data();
}

#[tokio::test]
async fn complexity_has_a_window_of_its_own() {
    let bench = limited(Limits {
        burst_complexity: 100,
        ..Limits::unlimited()
    })
    .await;
    let costly = "{ spaces(limit: 98) { nodes { id } } }";
    bench.ask(costly, json!({})).await.data();
    let refused = bench.ask(CHEAP, json!({})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("x-quota-type")),
        (429, "Complexity")
    );
    let counters = bench
        .control(http::Method::GET, "/_fake/counters", &Value::Null)
        .await;
    assert_eq!(counters.json["complexity"], 100);
    assert_eq!(counters.json["rejected"]["rateLimit"], 1);
}

#[tokio::test]
async fn what_the_burst_window_refuses_still_counts_for_the_day() {
    let bench = limited(Limits {
        burst_requests: 1,
        daily_requests: 3,
        ..Limits::unlimited()
    })
    .await;
    bench.ask(CHEAP, json!({})).await.data();
    for _ in 0..2 {
        assert_eq!(bench.ask(CHEAP, json!({})).await.status, 429);
    }
    bench.advance(Duration::from_secs(11));
    let refused: Answer = bench.ask(CHEAP, json!({})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("x-quota-duration")),
        (429, "86400")
    );
    bench.advance(Duration::from_secs(24 * 3600 - 11));
    bench.ask(CHEAP, json!({})).await.data();
}

#[tokio::test]
async fn the_same_numbers_can_be_asked_for() {
    let bench = limited(Limits::default()).await;
    let query = "{ apiRateLimitStats { consumableType limit consumedPoints remainingPoints duration resetsAt } }";
    let answer = bench.ask(query, json!({})).await;
    let burst = &answer.data()["apiRateLimitStats"][0];
    assert_eq!(burst["consumableType"], "Request");
    assert_eq!(
        (&burst["limit"], &burst["consumedPoints"]),
        (&json!(20.0), &json!(1.0))
    );
    assert_eq!(burst["resetsAt"], "2026-03-01T12:00:10.000Z");
}

#[tokio::test]
async fn a_document_beyond_the_announced_maximum_is_refused_only_where_that_is_asked_for() {
    let costly = "{ spaces(limit: 999) { nodes { id } } }";
    Bench::new().await.ask(costly, json!({})).await.data();
    let bench = limited(Limits {
        per_document: Some(1000),
        ..Limits::unlimited()
    })
    .await;
    let refused = bench.ask(costly, json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.refusal().0), (200, "118"));
}
