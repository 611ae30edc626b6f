//! Pages of events and of dead letters. Each statement names its index, so that
//! SQLite refuses it rather than scan a table.

use rusqlite::{Connection, Row, ToSql};

use super::rows::{self, COLUMNS, EventRow};
use crate::events::{
    DeadLetter, DeadLetterQuery, Error, EventQuery, EventState, Outline, PAGE_BYTES,
};
use crate::stores::sqlite::{text, time};

/// Sorts after every time.
const END_OF_TIME: &str = "~";

const OUTLINE: &str = "e.event_id, e.event_type, e.received_at, e.state,
    e.erased_at IS NOT NULL AS is_erased";

/// So many events that wait or were given up on are looked through one by one for those
/// of a member; of more, a member's own are looked through.
const FEW: i64 = 2_000;

/// Where the statement of a list begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lead {
    /// In the index of what is filtered by.
    Filter,
    /// In the index of states, although a member is filtered by as well.
    State,
}

/// Where to begin: a member with many events may have none that is dead.
fn lead(connection: &Connection, query: &EventQuery) -> Result<Lead, rusqlite::Error> {
    let (Some(_), Some(state @ (EventState::Pending | EventState::Dead))) =
        (&query.member_id, query.state)
    else {
        return Ok(Lead::Filter);
    };
    let sql = format!(
        "SELECT count(*) FROM (
           SELECT 1 FROM bettermode_webhook_events e
           INDEXED BY bettermode_webhook_events_by_state
           WHERE e.state = '{}' AND e.state <> 'done' LIMIT {FEW})",
        state.name()
    );
    let count: i64 = connection
        .prepare_cached(&sql)?
        .query_row([], |row| row.get(0))?;
    Ok(if count < FEW {
        Lead::State
    } else {
        Lead::Filter
    })
}

/// The statement of a list, and its values by name.
pub(super) struct Select {
    pub(super) sql: String,
    /// The table that the list is read from.
    key: &'static str,
    params: Vec<(&'static str, Box<dyn ToSql>)>,
}

impl Select {
    /// Selects `columns` of the events that fit, in order.
    ///
    /// The lists of a member go through the table of members, which repeats what
    /// they filter and sort by. A state other than done has an index of its own.
    pub(super) fn page(columns: &str, query: &EventQuery, lead: Lead) -> Self {
        let mut select = Self::events(columns, query, lead);
        // One bound from above: an index takes no second one.
        let until = (until(query), String::new());
        let place = query.before.as_ref().map_or(until.clone(), |place| {
            (text(place.received_at), place.event_id.clone())
        });
        let (received_at, event_id) = place.min(until);
        let key = select.key;
        let order = format!(
            " AND ({key}.received_at, {key}.event_id) < (:received_at, :event_id)
              ORDER BY {key}.received_at DESC, {key}.event_id DESC LIMIT :limit"
        );
        select.sql.push_str(&order);
        select.bind(":received_at", received_at);
        select.bind(":event_id", event_id);
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        select.bind(":limit", limit);
        select
    }

    /// Selects `columns` of all events that fit, in no order.
    fn events(columns: &str, query: &EventQuery, lead: Lead) -> Self {
        let key = match lead {
            Lead::Filter if query.member_id.is_some() => "m",
            _ => "e",
        };
        let mut select = Self {
            sql: String::new(),
            key,
            params: Vec::new(),
        };
        let events = "bettermode_webhook_events";
        let members = "bettermode_webhook_event_members";
        let from = match query {
            _ if lead == Lead::State => format!("{events} e INDEXED BY {events}_by_state"),
            EventQuery {
                member_id: Some(_),
                event_type: Some(_),
                ..
            } => format!(
                "{members} m INDEXED BY {members}_by_type
                 CROSS JOIN {events} e ON e.event_id = m.event_id"
            ),
            EventQuery {
                member_id: Some(_), ..
            } => format!("{members} m CROSS JOIN {events} e ON e.event_id = m.event_id"),
            EventQuery {
                state: Some(EventState::Pending | EventState::Dead),
                ..
            } => format!("{events} e INDEXED BY {events}_by_state"),
            EventQuery {
                event_type: Some(_),
                ..
            } => format!("{events} e INDEXED BY {events}_by_type"),
            _ => format!("{events} e INDEXED BY {events}_by_receipt"),
        };
        select.sql = format!("SELECT {columns} FROM {from} WHERE {key}.received_at >= :from");
        let from = query.received_from.map_or(String::new(), text);
        select.bind(":from", from);
        select.filter(query);
        select
    }

    fn filter(&mut self, query: &EventQuery) {
        let key = self.key;
        if let Some(member_id) = &query.member_id {
            self.and(if key == "m" {
                "m.member_id = :member_id"
            } else {
                "EXISTS (SELECT 1 FROM bettermode_webhook_event_members m
                   WHERE m.member_id = :member_id AND m.received_at = e.received_at
                     AND m.event_id = e.event_id)"
            });
            self.bind(":member_id", member_id.clone());
        }
        if let Some(event_type) = &query.event_type {
            self.and(&format!("{key}.event_type = :event_type"));
            self.bind(":event_type", event_type.clone());
        }
        match query.state {
            None => {}
            // In the text and not a value, so that the partial index applies.
            Some(EventState::Done) => self.and("e.state = 'done'"),
            Some(state) => self.and(&format!(
                "e.state = '{}' AND e.state <> 'done'",
                state.name()
            )),
        }
    }

    fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }

    fn bind(&mut self, name: &'static str, value: impl ToSql + 'static) {
        self.params.push((name, Box::new(value)));
    }

    fn values(&self) -> Vec<(&'static str, &dyn ToSql)> {
        self.params
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect()
    }
}

/// The events that `query` selects, until they reach [`PAGE_BYTES`].
pub(super) fn events(
    connection: &Connection,
    query: &EventQuery,
) -> Result<Vec<EventRow>, rusqlite::Error> {
    let select = Select::page(COLUMNS, query, lead(connection, query)?);
    let mut statement = connection.prepare_cached(&select.sql)?;
    let mut found = statement.query(&select.values()[..])?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    while bytes < PAGE_BYTES
        && let Some(row) = found.next()?
    {
        let row = EventRow::read(row)?.with_projections(connection)?;
        bytes += row.payload.len();
        page.push(row);
    }
    Ok(page)
}

/// The same without payloads.
pub(super) fn outlines(
    connection: &Connection,
    query: &EventQuery,
) -> Result<Vec<OutlineRow>, rusqlite::Error> {
    let select = Select::page(OUTLINE, query, lead(connection, query)?);
    let mut statement = connection.prepare_cached(&select.sql)?;
    let rows = statement.query_map(&select.values()[..], OutlineRow::read)?;
    rows.collect()
}

/// The events with these ids, the latest received first.
pub(super) fn outlines_of(
    connection: &Connection,
    event_ids: &[String],
) -> Result<Vec<OutlineRow>, rusqlite::Error> {
    let sql = format!("SELECT {OUTLINE} FROM bettermode_webhook_events e WHERE e.event_id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for event_id in event_ids {
        let mut rows = statement.query_map([event_id], OutlineRow::read)?;
        found.extend(rows.next().transpose()?);
    }
    found.sort_by(|one, other| {
        let place = |row: &OutlineRow| (row.received_at.clone(), row.event_id.clone());
        place(other).cmp(&place(one))
    });
    found.dedup_by(|one, other| one.event_id == other.event_id);
    Ok(found)
}

/// How many events `query` selects.
pub(super) fn count(connection: &Connection, query: &EventQuery) -> Result<u64, rusqlite::Error> {
    let mut select = Select::events("count(*)", query, lead(connection, query)?);
    let key = select.key;
    select.and(&format!("{key}.received_at < :until"));
    select.bind(":until", until(query));
    let mut statement = connection.prepare_cached(&select.sql)?;
    let count: i64 = statement.query_row(&select.values()[..], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// The statement of a list of dead letters.
pub(super) fn dead_sql(query: &DeadLetterQuery) -> String {
    let table = "bettermode_webhook_projections";
    let (index, condition, place) = if query.projection.is_some() {
        (
            "dead_by_projection",
            "p.projection = :projection AND",
            "(p.failed_at, p.event_id) < (:failed_at, :event_id)",
        )
    } else {
        (
            "dead",
            "",
            "(p.failed_at, p.event_id, p.projection) < (:failed_at, :event_id, :projection)",
        )
    };
    format!(
        "SELECT p.event_id, e.event_type, e.received_at, p.projection, p.reason, p.attempts,
                p.failed_at
         FROM {table} p INDEXED BY {table}_{index}
         CROSS JOIN bettermode_webhook_events e ON e.event_id = p.event_id
         WHERE p.failed_at IS NOT NULL AND {condition} {place}
         ORDER BY p.failed_at DESC, p.event_id DESC, p.projection DESC LIMIT :limit"
    )
}

/// The dead letters that `query` selects, in order.
pub(super) fn dead_letters(
    connection: &Connection,
    query: &DeadLetterQuery,
) -> Result<Vec<DeadRow>, rusqlite::Error> {
    let place = query.before.as_ref();
    let failed_at = place.map_or(END_OF_TIME.to_owned(), |place| text(place.failed_at));
    let event_id = place.map_or("", |place| &place.event_id);
    // The one asked for, else the one that the place is at.
    let projection = query.projection.or(place.map(|place| place.projection));
    let projection = projection.map_or("", crate::events::Projection::name);
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&dead_sql(query))?;
    let rows = statement.query_map(
        rusqlite::named_params! {
            ":failed_at": failed_at,
            ":event_id": event_id,
            ":projection": projection,
            ":limit": limit,
        },
        DeadRow::read,
    )?;
    rows.collect()
}

fn until(query: &EventQuery) -> String {
    query.received_until.map_or(END_OF_TIME.to_owned(), text)
}

/// An event without its payload, as it is in the file.
pub(super) struct OutlineRow {
    event_id: String,
    event_type: String,
    received_at: String,
    state: String,
    is_erased: bool,
}

impl OutlineRow {
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            event_id: row.get("event_id")?,
            event_type: row.get("event_type")?,
            received_at: row.get("received_at")?,
            state: row.get("state")?,
            is_erased: row.get("is_erased")?,
        })
    }

    pub(super) fn into_outline(self) -> Result<Outline, Error> {
        Ok(Outline {
            received_at: time(&self.received_at)?,
            state: rows::state(&self.state)?,
            event_id: self.event_id,
            event_type: self.event_type,
            is_erased: self.is_erased,
        })
    }
}

/// A dead letter as it is in the file.
pub(super) struct DeadRow {
    event_id: String,
    event_type: String,
    received_at: String,
    projection: String,
    reason: Option<String>,
    attempts: u32,
    failed_at: String,
}

impl DeadRow {
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            event_id: row.get("event_id")?,
            event_type: row.get("event_type")?,
            received_at: row.get("received_at")?,
            projection: row.get("projection")?,
            reason: row.get("reason")?,
            attempts: row.get("attempts")?,
            failed_at: row.get("failed_at")?,
        })
    }

    pub(super) fn into_dead_letter(self) -> Result<DeadLetter, Error> {
        Ok(DeadLetter {
            received_at: time(&self.received_at)?,
            projection: rows::projection(&self.projection)?,
            failed_at: time(&self.failed_at)?,
            event_id: self.event_id,
            event_type: self.event_type,
            reason: self.reason.unwrap_or_default(),
            attempts: self.attempts,
        })
    }
}
