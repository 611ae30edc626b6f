//! Events that have arrived, until it is known what they mean.

use jiff::Timestamp;
use rusqlite::params;

use super::{Error, State, meta, millis, set_meta, time};
use crate::model::Event;

/// An event in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The event.
    pub event: Event,
    /// When it arrived here.
    pub arrived_at: Timestamp,
}

impl State {
    /// Keeps these events and where the stream goes on, in one.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn take_in(
        &self,
        events: Vec<Event>,
        resume_token: String,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.run("keeping events", move |transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO inbox (event_id, event_type, object_id, occurred, received, arrived)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            )?;
            for event in &events {
                insert.execute(params![
                    event.id,
                    event.event_type,
                    event.object_id,
                    millis(event.occurred_at),
                    millis(event.received_at),
                    millis(now),
                ])?;
            }
            set_meta(transaction, meta::TOKEN, &resume_token)
        })
        .await
    }

    /// The events that arrived at this time or before, the earliest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn inbox(&self, until: Timestamp, limit: usize) -> Result<Vec<Waiting>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.run("reading events", move |transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT event_id, event_type, object_id, occurred, received, arrived FROM inbox
                 WHERE arrived <= ?1 ORDER BY arrived LIMIT ?2",
            )?;
            let rows = select.query_map(params![millis(until), limit], |row| {
                Ok(Waiting {
                    event: Event {
                        id: row.get(0)?,
                        event_type: row.get(1)?,
                        object_id: row.get(2)?,
                        occurred_at: time(row.get(3)?),
                        received_at: time(row.get(4)?),
                    },
                    arrived_at: time(row.get(5)?),
                })
            })?;
            rows.collect()
        })
        .await
    }

    /// Puts events back to the end of the queue: what they mean is not known yet.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn postpone(&self, event_ids: Vec<String>, now: Timestamp) -> Result<(), Error> {
        self.run("postponing events", move |transaction| {
            let mut update =
                transaction.prepare_cached("UPDATE inbox SET arrived = ?2 WHERE event_id = ?1")?;
            for id in &event_ids {
                update.execute(params![id, millis(now)])?;
            }
            Ok(())
        })
        .await
    }
}
