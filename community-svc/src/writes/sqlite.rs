//! Writes in the service's SQLite file: `bettermode_writes`.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use service_kit::clock::SharedClock;

use super::{
    Done, Effect, Equal, Fingerprint, Finished, Holder, LONGER, Open, Record, RequestId, State,
    WriteStore,
};
use crate::stores::sqlite::{text, time};
use crate::stores::{SqliteFile, StoreError};

const BEGIN: &str = "
INSERT INTO bettermode_writes (
    request_id, method, fingerprint, effect, begun_at, changed_at, holder, held_until, settled_from
) VALUES (
    :request_id, :method, :fingerprint, :effect, :begun_at, :changed_at, :holder, :held_until,
    :settled_from
) ON CONFLICT (request_id) DO NOTHING";

const SELECT: &str = "
SELECT method, fingerprint, effect, begun_at, changed_at, holder, held_until, settled_from,
       object_id, answer
FROM bettermode_writes WHERE request_id = ?1";

const HAND_OVER: &str = "
UPDATE bettermode_writes
SET holder = :holder, held_until = :held_until, settled_from = :settled_from, changed_at = :at
WHERE request_id = :request_id AND holder = :from";

const FINISH: &str = "
UPDATE bettermode_writes
SET object_id = :object_id, answer = :answer, changed_at = :at,
    holder = NULL, held_until = NULL, settled_from = NULL
WHERE request_id = :request_id AND answer IS NULL";

const EQUALS: &str = "
SELECT request_id, settled_from, object_id FROM bettermode_writes
WHERE effect = ?1 AND changed_at >= ?2";

/// How many rows one transaction deletes, so that others come in between.
const SLICE: usize = 500;

/// Writes in SQLite, for one process.
#[derive(Debug)]
pub struct SqliteWrites {
    file: SqliteFile,
    clock: SharedClock,
    window: Duration,
}

impl SqliteWrites {
    /// In `file`; a write is known for `window` at least.
    #[must_use]
    pub fn new(file: SqliteFile, clock: SharedClock, window: Duration) -> Self {
        Self {
            file,
            clock,
            window,
        }
    }
}

#[async_trait]
impl WriteStore for SqliteWrites {
    async fn begin(&self, intent: &Record) -> Result<Option<Record>, StoreError> {
        let (id, holder) = (intent.request_id, intent.open().map(|open| open.holder));
        let intent = intent.clone();
        let row = self
            .file
            .write("recording an intent", move |transaction| {
                if insert(transaction, &intent)? {
                    return Ok(None);
                }
                select(transaction, intent.request_id)
            })
            .await?;
        let known = row.map(|row| row.into_record(id)).transpose()?;
        Ok(known.filter(|known| known.open().map(|open| open.holder) != holder))
    }

    async fn hand_over(
        &self,
        id: RequestId,
        from: Holder,
        to: &Open,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let to = *to;
        self.file
            .write("taking up a write", move |transaction| {
                let changed = transaction
                    .prepare_cached(HAND_OVER)?
                    .execute(named_params! {
                        ":request_id": id.to_string(),
                        ":from": from.to_string(),
                        ":holder": to.holder.to_string(),
                        ":held_until": text(to.held_until),
                        ":settled_from": text(to.settled_from),
                        ":at": text(at),
                    })?;
                Ok(changed > 0)
            })
            .await
    }

    async fn finish(
        &self,
        id: RequestId,
        done: &Done,
        at: Timestamp,
    ) -> Result<Finished, StoreError> {
        let done = done.clone();
        let row = self
            .file
            .write("recording an outcome", move |transaction| {
                finish(transaction, id, &done, at)
            })
            .await?;
        match row {
            Settled::Recorded => Ok(Finished::Recorded),
            Settled::Claimed => Ok(Finished::Claimed),
            Settled::Not(None) => Ok(Finished::Gone),
            Settled::Not(Some(row)) => match row.into_record(id)?.state {
                State::Done(first) => Ok(Finished::AlreadyDone(first)),
                State::Open(_) => Err(unreadable("an open write cannot be settled")),
            },
        }
    }

    async fn forget(&self, id: RequestId, holder: Holder) -> Result<(), StoreError> {
        self.file
            .write("forgetting a write", move |transaction| {
                transaction.execute(
                    "DELETE FROM bettermode_writes WHERE request_id = ?1 AND holder = ?2",
                    params![id.to_string(), holder.to_string()],
                )
            })
            .await
            .map(|_| ())
    }

    async fn equals(&self, effect: &Effect, since: Timestamp) -> Result<Vec<Equal>, StoreError> {
        let effect = *effect;
        let rows = self
            .file
            .read("reading equal writes", move |connection| {
                connection
                    .prepare_cached(EQUALS)?
                    .query_map(params![effect.as_bytes(), text(since)], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                    })?
                    .collect::<Result<Vec<(String, Option<String>, Option<String>)>, _>>()
            })
            .await?;
        rows.into_iter()
            .map(|(request_id, settled_from, object_id)| {
                Ok(Equal {
                    request_id: RequestId::parse(&request_id)
                        .ok_or_else(|| unreadable("a request id is no UUID"))?,
                    settled_from: settled_from.as_deref().map(time).transpose()?,
                    object_id,
                })
            })
            .collect()
    }

    async fn prune(&self) -> Result<u64, StoreError> {
        let Ok(before) = self.clock.now().checked_sub(self.window + LONGER) else {
            return Ok(0);
        };
        let mut pruned = 0;
        loop {
            let slice = self
                .file
                .write("deleting old writes", move |transaction| {
                    transaction.execute(
                        "DELETE FROM bettermode_writes WHERE request_id IN (
                             SELECT request_id FROM bettermode_writes WHERE begun_at < ?1 LIMIT ?2)",
                        params![text(before), i64::try_from(SLICE).unwrap_or(i64::MAX)],
                    )
                })
                .await?;
            pruned += u64::try_from(slice).unwrap_or(u64::MAX);
            if slice < SLICE {
                return Ok(pruned);
            }
        }
    }
}

/// What became of an outcome.
enum Settled {
    Recorded,
    Claimed,
    Not(Option<Box<WriteRow>>),
}

fn insert(connection: &Connection, intent: &Record) -> Result<bool, rusqlite::Error> {
    let open = intent.open();
    let inserted = connection.prepare_cached(BEGIN)?.execute(named_params! {
        ":request_id": intent.request_id.to_string(),
        ":method": intent.method,
        ":fingerprint": intent.fingerprint.as_bytes(),
        ":effect": intent.effect.as_bytes(),
        ":begun_at": text(intent.begun_at),
        ":changed_at": text(intent.changed_at),
        ":holder": open.map(|open| open.holder.to_string()),
        ":held_until": open.map(|open| text(open.held_until)),
        ":settled_from": open.map(|open| text(open.settled_from)),
    })?;
    Ok(inserted > 0)
}

fn finish(
    connection: &Connection,
    id: RequestId,
    done: &Done,
    at: Timestamp,
) -> Result<Settled, rusqlite::Error> {
    let is_claimed: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM bettermode_writes WHERE object_id = ?1 AND request_id <> ?2)",
        params![done.object_id, id.to_string()],
        |row| row.get(0),
    )?;
    if is_claimed {
        return Ok(Settled::Claimed);
    }
    let changed = connection.prepare_cached(FINISH)?.execute(named_params! {
        ":request_id": id.to_string(),
        ":object_id": done.object_id,
        ":answer": done.answer.as_ref(),
        ":at": text(at),
    })?;
    if changed > 0 {
        return Ok(Settled::Recorded);
    }
    Ok(Settled::Not(select(connection, id)?.map(Box::new)))
}

fn select(connection: &Connection, id: RequestId) -> Result<Option<WriteRow>, rusqlite::Error> {
    connection
        .prepare_cached(SELECT)?
        .query_row([id.to_string()], WriteRow::read)
        .optional()
}

struct WriteRow {
    method: String,
    fingerprint: Vec<u8>,
    effect: Vec<u8>,
    begun_at: String,
    changed_at: String,
    open: Option<(String, String, String)>,
    object_id: Option<String>,
    answer: Option<Vec<u8>>,
}

impl WriteRow {
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        let holder: Option<String> = row.get(5)?;
        Ok(Self {
            method: row.get(0)?,
            fingerprint: row.get(1)?,
            effect: row.get(2)?,
            begun_at: row.get(3)?,
            changed_at: row.get(4)?,
            open: match holder {
                Some(holder) => Some((holder, row.get(6)?, row.get(7)?)),
                None => None,
            },
            object_id: row.get(8)?,
            answer: row.get(9)?,
        })
    }

    fn into_record(self, request_id: RequestId) -> Result<Record, StoreError> {
        let state = match (self.open, self.answer) {
            (Some((holder, held_until, settled_from)), None) => State::Open(Open {
                holder: Holder::parse(&holder)
                    .ok_or_else(|| unreadable("the holder of a write is no UUID"))?,
                held_until: time(&held_until)?,
                settled_from: time(&settled_from)?,
            }),
            (None, Some(answer)) => State::Done(Done {
                object_id: self.object_id,
                answer: Bytes::from(answer),
            }),
            _ => return Err(unreadable("a write is neither open nor done")),
        };
        let digest = || unreadable("a digest has the wrong length");
        Ok(Record {
            request_id,
            method: self.method,
            fingerprint: Fingerprint::read(&self.fingerprint).ok_or_else(digest)?,
            effect: Effect::read(&self.effect).ok_or_else(digest)?,
            begun_at: time(&self.begun_at)?,
            changed_at: time(&self.changed_at)?,
            state,
        })
    }
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Unreadable {
        store: "sqlite",
        what: what.to_owned(),
    }
}
