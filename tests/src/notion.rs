//! `notion-sync` against `fake-notion`, beside a sandbox.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::fake::Fake;
use crate::program::Program;
use crate::sandbox::{NETWORK_ID, Sandbox};
use crate::{ports, tools};

/// The token that the fake demands.
pub const NOTION_TOKEN: &str = "ntn_sandbox_secret";

/// A workspace and the program that keeps it in step with the sandbox's community.
#[derive(Debug)]
pub struct Notion {
    /// Control of the fake.
    pub fake: Fake,
    /// `fake-notion`.
    pub fake_program: Program,
    /// `notion-sync`; not started.
    pub sync: Program,
    /// The data source of the members.
    pub hub: String,
    /// The data source of the activities.
    pub activities: String,
    admin: SocketAddr,
}

impl Notion {
    /// A running `fake-notion` with both databases, and a `notion-sync` that is not started.
    /// All columns of the default mapping are there, and one of people's own.
    pub async fn start(sandbox: &Sandbox) -> Self {
        let [fake_address, admin] = std::array::from_fn(|_| ports::free());
        let folder = sandbox.folder();
        let mut fake_program = Program::new(
            "fake-notion",
            &tools::built("fake-notion"),
            folder,
            &[fake_address],
        );
        fake_program.set_all(&[
            ("FAKE_NOTION_LISTEN", &fake_address.to_string()),
            ("FAKE_NOTION_TOKEN", NOTION_TOKEN),
            ("FAKE_NOTION_REQUESTS_PER_MINUTE", "0"),
            ("FAKE_NOTION_EMPTY", "true"),
        ]);
        fake_program.start().await;
        let fake = Fake::at(fake_address);
        let (hub_database, hub) = make(&fake, hub_columns()).await;
        let (activities_database, activities) = make(&fake, activity_columns(&hub)).await;
        let mut sync = Program::new(
            "notion-sync",
            &tools::built("notion-sync"),
            folder,
            &[admin],
        );
        let service = sandbox.clients.service_address();
        sync.set_all(&[
            ("NOTION_API_URL", &fake.url("")),
            ("NOTION_API_TOKEN", NOTION_TOKEN),
            ("NOTION_COMMUNITY_HUB_DB", &hub_database),
            ("NOTION_ACTIVITIES_DB", &activities_database),
            ("NOTION_SYNC_ADMIN_LISTEN", &admin.to_string()),
            ("NOTION_SYNC_REQUESTS_PER_SECOND", "500"),
            ("NOTION_SYNC_WINDOW_SECONDS", "1"),
            ("BETTERMODE_NETWORK_ID", NETWORK_ID),
            ("COMMUNITY_SVC_URL", &format!("http://{service}")),
            (
                "DATA_DIR",
                &folder.join("notion-sync").display().to_string(),
            ),
            ("LOG_FORMAT", "json"),
            ("RUST_BACKTRACE", "1"),
        ]);
        Self {
            fake,
            fake_program,
            sync,
            hub,
            activities,
            admin,
        }
    }

    /// A path of the admin port of `notion-sync`.
    #[must_use]
    pub fn admin_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.admin)
    }

    /// All rows of a data source, values as plain texts.
    pub async fn rows(&self, source: &str) -> Vec<Value> {
        let rows = self
            .fake
            .get(&format!("/_fake/data_sources/{source}/rows"))
            .await;
        rows.as_array().expect("a list of rows").clone()
    }

    /// The row whose key ends like this, where there is exactly one.
    ///
    /// # Errors
    /// How many there are.
    pub async fn row(&self, source: &str, end: &str) -> Result<Value, String> {
        let rows = self.rows(source).await;
        let key = |row: &Value| row["properties"]["External ID"].as_str().map(str::to_owned);
        let mut found: Vec<_> = rows
            .into_iter()
            .filter(|row| key(row).is_some_and(|key| key.ends_with(end)))
            .collect();
        match (found.pop(), found.len()) {
            (Some(row), 0) => Ok(row),
            (_, others) => Err(format!("{others} other rows have a key that ends in {end}")),
        }
    }
}

async fn make(fake: &Fake, columns: Value) -> (String, String) {
    let new = json!({ "title": "db", "data_sources": [{ "name": "rows", "columns": columns }] });
    let made = fake.post("/_fake/databases", &new).await;
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    (text(&made["id"]), text(&made["data_sources"]["rows"]))
}

fn hub_columns() -> Value {
    json!({
        "External ID": "rich_text", "Sync Hash": "rich_text", "Member Name": "title",
        "Member Email": "email", "BetterMode Member ID": "rich_text", "Join Date": "date",
        "Membership Status": "select", "Role": "select", "Primary Platform": "select",
        "Profile": "url", "Engagement Score": "number", "Last Active Date": "date",
        "Posts": "number", "Replies": "number", "Notes": "rich_text",
    })
}

fn activity_columns(hub: &str) -> Value {
    json!({
        "External ID": "rich_text", "Sync Hash": "rich_text", "Activity": "title",
        "Member": { "relation": hub }, "Kind": "select", "When": "date", "Link": "url",
    })
}
