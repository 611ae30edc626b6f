//! `notion-sync check`.

use notion_sync::check::Check;
use serde_json::json;

use crate::bench::{Bench, control};

async fn check(bench: &Bench, create: bool) -> (bool, String) {
    let (notion, mut out) = (bench.client(), Vec::new());
    let check = Check {
        notion: &notion,
        community: &bench.community,
        mapping: &bench.mapping,
        create,
        out: &mut out,
    };
    let fine = check
        .run(&bench.hub, bench.activities.as_ref())
        .await
        .unwrap();
    (fine, String::from_utf8(out).unwrap())
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_or_of_another_type_is_listed_and_nothing_is_made() {
    let bench = Bench::new().await;
    let path = format!("/data_sources/{}/columns", bench.hub_source);
    let change = json!({ "drop": ["Posts"] });
    control(&bench.fake, "POST", &path, change).await;
    let (fine, text) = check(&bench, false).await;
    assert!(!fine);
    for part in [
        "missing  \"Posts\" is missing; the mapping wants number",
        "never touched: Notes",
        "columns: 1 missing, 0 of another type",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert_eq!(bench.count("update_data_source").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_column_of_another_type_is_never_changed() {
    let bench = Bench::new().await;
    let path = format!("/data_sources/{}/columns", bench.hub_source);
    control(
        &bench.fake,
        "POST",
        &path,
        json!({ "drop": ["Posts", "Role"] }),
    )
    .await;
    control(
        &bench.fake,
        "POST",
        &path,
        json!({ "add": { "Role": "rich_text" } }),
    )
    .await;
    let (fine, text) = check(&bench, true).await;
    assert!(!fine);
    assert!(
        text.contains("WRONG    \"Role\" is rich_text, the mapping wants select"),
        "{text}"
    );
    assert!(text.contains("added    Posts"), "{text}");
    let world = control(&bench.fake, "GET", "/world", json!({})).await;
    let columns = &world["databases"][0]["data_sources"][0]["columns"];
    assert_eq!(
        (&columns["Role"], &columns["Posts"]),
        (&json!("rich_text"), &json!("number"))
    );
}

#[tokio::test(start_paused = true)]
async fn columns_are_made_when_asked_relations_among_them() {
    let bench = Bench::new().await;
    let path = format!("/data_sources/{}/columns", bench.activities_source);
    control(
        &bench.fake,
        "POST",
        &path,
        json!({ "drop": ["Member", "Sync Hash"] }),
    )
    .await;
    let (fine, text) = check(&bench, true).await;
    assert!(fine, "{text}");
    let (fine, text) = check(&bench, false).await;
    assert!(fine && text.contains("all columns are there"), "{text}");
    bench.engine().await;
}

#[tokio::test(start_paused = true)]
async fn a_check_without_the_service_says_so_first() {
    let bench = Bench::new().await;
    bench.community.world().is_away = true;
    let (fine, text) = check(&bench, false).await;
    assert!(!fine);
    assert!(
        text.contains("FAILED   community-svc cannot be reached"),
        "{text}"
    );
}
