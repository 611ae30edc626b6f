//! Rows of Notion's Community Hub, told who is who: the last step of a move.
//!
//! It comes after everything else and stops nothing: what Notion does not take is said, and
//! the next `apply` or `resume` tries again. Rows that hold the id already cost no write.

use std::fmt::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use notion::link::{self, LinkColumns, LinkReport, Linked};
use notion::{Client, Config, DatabaseId};

use crate::Error;
use crate::config::NotionConfig;
use crate::key::Subject;
use crate::ledger::{Ledger, State};
use crate::people::Person;

/// What became of each row, for somebody who looks after the rest.
const FILE: &str = "notion_rows.csv";

/// How the rows are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubRows {
    /// A sentence for the report.
    pub note: String,
    /// Whether nothing is left that another run could do.
    pub is_complete: bool,
}

/// Writes the BetterMode id of everybody whom the ledger links into the person's row; `None`
/// where no Notion is set.
///
/// # Errors
/// When the ledger cannot be read or the table not written. What Notion refuses is in the
/// note.
pub async fn link_rows(
    config: &NotionConfig,
    columns: &LinkColumns,
    people: &[Person],
    ledger: &Ledger,
    work_dir: &Path,
    random: impl Fn() -> f64 + Send + Sync + 'static,
) -> Result<Option<HubRows>, Error> {
    let Some(client) = client(config, random) else {
        return Ok(None);
    };
    let people = linked_people(people, ledger)?;
    let mut table = "circle_member_id,bettermode_member_id,outcome\n".to_owned();
    let report = async {
        let (client, hub) = client?;
        let source = client
            .resolve(&hub)
            .await
            .map_err(|error| error.to_string())?;
        let linked = link::link(&client, &source, columns, &people, |person, linked| {
            let (circle, member) = (person.circle_member_id, &person.bettermode_member_id);
            // Writing to a text cannot fail.
            let _ = writeln!(table, "{circle},{member},{}", word(linked));
        });
        linked.await.map_err(|error| error.to_string())
    };
    let report: Result<LinkReport, String> = report.await;
    write(&work_dir.join(FILE), &table)?;
    Ok(Some(match report {
        Ok(report) => HubRows {
            note: sentence(&report),
            is_complete: report.failed == 0,
        },
        Err(error) => HubRows {
            note: format!(
                "Rows of Notion were not all linked: {error}. `circle-migrate resume` goes on there."
            ),
            is_complete: false,
        },
    }))
}

/// `None` without a token; what is wrong with the settings otherwise.
fn client(
    config: &NotionConfig,
    random: impl Fn() -> f64 + Send + Sync + 'static,
) -> Option<Result<(Client, DatabaseId), String>> {
    let token = config.token.clone()?;
    let client = || {
        let hub = config.community_hub.as_deref();
        let hub = hub.ok_or("NOTION_COMMUNITY_HUB_DB is not set")?;
        let hub = hub
            .parse()
            .map_err(|error| format!("NOTION_COMMUNITY_HUB_DB: {error}"))?;
        let mut settings = Config::new(token);
        if let Some(url) = &config.api_url {
            settings.api_url = url.clone();
        }
        let client = Client::new(settings, Arc::new(random)).map_err(|error| error.to_string())?;
        Ok((client, hub))
    };
    Some(client())
}

/// Everybody who is in both communities, as the ledger has it.
fn linked_people(people: &[Person], ledger: &Ledger) -> Result<Vec<link::Person>, Error> {
    let mut linked = Vec::new();
    for person in people {
        let entry = ledger.entry(Subject::Link, person.id.get())?;
        let done = entry.filter(|entry| entry.state == State::Done);
        if let Some(target) = done.and_then(|entry| entry.target) {
            linked.push(link::Person {
                email: person.raw_email.clone().unwrap_or_default(),
                circle_member_id: person.id.get(),
                bettermode_member_id: target.id,
            });
        }
    }
    Ok(linked)
}

fn word(linked: &Linked) -> &'static str {
    match linked {
        Linked::Written => "written",
        Linked::Unchanged => "unchanged",
        Linked::NoRow => "no_row",
        Linked::Several(_) => "several_rows",
        Linked::Differs => "other_id",
        Linked::Failed(_) => "failed",
    }
}

fn sentence(report: &LinkReport) -> String {
    format!(
        "Rows of Notion's Community Hub, {} people: {} written, {} held the id already, {} people \
         have no row, {} have several rows, {} rows hold another id, {} failed; each is in {FILE}.",
        report.people(),
        report.written,
        report.unchanged,
        report.without_row,
        report.ambiguous,
        report.differing,
        report.failed
    )
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    use std::io::Write as _;
    let failed = |source| Error::File {
        attempt: "write",
        path: path.to_owned(),
        source,
    };
    let mut options = std::fs::OpenOptions::new();
    let file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(failed)
}
