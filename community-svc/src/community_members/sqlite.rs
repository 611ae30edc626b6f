//! The record of members in the service's SQLite file: `community_members`.

use async_trait::async_trait;
use bettermode::MemberId;
use rusqlite::{OptionalExtension as _, Row, Transaction, named_params};
use service_kit::clock::SharedClock;

use super::{CircleLink, LinkOutcome, MemberChange, MemberRecord, MemberStore, Versioned};
use crate::stores::sqlite::{text, time};
use crate::stores::{SqliteFile, StoreError};

/// NULL is later than nothing, and nothing is later than NULL; `min` and `max`
/// with a NULL would be NULL.
const APPLY: &str = "
INSERT INTO community_members (
    bettermode_member_id, name, name_version, username, username_version, status,
    status_version, joined_at, last_event_at, created_at, updated_at
) VALUES (
    :member_id, :name, iif(:name IS NULL, NULL, :version),
    :username, iif(:username IS NULL, NULL, :version),
    :status, iif(:status IS NULL, NULL, :version), :joined_at, :occurred_at, :now, :now
) ON CONFLICT (bettermode_member_id) DO UPDATE SET
    name = iif(excluded.name_version > coalesce(name_version, ''), excluded.name, name),
    name_version = max(coalesce(name_version, excluded.name_version),
                       coalesce(excluded.name_version, name_version)),
    username =
        iif(excluded.username_version > coalesce(username_version, ''), excluded.username, username),
    username_version = max(coalesce(username_version, excluded.username_version),
                           coalesce(excluded.username_version, username_version)),
    status = iif(excluded.status_version > coalesce(status_version, ''), excluded.status, status),
    status_version = max(coalesce(status_version, excluded.status_version),
                         coalesce(excluded.status_version, status_version)),
    joined_at = min(coalesce(joined_at, excluded.joined_at),
                    coalesce(excluded.joined_at, joined_at)),
    last_event_at = max(coalesce(last_event_at, ''), excluded.last_event_at),
    updated_at = excluded.updated_at
WHERE excluded.name_version > coalesce(name_version, '')
   OR excluded.username_version > coalesce(username_version, '')
   OR excluded.status_version > coalesce(status_version, '')
   OR excluded.joined_at < coalesce(joined_at, '~')
   OR excluded.last_event_at > coalesce(last_event_at, '')";

/// Whose an id of Circle is.
const OWNER: &str =
    "SELECT bettermode_member_id FROM community_members WHERE circle_member_id = ?1";

/// Changes nothing for a member who has another id of Circle.
const LINK: &str = "
INSERT INTO community_members (bettermode_member_id, circle_member_id, created_at, updated_at)
VALUES (:member_id, :circle_member_id, :now, :now)
ON CONFLICT (bettermode_member_id) DO UPDATE SET
    circle_member_id = excluded.circle_member_id, updated_at = excluded.updated_at
WHERE circle_member_id IS NULL";

const SELECT: &str = "
SELECT circle_member_id, primary_platform, name, name_version, username, username_version, status,
       status_version, joined_at, last_event_at, updated_at
FROM community_members WHERE bettermode_member_id = ?1";

/// The record of members in SQLite.
#[derive(Debug)]
pub struct SqliteCommunityMembers {
    file: SqliteFile,
    clock: SharedClock,
}

impl SqliteCommunityMembers {
    /// In `file`.
    #[must_use]
    pub fn new(file: SqliteFile, clock: SharedClock) -> Self {
        Self { file, clock }
    }
}

#[async_trait]
impl MemberStore for SqliteCommunityMembers {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    async fn apply(&self, changes: &[MemberChange]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let (changes, now) = (changes.to_vec(), text(self.clock.now()));
        self.file
            .write("recording members", move |transaction| {
                changes
                    .iter()
                    .try_for_each(|change| apply(transaction, change, &now))
            })
            .await
    }

    async fn link(&self, links: &[CircleLink]) -> Result<Vec<LinkOutcome>, StoreError> {
        let (links, now) = (links.to_vec(), text(self.clock.now()));
        self.file
            .write("linking members", move |transaction| {
                links
                    .iter()
                    .map(|one| link(transaction, one, &now))
                    .collect()
            })
            .await
    }

    async fn get(&self, member: &MemberId) -> Result<Option<MemberRecord>, StoreError> {
        let id = member.clone();
        let row = self
            .file
            .read("reading the record of a member", move |connection| {
                connection
                    .prepare_cached(SELECT)?
                    .query_row([id.as_str()], read)
                    .optional()
            })
            .await?;
        row.map(|row| row.into_record(member)).transpose()
    }

    async fn erase(&self, member: &MemberId) -> Result<bool, StoreError> {
        let member = member.clone();
        let deleted = self
            .file
            .write("erasing the record of a member", move |transaction| {
                transaction.execute(
                    "DELETE FROM community_members WHERE bettermode_member_id = ?1",
                    [member.as_str()],
                )
            })
            .await?;
        Ok(deleted > 0)
    }
}

fn apply(
    transaction: &Transaction<'_>,
    change: &MemberChange,
    now: &str,
) -> Result<(), rusqlite::Error> {
    transaction.prepare_cached(APPLY)?.execute(named_params! {
        ":member_id": change.member_id.as_str(),
        ":version": change.version(),
        ":name": change.name,
        ":username": change.username,
        ":status": change.status,
        ":joined_at": change.joined_at.map(text),
        ":occurred_at": text(change.occurred_at),
        ":now": now,
    })?;
    Ok(())
}

fn link(
    transaction: &Transaction<'_>,
    link: &CircleLink,
    now: &str,
) -> Result<LinkOutcome, rusqlite::Error> {
    let owner: Option<Option<String>> = transaction
        .prepare_cached(OWNER)?
        .query_row([&link.circle_member_id], |row| row.get(0))
        .optional()?;
    if let Some(owner) = owner {
        let is_theirs = owner.as_deref() == Some(link.member_id.as_str());
        return Ok(outcome(is_theirs));
    }
    let noted = transaction.prepare_cached(LINK)?.execute(named_params! {
        ":member_id": link.member_id.as_str(),
        ":circle_member_id": link.circle_member_id,
        ":now": now,
    })?;
    Ok(outcome(noted > 0))
}

fn outcome(is_linked: bool) -> LinkOutcome {
    if is_linked {
        LinkOutcome::Linked
    } else {
        LinkOutcome::Conflict
    }
}

/// A row as it is in the file.
struct MemberRow {
    circle_member_id: Option<String>,
    primary_platform: String,
    name: Option<Versioned>,
    username: Option<Versioned>,
    status: Option<Versioned>,
    joined_at: Option<String>,
    last_event_at: Option<String>,
    updated_at: String,
}

fn read(row: &Row<'_>) -> Result<MemberRow, rusqlite::Error> {
    let versioned = |value: &str, version: &str| {
        let value: Option<String> = row.get(value)?;
        let version: Option<String> = row.get(version)?;
        Ok::<_, rusqlite::Error>(
            value
                .zip(version)
                .map(|(value, version)| Versioned { value, version }),
        )
    };
    Ok(MemberRow {
        circle_member_id: row.get("circle_member_id")?,
        primary_platform: row.get("primary_platform")?,
        name: versioned("name", "name_version")?,
        username: versioned("username", "username_version")?,
        status: versioned("status", "status_version")?,
        joined_at: row.get("joined_at")?,
        last_event_at: row.get("last_event_at")?,
        updated_at: row.get("updated_at")?,
    })
}

impl MemberRow {
    fn into_record(self, member: &MemberId) -> Result<MemberRecord, StoreError> {
        Ok(MemberRecord {
            member_id: member.clone(),
            circle_member_id: self.circle_member_id,
            primary_platform: self.primary_platform,
            name: self.name,
            username: self.username,
            status: self.status,
            joined_at: self.joined_at.as_deref().map(time).transpose()?,
            last_event_at: self.last_event_at.as_deref().map(time).transpose()?,
            updated_at: time(&self.updated_at)?,
        })
    }
}
