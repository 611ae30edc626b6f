//! What Notion does that is odd, each by its name, as the sync meets it. Those of the client
//! alone are in the client's own tests.

use std::time::Duration;

use fake_notion::Fault;
use notion_sync::error::Error;
use notion_sync::mapping::{self, Mapping};
use serde_json::json;
use tokio::time::Instant;

use crate::bench::{Bench, column, control, fill};

#[tokio::test(start_paused = true)]
async fn a_529_while_members_are_written_delays_them_and_makes_none_twice() {
    let bench = Bench::new().await;
    bench.community.add_members(20);
    bench.fault(Fault::Status529, "create_page", Some(90), 2);
    let start = Instant::now();
    fill(&bench.engine().await).await;
    assert!(start.elapsed() >= Duration::from_secs(90));
    assert_eq!(bench.members().await.len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_409_while_members_are_written_is_tried_again() {
    let bench = Bench::new().await;
    bench.community.add_members(10);
    bench.fault(Fault::Status409After, "create_page", None, 3);
    fill(&bench.engine().await).await;
    assert_eq!(bench.members().await.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_timed_out_is_found_and_has_one_row() {
    let bench = Bench::new().await;
    bench.community.add_members(5);
    bench.fault(Fault::LateAnswerMs, "create_page", Some(100_000), 5);
    let engine = bench.engine().await;
    fill(&engine).await;
    assert_eq!(bench.members().await.len(), 5);
    let before = bench.requests().await;
    fill(&engine).await;
    assert_eq!(bench.requests().await, before);
}

#[tokio::test(start_paused = true)]
async fn an_outage_longer_than_the_patience_of_a_call_loses_nothing() {
    let bench = Bench::new().await;
    bench.community.add_members(8);
    bench.fault(Fault::Status5xxAfter, "create_page", Some(503), 40);
    bench.fault(Fault::Status5xx, "query", Some(503), 40);
    let engine = bench.engine().await;
    for _ in 0..20 {
        let _tried = engine.compare(false).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    fill(&engine).await;
    assert_eq!(bench.members().await.len(), 8, "none twice, none missing");
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_hash_means_zero_writes_even_after_what_is_remembered_was_lost() {
    let bench = Bench::new().await;
    bench.community.add_members(150);
    fill(&bench.engine().await).await;
    std::fs::remove_file(bench.folder.path().join("notion-sync.sqlite")).unwrap();
    for rest in ["-wal", "-shm"] {
        let _absent = std::fs::remove_file(
            bench
                .folder
                .path()
                .join(format!("notion-sync.sqlite{rest}")),
        );
    }
    let writes = bench.sent.lock().unwrap().len();
    fill(&bench.engine().await).await;
    assert_eq!(bench.sent.lock().unwrap().len(), writes);
    // Two pages of members, one of activities.
    assert_eq!(bench.count("query").await, 1 + 1 + 2 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_text_with_a_surrogate_pair_at_2000_arrives_whole() {
    let mut bench = Bench::new().await;
    let text = mapping::DEFAULT.replace(
        "\"Role\" = { from = \"role\", type = \"select\" }",
        "\"Notes\" = { from = \"tagline\", type = \"rich_text\" }",
    );
    bench.mapping = Mapping::parse(&text).unwrap();
    bench.community.add_members(1);
    let long = format!("{}\u{1F511}{}", "a".repeat(1_999), "b".repeat(3_000));
    bench
        .community
        .change(0, |member| member.tagline.clone_from(&long));
    fill(&bench.engine().await).await;
    assert_eq!(column(&bench.row_of(0).await, "Notes"), &json!(long));
}

#[tokio::test(start_paused = true)]
async fn a_comma_in_select_does_not_stop_a_row() {
    let mut bench = Bench::new().await;
    let change = json!({ "add": { "Interests": "multi_select" } });
    let path = format!("/data_sources/{}/columns", bench.hub_source);
    control(&bench.fake, "POST", &path, change).await;
    let line = "# \"Interests\" = { from = \"field.interests\", type = \"multi_select\" }";
    let text = mapping::DEFAULT.replace(line, &line[2..]);
    bench.mapping = Mapping::parse(&text).unwrap();
    bench.community.add_members(1);
    bench
        .community
        .change(0, |member| member.role = "Admin, retired".to_owned());
    fill(&bench.engine().await).await;
    let row = bench.row_of(0).await;
    assert_eq!(column(&row, "Role"), "Admin; retired");
    assert_eq!(column(&row, "Interests"), &json!(["Arts; Crafts", "Music"]));
}

#[tokio::test(start_paused = true)]
async fn a_multi_source_database_is_refused_by_name_until_a_data_source_is_named() {
    let mut bench = Bench::new().await;
    let columns = json!({ "Name": "title" });
    let two = json!({ "title": "Two", "data_sources": [
        { "name": "A", "columns": columns }, { "name": "B", "columns": columns },
    ]});
    let made = control(&bench.fake, "POST", "/databases", two).await;
    let hub = std::mem::replace(
        &mut bench.hub,
        made["id"].as_str().unwrap().parse().unwrap(),
    );
    let error = bench.try_engine().await.unwrap_err();
    assert!(
        matches!(error, Error::Notion(notion::Error::SeveralSources { .. })),
        "{error}"
    );
    // The id of a data source will do as well.
    bench.hub = bench.hub_source.parse().unwrap();
    bench.try_engine().await.unwrap();
    bench.hub = hub;
}

#[tokio::test(start_paused = true)]
async fn a_row_that_notion_refuses_does_not_stop_the_others() {
    let bench = Bench::new().await;
    bench.community.add_members(3);
    bench.community.change(1, |member| {
        member.email.0 = format!("{}@x.org", "a".repeat(300));
    });
    fill(&bench.engine().await).await;
    // Too long to be an address for Notion: the row is there without one.
    assert_eq!(column(&bench.row_of(1).await, "Member Email"), &json!(null));
    assert_eq!(bench.members().await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_and_a_full_workspace_stop_the_run_and_say_why() {
    for (fault, wanted) in [
        (Fault::Status401, "token"),
        (Fault::BlockLimit, "free plan"),
    ] {
        let bench = Bench::new().await;
        bench.community.add_members(3);
        bench.fault(fault, "create_page", None, 100);
        let error = bench.engine().await.compare(false).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
        assert!(!error.to_string().contains("@example.org"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_column_that_was_renamed_is_written_by_its_id_until_the_next_start() {
    let bench = Bench::new().await;
    bench.community.add_members(1);
    let engine = bench.engine().await;
    fill(&engine).await;
    let path = format!("/data_sources/{}/columns", bench.hub_source);
    let rename = json!({ "rename": { "Role": "Function" } });
    control(&bench.fake, "POST", &path, rename).await;
    bench
        .community
        .change(0, |member| member.role = "Admin".to_owned());
    fill(&engine).await;
    assert_eq!(column(&bench.row_of(0).await, "Function"), "Admin");
    let error = bench.try_engine().await.unwrap_err();
    assert!(error.to_string().contains("\"Role\" is missing"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_no_longer_connected_stops_the_run_and_loses_nothing() {
    let bench = Bench::new().await;
    bench.community.add_members(3);
    let engine = bench.engine().await;
    fill(&engine).await;
    let connect = async |connected: bool| {
        let path = format!("/databases/{}", bench.hub);
        control(
            &bench.fake,
            "POST",
            &path,
            json!({ "connected": connected }),
        )
        .await;
    };
    connect(false).await;
    bench
        .community
        .change(1, |member| member.role = "Admin".to_owned());
    let event = bench.community.announces("member.updated", 1, bench.now());
    bench.arrive(&engine, vec![event]).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let error = engine.settle_members().await.unwrap_err();
    assert!(error.to_string().contains("Connections"), "{error}");
    connect(true).await;
    bench.settle(&engine).await;
    assert_eq!(column(&bench.row_of(1).await, "Role"), "Admin");
}
