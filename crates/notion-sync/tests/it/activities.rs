//! Rows of activities.

use std::time::Duration;

use jiff::ToSpan as _;
use notion_sync::mapping::{self, Mapping};
use serde_json::json;

use crate::bench::{Bench, column, fill};

#[tokio::test(start_paused = true)]
async fn an_activity_gets_a_row_that_leads_to_the_member() {
    let bench = Bench::new().await;
    bench.community.add_members(2);
    let engine = bench.engine().await;
    fill(&engine).await;
    let now = bench.now();
    let event = bench.community.happens(1, "post.created", now, now);
    // The same event twice, as after a broken stream.
    bench.arrive(&engine, vec![event.clone(), event]).await;
    bench.settle(&engine).await;
    let rows = bench.activity_rows().await;
    assert_eq!(rows.len(), 1);
    assert_eq!(column(&rows[0], "Activity"), "Post created");
    assert_eq!(
        column(&rows[0], "External ID"),
        "bettermode:net1:activity:e0:m1"
    );
    let member = bench.row_of(1).await;
    assert_eq!(column(&rows[0], "Member"), &json!([member["id"]]));
}

#[tokio::test(start_paused = true)]
async fn an_activity_of_somebody_without_a_row_is_written_without_a_member() {
    let bench = Bench::new().await;
    let engine = bench.engine().await;
    fill(&engine).await;
    let now = bench.now();
    let event = bench.community.happens(5, "reaction.added", now, now);
    bench.arrive(&engine, vec![event]).await;
    bench.settle(&engine).await;
    let rows = bench.activity_rows().await;
    assert_eq!(column(&rows[0], "Member"), &json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_activities_are_still_to_come_is_asked_about_again() {
    let bench = Bench::new().await;
    bench.community.add_members(1);
    let engine = bench.engine().await;
    fill(&engine).await;
    let now = bench.now();
    let event = bench.community.happens(0, "post.created", now, now);
    bench.community.world().due.insert(event.id.clone());
    bench.arrive(&engine, vec![event.clone()]).await;
    bench.settle(&engine).await;
    assert_eq!(bench.activity_rows().await.len(), 0);
    assert_eq!(engine.observe().await.unwrap().events, 1);
    bench.community.world().due.clear();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(engine.understand().await.unwrap(), 1);
    bench.settle(&engine).await;
    assert_eq!(bench.activity_rows().await.len(), 1);
    assert_eq!(engine.observe().await.unwrap().events, 0);
}

#[tokio::test(start_paused = true)]
async fn only_the_kinds_that_are_named_get_rows_and_all_count() {
    let mut bench = Bench::new().await;
    let kinds = "# kinds = [\"post.created\", \"reply.created\", \"event.scheduled\"]";
    let text = mapping::DEFAULT.replace(kinds, "kinds = [\"post.created\"]");
    bench.mapping = Mapping::parse(&text).unwrap();
    assert!(bench.mapping.kinds.is_some());
    bench.community.add_members(1);
    let now = bench.now();
    bench
        .community
        .happens(0, "post.created", now - 1.hour(), now);
    bench
        .community
        .happens(0, "reply.created", now - 1.hour(), now);
    let engine = bench.engine().await;
    fill(&engine).await;
    let event = bench.community.happens(0, "reply.created", now, now);
    bench.arrive(&engine, vec![event]).await;
    bench.settle(&engine).await;
    assert_eq!(bench.activity_rows().await.len(), 1);
    assert_eq!(column(&bench.row_of(0).await, "Replies"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn another_mapping_of_activities_writes_their_rows_again() {
    let mut bench = Bench::new().await;
    bench.community.add_members(1);
    let now = bench.now();
    for _ in 0..3 {
        bench.community.happens(0, "post.created", now, now);
    }
    fill(&bench.engine().await).await;
    let text = mapping::DEFAULT.replace("from = \"kind\"", "from = \"type\"");
    bench.mapping = Mapping::parse(&text).unwrap();
    fill(&bench.engine().await).await;
    let rows = bench.activity_rows().await;
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| column(row, "Kind") == "post"));
}
