//! Activities and counts as rows, and back.

use bettermode::MemberId;
use jiff::Timestamp;
use rusqlite::{Connection, Row, ToSql, Transaction, named_params, params};

use super::statements::{
    COUNT, COUNTS, INSERT, MOST_ACTIVE, NOT_BY, OLD_ACTIVITIES, OLD_COUNTS, PARTS, list,
};
use crate::activities::counts::{CountKey, Scope, additions};
use crate::activities::{
    Activity, ActivityQuery, ActivityType, MemberActivity, Summary, SummaryQuery, period,
};
use crate::stores::StoreError;
use crate::stores::sqlite::{text, time};

/// Sorts after every time.
const END_OF_TIME: &str = "~";

/// Stores each activity that is not there yet, and counts it.
pub(super) fn put(
    transaction: &Transaction<'_>,
    activities: &[Activity],
) -> Result<(), rusqlite::Error> {
    let mut added = Vec::new();
    let mut insert = transaction.prepare_cached(INSERT)?;
    for activity in activities {
        let rows = insert.execute(named_params! {
            ":activity_id": activity.id(),
            ":event_id": activity.event_id,
            ":member_id": activity.member_id.as_str(),
            ":kind": activity.kind,
            ":activity_type": activity.activity_type.name(),
            ":timestamp": text(activity.occurred_at),
            ":data": serde_json::to_string(&activity.subject).unwrap_or_default(),
            ":actor_member_id": activity.actor_id.as_ref().map(MemberId::as_str),
            ":subject_member_id": activity.subject.member_id.as_ref().map(MemberId::as_str),
            ":received_at": text(activity.received_at),
            ":url": activity.url,
            ":network_id": activity.network_id,
        })?;
        if rows == 1 {
            added.push(activity);
        }
    }
    let mut count = transaction.prepare_cached(COUNT)?;
    for (key, addition) in additions(added) {
        let CountKey {
            scope,
            level,
            period,
        } = key;
        let last_active = text(addition.last_active);
        let kinds = addition.by_kind.iter().map(|(kind, n)| (kind.as_str(), n));
        for (kind, n) in kinds.chain([("", &addition.count)]) {
            count.execute(params![
                scope.member_id(),
                level.name(),
                period,
                kind,
                n,
                last_active
            ])?;
        }
    }
    Ok(())
}

pub(super) fn is_there(connection: &Connection, id: &str) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached("SELECT 1 FROM bettermode_member_activities WHERE activity_id = ?1")?
        .exists([id])
}

/// The rows that `query` selects, in order.
pub(super) fn select(
    connection: &Connection,
    query: &ActivityQuery,
) -> Result<Vec<ActivityRow>, rusqlite::Error> {
    let (timestamp, id) = match (&query.before, query.until) {
        (Some(cursor), _) => (text(cursor.occurred_at), cursor.id.as_str()),
        (None, Some(until)) => (text_up(until), ""),
        (None, None) => (END_OF_TIME.to_owned(), ""),
    };
    let from = query.from.map_or(String::new(), text_up);
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let member = query.member_id.as_ref().map(MemberId::as_str);
    let mut params: Vec<(&str, &dyn ToSql)> = vec![
        (":timestamp", &timestamp),
        (":activity_id", &id),
        (":from", &from),
        (":limit", &limit),
    ];
    if let Some(member) = &member {
        params.push((":member_id", member));
    }
    if let Some(kind) = &query.kind {
        params.push((":kind", kind));
    }
    connection
        .prepare_cached(&list(query.member_id.is_some(), query.kind.is_some()))?
        .query_map(&params[..], ActivityRow::read)?
        .collect()
}

/// The counts, with times as they are in the file.
pub(super) fn summary(
    connection: &Connection,
    query: &SummaryQuery,
) -> Result<SummaryRows, rusqlite::Error> {
    let scope = Scope::of(query.member_id.as_ref());
    let (level, period) = (query.period.level().name(), query.period.name());
    let mut found = SummaryRows {
        counts: connection
            .prepare_cached(COUNTS)?
            .query_map(params![scope.member_id(), level, period], |row| {
                Ok((row.get(0)?, count(row)?, row.get(2)?))
            })?
            .collect::<Result<_, _>>()?,
        ..SummaryRows::default()
    };
    let (part, from, until) = query.period.parts();
    found.parts = connection
        .prepare_cached(PARTS)?
        .query_map(
            params![scope.member_id(), part.name(), from, until],
            |row| Ok((row.get(0)?, count(row)?)),
        )?
        .collect::<Result<_, _>>()?;
    if scope == Scope::Community {
        let limit = i64::try_from(query.most_active).unwrap_or(i64::MAX);
        found.most_active = connection
            .prepare_cached(MOST_ACTIVE)?
            .query_map(params![level, period, limit], |row| {
                Ok((row.get(0)?, count(row)?, row.get(2)?))
            })?
            .collect::<Result<_, _>>()?;
    }
    Ok(found)
}

/// The second column of a row of counts.
fn count(row: &Row<'_>) -> Result<u64, rusqlite::Error> {
    row.get(1).map(|count: i64| count.max(0).unsigned_abs())
}

/// Deletes what is about the member, and the member's name in what others did.
pub(super) fn erase(
    transaction: &Transaction<'_>,
    member: &MemberId,
) -> Result<usize, rusqlite::Error> {
    let member = member.as_str();
    let deleted = transaction.execute(
        "DELETE FROM bettermode_member_activities WHERE member_id = ?1",
        [member],
    )?;
    for statement in NOT_BY {
        transaction.execute(statement, [member])?;
    }
    transaction.execute(
        "DELETE FROM bettermode_activity_counts WHERE member_id = ?1",
        [member],
    )?;
    Ok(deleted)
}

/// Deletes at most `limit` rows of each table, the oldest first.
pub(super) fn prune(
    transaction: &Transaction<'_>,
    before: Timestamp,
    limit: usize,
) -> Result<(usize, usize), rusqlite::Error> {
    let before = text(before);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let activities = transaction.execute(OLD_ACTIVITIES, params![before, limit])?;
    let counts = transaction.execute(OLD_COUNTS, params![before, limit])?;
    Ok((activities, counts))
}

/// A row as it is in the file.
pub(super) struct ActivityRow {
    event_id: String,
    member_id: String,
    kind: String,
    activity_type: String,
    timestamp: String,
    data: String,
    actor_member_id: Option<String>,
    received_at: String,
    url: Option<String>,
    network_id: Option<String>,
}

impl ActivityRow {
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            event_id: row.get("event_id")?,
            member_id: row.get("member_id")?,
            kind: row.get("kind")?,
            activity_type: row.get("activity_type")?,
            timestamp: row.get("timestamp")?,
            data: row.get("data")?,
            actor_member_id: row.get("actor_member_id")?,
            received_at: row.get("received_at")?,
            url: row.get("url")?,
            network_id: row.get("network_id")?,
        })
    }

    pub(super) fn into_activity(self) -> Result<Activity, StoreError> {
        Ok(Activity {
            member_id: MemberId::new(self.member_id),
            kind: self.kind,
            activity_type: ActivityType::from_name(&self.activity_type),
            actor_id: self.actor_member_id.map(MemberId::new),
            subject: serde_json::from_str(&self.data)
                .map_err(|_| unreadable(format!("the data of an activity of {}", self.event_id)))?,
            event_id: self.event_id,
            occurred_at: time(&self.timestamp)?,
            received_at: time(&self.received_at)?,
            url: self.url,
            network_id: self.network_id,
        })
    }
}

/// What a summary is made of.
#[derive(Default)]
pub(super) struct SummaryRows {
    /// Kind (empty for all kinds), count, last activity.
    counts: Vec<(String, u64, String)>,
    /// Period, count.
    parts: Vec<(String, u64)>,
    /// Member, count, last activity.
    most_active: Vec<(String, u64, String)>,
}

impl SummaryRows {
    pub(super) fn into_summary(self) -> Result<Summary, StoreError> {
        let mut summary = Summary::default();
        for (kind, count, last_active) in self.counts {
            if kind.is_empty() {
                summary.total = count;
                summary.last_active = Some(time(&last_active)?);
            } else {
                summary.by_kind.push((kind, count));
            }
        }
        for (part, count) in self.parts {
            let begin = period::begin(&part)
                .ok_or_else(|| unreadable("a period of the counts".to_owned()))?;
            summary.by_part.push((begin, count));
        }
        for (member_id, count, last_active) in self.most_active {
            summary.most_active.push(MemberActivity {
                member_id: MemberId::new(member_id),
                count,
                last_active: time(&last_active)?,
            });
        }
        Ok(summary.in_order())
    }
}

/// A time as text for the bound of a range: the next millisecond unless it is a whole one.
fn text_up(at: Timestamp) -> String {
    let whole = crate::activities::to_millisecond(at);
    let up = if whole < at {
        whole.checked_add(jiff::SignedDuration::from_millis(1))
    } else {
        Ok(whole)
    };
    text(up.unwrap_or(at))
}

fn unreadable(what: String) -> StoreError {
    StoreError::Unreadable {
        store: "sqlite",
        what,
    }
}
