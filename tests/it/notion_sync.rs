//! `notion-sync` as it is run: the built program between a real service and a fake Notion.

use community_proto::v1::ListMembersRequest;
use integration_tests::notion::NOTION_TOKEN;
use integration_tests::{Notion, Sandbox, eventually};
use serde_json::{Value, json};

use crate::activities::webhook;

async fn members_of(sandbox: &Sandbox) -> usize {
    let mut client = sandbox.clients.community();
    let request = ListMembersRequest {
        page_size: 100,
        ..ListMembersRequest::default()
    };
    let answer = client.list_members(request).await.unwrap().into_inner();
    assert_eq!(answer.next_page_token, "");
    answer.members.len()
}

/// Waits until every member has a row.
async fn filled(notion: &Notion, members: usize) {
    eventually("every member has a row", async || {
        match notion.rows(&notion.hub).await.len() {
            count if count == members => Ok(()),
            count => Err(format!("{count} of {members}: {}", notion.sync.log())),
        }
    })
    .await;
}

#[tokio::test]
async fn members_and_what_they_do_arrive_in_notion_and_survive_a_kill() {
    let sandbox = Sandbox::builder()
        .fake_setting("FAKE_BETTERMODE_NO_LIMITS", "true")
        .start()
        .await;
    let mut notion = Notion::start(&sandbox).await;
    let members = members_of(&sandbox).await;
    notion.sync.start().await;
    filled(&notion, members).await;

    // Somebody changes, and somebody posts: webhooks by way of edge and service.
    let world = sandbox.fake.world().await;
    let (first, second) = (world.text("/members/0/id"), world.text("/members/1/id"));
    let change = json!({ "name": "Countess of Lovelace" });
    sandbox
        .fake
        .post(&format!("/_fake/members/{first}"), &change)
        .await;
    let post = json!({ "id": "POST00000001", "createdById": second, "spaceId": "SPACE00000001" });
    let body = webhook("ev-1", "post.published", &second, 4, &post);
    assert_eq!(sandbox.clients.send_webhook(body).await.status(), 200);
    has_name(&notion, &first, "Countess of Lovelace").await;
    let row = eventually("the post has a row", async || {
        notion
            .row(&notion.activities, &format!(":activity:ev-1:{second}"))
            .await
    })
    .await;
    assert_eq!(row["properties"]["Kind"], "post.created");
    let member = notion.row(&notion.hub, &second).await.unwrap();
    assert_eq!(row["properties"]["Member"], json!([member["id"]]));

    // Killed like by a power cut; what happens meanwhile is made up for.
    notion.sync.kill();
    let change = json!({ "name": "Ada King" });
    sandbox
        .fake
        .post(&format!("/_fake/members/{first}"), &change)
        .await;
    sandbox.forwarded().await;
    notion.sync.restart().await;
    has_name(&notion, &first, "Ada King").await;
    assert_eq!(
        notion.rows(&notion.hub).await.len(),
        members,
        "no row twice"
    );

    assert_eq!(notion.sync.terminate().await.code(), Some(0));
    let lines = notion.sync.lines();
    assert!(lines.len() > 5, "{lines:?}");
    for line in lines {
        for secret in [NOTION_TOKEN, "@example"] {
            assert!(!line.contains(secret), "{secret:?} is in {line:?}");
        }
    }
}

async fn has_name(notion: &Notion, member: &str, name: &str) {
    eventually("the row has the new name", async || {
        let row = notion.row(&notion.hub, member).await?;
        let has = &row["properties"]["Member Name"];
        if has == name {
            Ok(())
        } else {
            Err(format!("it has {has}"))
        }
    })
    .await;
}

#[tokio::test]
async fn readiness_and_metrics_tell_how_it_goes() {
    let sandbox = Sandbox::builder()
        .fake_setting("FAKE_BETTERMODE_NO_LIMITS", "true")
        .start()
        .await;
    let mut notion = Notion::start(&sandbox).await;
    let members = members_of(&sandbox).await;
    notion.sync.start().await;
    filled(&notion, members).await;
    let http = sandbox.clients.http();
    eventually("it says ready", async || {
        let answer = http.get(notion.admin_url("/readyz")).send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(answer.text().await.unwrap())
        }
    })
    .await;
    eventually("the rows are counted", async || {
        let answer = http.get(notion.admin_url("/metrics")).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let wanted =
            format!("notion_sync_rows_total{{source=\"members\",outcome=\"made\"}} {members}");
        if text.contains(&wanted) {
            Ok(())
        } else {
            Err(text)
        }
    })
    .await;
    let fault = json!({});
    notion.fake.post("/_fake/faults/status_401", &fault).await;
    let world = sandbox.fake.world().await;
    let id = world.text("/members/0/id");
    let change = json!({ "name": "Somebody Else" });
    sandbox
        .fake
        .post(&format!("/_fake/members/{id}"), &change)
        .await;
    eventually("it says why it is not ready", async || {
        let answer = http.get(notion.admin_url("/readyz")).send().await.unwrap();
        let text = answer.text().await.unwrap();
        if text.contains("NOTION_API_TOKEN") {
            Ok(())
        } else {
            Err(text)
        }
    })
    .await;
    notion.fake.clear_faults().await;
    has_name(&notion, &id, "Somebody Else").await;
}

#[tokio::test]
async fn a_second_writer_is_refused_and_columns_that_do_not_fit_too() {
    let sandbox = Sandbox::builder()
        .fake_setting("FAKE_BETTERMODE_NO_LIMITS", "true")
        .start()
        .await;
    let mut notion = Notion::start(&sandbox).await;
    let members = members_of(&sandbox).await;
    notion.sync.start().await;
    filled(&notion, members).await;
    let mut second = notion.sync.another(&[]).arg("reconcile");
    assert_eq!(second.run_to_end().await.code(), Some(1));
    assert!(
        second.log().contains("another notion-sync writes"),
        "{}",
        second.log()
    );
    notion.sync.terminate().await;

    let mut again = notion.sync.another(&[]).arg("reconcile");
    assert_eq!(again.run_to_end().await.code(), Some(0), "{}", again.log());
    assert!(
        again.log().contains("0 requests to Notion wrote"),
        "{}",
        again.log()
    );

    let drop = json!({ "drop": ["Role"] });
    notion
        .fake
        .post(
            &format!("/_fake/data_sources/{}/columns", notion.hub),
            &drop,
        )
        .await;
    let mut refused = notion.sync.another(&[]).arg("run");
    assert_eq!(refused.run_to_end().await.code(), Some(78));
    assert!(
        refused.log().contains("\\\"Role\\\" is missing"),
        "{}",
        refused.log()
    );
    let mut check = notion.sync.another(&[]).arg("check");
    assert_eq!(check.run_to_end().await.code(), Some(1));
    assert!(check.log().contains("missing  \"Role\""), "{}", check.log());
    let columns = notion.fake.get("/_fake/world").await;
    assert_eq!(
        columns.pointer("/databases/0/data_sources/0/columns/Role"),
        None::<&Value>
    );
}
