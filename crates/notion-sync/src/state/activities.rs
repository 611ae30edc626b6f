//! Activities: what scores are counted from, and rows that are still to be written.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{Error, State, millis, time};
use crate::model::{Activity, Event, MemberId};

/// Activities that are found, and the events that they were found for.
#[derive(Debug, Clone, Default)]
pub struct Meaning {
    /// The activities.
    pub activities: Vec<Activity>,
    /// The events whose meaning is known now.
    pub events: Vec<Event>,
    /// Whether the activities get rows.
    pub with_rows: bool,
}

/// What is still to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Events whose meaning is not known yet.
    pub events: u64,
    /// Members whose rows may have to be written.
    pub members: u64,
    /// Activities whose rows are to be written.
    pub activities: u64,
    /// Since when the longest waiting of them waits.
    pub oldest: Option<Timestamp>,
}

impl State {
    /// Keeps what events meant: activities that are new, members whose rows may change, and
    /// that the events are dealt with. All of it or nothing.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn understood(&self, meaning: Meaning, now: Timestamp) -> Result<(), Error> {
        self.run("keeping activities", move |transaction| {
            for activity in &meaning.activities {
                if insert(transaction, activity, meaning.with_rows)? {
                    mark(transaction, activity.member_id.as_str(), now, None)?;
                }
            }
            let mut delete = transaction.prepare_cached("DELETE FROM inbox WHERE event_id = ?1")?;
            for event in &meaning.events {
                if event.event_type.starts_with("member.") && !event.object_id.is_empty() {
                    mark(transaction, &event.object_id, now, Some(event.received_at))?;
                }
                delete.execute([&event.id])?;
            }
            Ok(())
        })
        .await
    }

    /// Keeps activities of a full list. Those whose rows are known to be there are not
    /// written again, unless `all` of them shall be.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn listed(
        &self,
        activities: Vec<(String, Activity)>,
        with_rows: bool,
        all: bool,
    ) -> Result<(), Error> {
        self.run("keeping listed activities", move |transaction| {
            let mut row = transaction.prepare_cached(
                "SELECT 1 FROM pages WHERE source = 1 AND key = ?1 AND page IS NOT NULL",
            )?;
            for (key, activity) in &activities {
                let is_there = row.query_row([key], |_| Ok(())).optional()?.is_some();
                let write = with_rows && (all || !is_there);
                if !insert(transaction, activity, write)? && write {
                    transaction.execute(
                        "UPDATE activities SET body = ?3 WHERE event_id = ?1 AND member_id = ?2",
                        params![
                            activity.event_id,
                            activity.member_id.as_str(),
                            body(activity)
                        ],
                    )?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Kind and time of everything that a member did.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn activities_of(
        &self,
        member: &MemberId,
    ) -> Result<Vec<(String, Timestamp)>, Error> {
        let member = member.clone();
        self.run("reading a member's activities", move |transaction| {
            let mut select = transaction
                .prepare_cached("SELECT kind, occurred FROM activities WHERE member_id = ?1")?;
            let rows = select.query_map([member.as_str()], |row| {
                Ok((row.get(0)?, time(row.get(1)?)))
            })?;
            rows.collect()
        })
        .await
    }

    /// Activities whose rows are to be written, the earliest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn activities_to_write(&self, limit: usize) -> Result<Vec<Activity>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let bodies: Vec<String> = self
            .run("reading activities to write", move |transaction| {
                let mut select = transaction.prepare_cached(
                    "SELECT body FROM activities WHERE body IS NOT NULL
                     ORDER BY occurred, event_id LIMIT ?1",
                )?;
                let rows = select.query_map([limit], |row| row.get(0))?;
                rows.collect()
            })
            .await?;
        let read = |body: String| {
            serde_json::from_str(&body).map_err(|error| Error::Value(error.to_string()))
        };
        bodies.into_iter().map(read).collect()
    }

    /// The rows of these are written.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn activities_written(&self, written: Vec<Activity>) -> Result<(), Error> {
        self.run("settling activities", move |transaction| {
            let mut update = transaction.prepare_cached(
                "UPDATE activities SET body = NULL WHERE event_id = ?1 AND member_id = ?2",
            )?;
            for activity in &written {
                update.execute(params![activity.event_id, activity.member_id.as_str()])?;
            }
            Ok(())
        })
        .await
    }

    /// What is still to do.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn backlog(&self) -> Result<Backlog, Error> {
        self.run("counting what is to do", move |transaction| {
            let row = |statement| {
                transaction.query_row(statement, [], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?))
                })
            };
            let (events, inbox) = row("SELECT count(*), min(arrived) FROM inbox")?;
            let (members, dirty) = row("SELECT count(*), min(since) FROM dirty")?;
            let (activities, _) =
                row("SELECT count(*), NULL FROM activities WHERE body IS NOT NULL")?;
            let count = |number: i64| u64::try_from(number).unwrap_or(0);
            Ok(Backlog {
                events: count(events),
                members: count(members),
                activities: count(activities),
                oldest: inbox.into_iter().chain(dirty).min().map(time),
            })
        })
        .await
    }
}

/// False when it is known already.
fn insert(
    transaction: &Transaction<'_>,
    activity: &Activity,
    with_row: bool,
) -> Result<bool, rusqlite::Error> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO activities (event_id, member_id, kind, occurred, body)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    )?;
    let changed = insert.execute(params![
        activity.event_id,
        activity.member_id.as_str(),
        activity.kind,
        millis(activity.occurred_at),
        with_row.then(|| body(activity)),
    ])?;
    Ok(changed > 0)
}

/// A member's row may change; the first mark counts for how long it waits.
fn mark(
    transaction: &Transaction<'_>,
    member: &str,
    now: Timestamp,
    newer_than: Option<Timestamp>,
) -> Result<(), rusqlite::Error> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO dirty (member_id, since, newer_than) VALUES (?1, ?2, ?3)
         ON CONFLICT (member_id) DO UPDATE
         SET newer_than = max(coalesce(newer_than, ?3), coalesce(?3, newer_than))",
    )?;
    insert.execute(params![member, millis(now), newer_than.map(millis)])?;
    Ok(())
}

fn body(activity: &Activity) -> String {
    serde_json::to_string(activity).unwrap_or_default()
}
