//! Following the file: pages of events by their number, read when there is a
//! signal that something was stored and when the watcher asks for more.

use std::collections::VecDeque;

use futures::{StreamExt as _, stream};
use rusqlite::{Connection, OptionalExtension as _};
use tokio::sync::watch;

use super::rows::{COLUMNS, EventRow};
use crate::events::{FollowError, PAGE_BYTES, ResumeToken, Step, Steps, WatchFilter};
use crate::stores::SqliteFile;

/// How many events one look at the file passes, fitting or not.
const PAGE: i64 = 500;

/// Whether an event fits is decided row by row: a watcher passes every event once.
const FITS: &str = "
SELECT seq, (:event_type IS NULL OR event_type = :event_type) AND (:member_id IS NULL OR EXISTS (
    SELECT 1 FROM bettermode_webhook_event_members m
    WHERE m.event_id = e.event_id AND m.member_id = :member_id)) AS fits
FROM bettermode_webhook_events e WHERE seq > :after ORDER BY seq LIMIT :limit";

/// The steps after `after`, or from now on.
pub(super) async fn start(
    file: SqliteFile,
    mut stored: watch::Receiver<()>,
    after: Option<ResumeToken>,
    filter: WatchFilter,
) -> Result<Steps, FollowError> {
    // What is stored from here on is a change that the first wait sees.
    stored.mark_unchanged();
    let log = file.read("opening a watch", Log::read).await?;
    let after = match after {
        Some(token) => log.place(&token)?,
        None => log.last,
    };
    let first = Step {
        event: None,
        token: log.token(after),
    };
    let watcher = Watcher {
        file,
        stored,
        filter,
        log,
        after,
        ready: VecDeque::from([first]),
    };
    let steps = stream::unfold(Some(watcher), async |watcher| {
        let mut watcher = watcher?;
        match watcher.next().await {
            Ok(Some(step)) => Some((Ok(step), Some(watcher))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(steps.boxed())
}

struct Watcher {
    file: SqliteFile,
    stored: watch::Receiver<()>,
    filter: WatchFilter,
    log: Log,
    /// The last event that was looked at.
    after: i64,
    ready: VecDeque<Step>,
}

impl Watcher {
    /// The next step, waited for as long as it takes; none when the store is gone.
    async fn next(&mut self) -> Result<Option<Step>, FollowError> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Ok(Some(step));
            }
            if !self.look().await? && self.stored.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    /// Reads a page and says whether it passed any event.
    async fn look(&mut self) -> Result<bool, FollowError> {
        let (after, filter) = (self.after, self.filter.clone());
        let (log, page) = self
            .file
            .read("reading on for a watcher", move |view| {
                Ok((Log::read(view)?, Page::read(view, after, &filter)?))
            })
            .await?;
        // A watcher that is so slow that events grew old before it saw them.
        if log.pruned_through > after {
            return Err(FollowError::ExpiredToken);
        }
        let has_passed = page.through > after;
        for row in page.rows {
            let token = self.log.token(row.seq);
            let event = Some(row.into_event()?);
            self.ready.push_back(Step { event, token });
        }
        // Events that did not fit are not looked at again after a resumption.
        if has_passed && self.ready.is_empty() {
            let token = self.log.token(page.through);
            self.ready.push_back(Step { event: None, token });
        }
        self.after = page.through;
        Ok(has_passed)
    }
}

/// What is known of the order of events.
struct Log {
    id: String,
    pruned_through: i64,
    last: i64,
}

impl Log {
    fn read(connection: &Connection) -> Result<Self, rusqlite::Error> {
        let (id, pruned_through) = connection
            .prepare_cached("SELECT id, pruned_through FROM bettermode_webhook_log")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        // Also of events that are deleted by now.
        let last = connection
            .prepare_cached(
                "SELECT seq FROM sqlite_sequence WHERE name = 'bettermode_webhook_events'",
            )?
            .query_row([], |row| row.get(0))
            .optional()?;
        Ok(Self {
            id,
            pruned_through,
            last: last.unwrap_or(0),
        })
    }

    fn token(&self, after: i64) -> ResumeToken {
        ResumeToken(format!("sqlite {} {after}", self.id).into_bytes())
    }

    /// The place in a token of this file.
    fn place(&self, token: &ResumeToken) -> Result<i64, FollowError> {
        let after = std::str::from_utf8(&token.0)
            .ok()
            .and_then(|text| text.strip_prefix("sqlite "))
            .and_then(|text| text.strip_prefix(&self.id[..]))
            .and_then(|text| text.strip_prefix(' '))
            .and_then(|number| number.parse().ok())
            .filter(|after| (0..=self.last).contains(after))
            .ok_or(FollowError::InvalidToken)?;
        if after < self.pruned_through {
            return Err(FollowError::ExpiredToken);
        }
        Ok(after)
    }
}

/// A part of the order of events.
struct Page {
    rows: Vec<EventRow>,
    through: i64,
}

impl Page {
    fn read(
        connection: &Connection,
        after: i64,
        filter: &WatchFilter,
    ) -> Result<Self, rusqlite::Error> {
        let sql = format!("SELECT {COLUMNS} FROM bettermode_webhook_events e WHERE e.seq = ?1");
        let mut event = connection.prepare_cached(&sql)?;
        let mut statement = connection.prepare_cached(FITS)?;
        let mut found = statement.query(rusqlite::named_params! {
            ":event_type": filter.event_type,
            ":member_id": filter.member_id,
            ":after": after,
            ":limit": PAGE,
        })?;
        let mut page = Self {
            rows: Vec::new(),
            through: after,
        };
        let mut bytes = 0;
        while bytes < PAGE_BYTES
            && let Some(row) = found.next()?
        {
            page.through = row.get("seq")?;
            if row.get("fits")? {
                let row = event.query_row([page.through], EventRow::read)?;
                let row = row.with_projections(connection)?;
                bytes += row.payload.len();
                page.rows.push(row);
            }
        }
        Ok(page)
    }
}
