//! What came in is somewhere, as the metrics of both programs have it: through an outage,
//! a kill, and copies that come again.

use std::collections::BTreeMap;

use integration_tests::sandbox::NETWORK_ID;
use integration_tests::{Sandbox, eventually};
use serde_json::json;

use crate::projections::projected;

fn webhook(number: u32) -> String {
    json!({
        "type": "SUBSCRIPTION", "networkId": NETWORK_ID,
        "data": { "id": format!("{number:032x}"), "name": "post.published", "noun": "POST" },
    })
    .to_string()
}

/// Every series of a family, by its labels as they are written.
async fn family(sandbox: &Sandbox, url: &str, name: &str) -> BTreeMap<String, i64> {
    let answer = sandbox.clients.http().get(url).send().await.unwrap();
    let text = answer.text().await.unwrap();
    let series = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let (labels, value) = rest.rsplit_once(' ')?;
        (labels.is_empty() || labels.starts_with('{'))
            .then(|| (labels.to_owned(), value.parse().unwrap()))
    });
    series.collect()
}

async fn at_rest(sandbox: &Sandbox) {
    let (edge, service) = (
        sandbox.edge_admin_url("/metrics"),
        sandbox.service_admin_url("/metrics"),
    );
    eventually("both programs account for all", async || {
        let mut left = family(sandbox, &edge, "webhook_edge_unaccounted").await;
        left.extend(family(sandbox, &service, "webhook_events_unaccounted").await);
        if left.len() == 3 && left.values().all(|left| *left == 0) {
            Ok(())
        } else {
            Err(format!("{left:?}"))
        }
    })
    .await;
}

#[tokio::test]
async fn the_law_holds_over_an_outage_a_kill_and_copies_and_says_where_each_webhook_is() {
    let mut sandbox = Sandbox::start().await;
    let edge = sandbox.edge_admin_url("/metrics");
    let service = sandbox.service_admin_url("/metrics");
    sandbox.service.kill();
    for number in [1, 2, 3, 4, 2, 2] {
        let answer = sandbox.clients.send_webhook(webhook(number)).await;
        assert_eq!(answer.status(), 200);
    }
    let terms = |given: &[(&str, i64)]| -> BTreeMap<String, i64> {
        let all = [
            "found",
            "accepted",
            "duplicate",
            "stored",
            "known",
            "waiting",
            "dead",
        ];
        let of = |term: &str| given.iter().find(|(name, _)| *name == term);
        let count = |term: &str| of(term).map_or(0, |(_, count)| *count);
        all.map(|term| (format!("{{term=\"{term}\"}}"), count(term)))
            .into()
    };
    let found = family(&sandbox, &edge, "webhook_edge_conservation").await;
    let waiting = [("accepted", 6), ("duplicate", 2), ("waiting", 4)];
    assert_eq!(found, terms(&waiting));
    let left = family(&sandbox, &edge, "webhook_edge_unaccounted").await;
    assert_eq!(left.into_values().collect::<Vec<_>>(), [0]);

    // Counts begin anew; what waits is found.
    sandbox.edge.restart().await;
    sandbox.clients.send_webhook_until_taken(&webhook(5)).await;
    sandbox.service.start().await;
    sandbox.forwarded().await;
    projected(&sandbox).await;
    at_rest(&sandbox).await;
    let found = family(&sandbox, &edge, "webhook_edge_conservation").await;
    let carried = [("found", 4), ("accepted", 1), ("stored", 5)];
    assert_eq!(found, terms(&carried));
    let found = family(&sandbox, &service, "webhook_events_conservation").await;
    let of = |stage: &str, term: &str| found[&format!("{{stage=\"{stage}\",term=\"{term}\"}}")];
    assert_eq!((of("ingest", "received"), of("ingest", "stored")), (5, 5));
    // Three projections of each.
    assert_eq!((of("project", "taken"), of("project", "done")), (15, 15));
}
