//! The console in a browser: headless Chromium, driven by playwright-core, judged by
//! axe-core.

use std::path::Path;
use std::process::Command;

use integration_tests::sandbox::NETWORK_ID;
use integration_tests::tools;
use serde::Deserialize;
use serde_json::json;

use crate::console::{TOKEN, with_console};
use crate::projections::projected;
use crate::replaying::give_up_on_all;

/// Looks at nine pages in two widths and two colour schemes, and at the dry run once.
const LOOKS: usize = 9 * 4 + 1;

#[derive(Debug, Deserialize)]
struct Report {
    faults: Vec<String>,
    looked: Vec<Look>,
}

#[derive(Debug, Deserialize)]
struct Look {
    r#where: String,
    /// Rules of axe-core that were kept.
    rules: usize,
}

#[tokio::test]
async fn every_page_can_be_read_and_used_in_light_and_dark_on_screens_of_both_sizes() {
    let mut sandbox = with_console().start().await;
    let world = sandbox.fake.world().await;
    let member = world.text("/members/0/id");
    for number in 0..4 {
        let body = json!({
            "networkId": NETWORK_ID, "context": "NETWORK", "currentSettings": [],
            "type": "SUBSCRIPTION",
            "data": {
                "id": format!("eeee000{number}"), "name": "post.published", "noun": "POST",
                "verb": "PUBLISHED", "time": "2026-01-02T03:04:05.678Z",
                "actor": { "id": member },
                "object": {
                    "id": format!("post{number}"), "title": "<script>alert(1)</script>",
                    "shortContent": format!("write to ada@example.com {}", "x".repeat(300)),
                },
            },
        });
        let taken = sandbox.clients.send_webhook(body.to_string()).await;
        assert_eq!(taken.status(), 200);
    }
    sandbox.forwarded().await;
    projected(&sandbox).await;
    sandbox.service.terminate().await;
    give_up_on_all(&sandbox);
    sandbox.service.restart().await;
    sandbox.ready().await;

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("console/pages.mjs");
    let mut node = Command::new(tools::tool("TEST_NODE"));
    node.arg(script)
        .current_dir(tools::tool("TEST_PAGE_TESTS"))
        .env("CONSOLE_URL", sandbox.service_admin_url("/console"))
        .env("CONSOLE_TOKEN", TOKEN)
        .env("CONSOLE_MEMBER", &member)
        .env("CHROMIUM", tools::tool("TEST_CHROMIUM"));
    let ran = tokio::task::spawn_blocking(move || tools::finish(&mut node));
    let ran = ran.await.unwrap();
    assert!(ran.succeeded, "{}\n{}", ran.stdout, ran.stderr);
    let report: Report = serde_json::from_str(&ran.stdout).unwrap();
    assert!(report.faults.is_empty(), "{:#?}", report.faults);
    assert_eq!(report.looked.len(), LOOKS, "{:?}", report.looked);
    for look in &report.looked {
        assert!(
            look.rules >= 10,
            "axe-core hardly looked at {}",
            look.r#where
        );
    }
}
