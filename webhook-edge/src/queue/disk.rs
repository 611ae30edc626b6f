//! What is on disk: five keyspaces of one embedded store, changed in atomic groups.
//!
//! `events` by position, `ids` for looking one up, `expiry` with the ids of each
//! group in the order of age, `dead` by position, and `state`: a few counters,
//! written with every group, so that opening costs the same whatever waits.

use std::path::Path;

use fjall::config::CompressionPolicy;
use fjall::{
    CompressionType, Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode,
};
use jiff::Timestamp;
use service_kit::failpoints;

use super::record::{self, DecodeError};
use super::{DeadLetter, OpenError, Position, Queued, ReadError};

const STATE: &[u8] = b"state";
/// An event and its removal mostly meet in memory and never reach a table.
const EVENTS_IN_MEMORY: u64 = 64 * 1024 * 1024;
const IDS_IN_MEMORY: u64 = 8 * 1024 * 1024;
const CACHE: u64 = 16 * 1024 * 1024;

/// The keyspaces.
pub(super) struct Disk {
    database: Database,
    pub(super) events: Keyspace,
    pub(super) ids: Keyspace,
    pub(super) expiry: Keyspace,
    pub(super) dead: Keyspace,
    state: Keyspace,
}

/// Records that are none, and why.
pub(super) type Broken = Vec<(Position, DecodeError)>;

/// The counters that are kept with every group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct State {
    /// The last position that was given.
    pub(super) last: u64,
    /// No event waits before this position.
    pub(super) head: u64,
    /// How many events wait, and the size of their records.
    pub(super) depth: u64,
    pub(super) bytes: u64,
    /// How many are dead letters.
    pub(super) dead: u64,
    /// The age of the queue, and the wall clock at that moment, in milliseconds.
    pub(super) age: u64,
    pub(super) wall: i64,
}

impl Disk {
    /// Opens the store in `directory`, and makes it where there is none.
    pub(super) fn open(directory: &Path) -> Result<(Self, Option<State>), OpenError> {
        std::fs::create_dir_all(directory).map_err(|source| OpenError::Directory {
            directory: directory.to_owned(),
            source,
        })?;
        let unusable = |source| match source {
            fjall::Error::Locked => OpenError::Locked {
                directory: directory.to_owned(),
            },
            source => OpenError::Store {
                directory: directory.to_owned(),
                source,
            },
        };
        let database = Database::builder(directory)
            .cache_size(CACHE)
            .worker_threads(1)
            // Webhooks are small and gone soon: compressing them costs more than it saves.
            .journal_compression(CompressionType::None)
            .open()
            .map_err(unusable)?;
        let keyspace = |name: &str, in_memory: u64| {
            let options = || {
                KeyspaceCreateOptions::default()
                    .max_memtable_size(in_memory)
                    .data_block_compression_policy(CompressionPolicy::disabled())
            };
            database.keyspace(name, options).map_err(unusable)
        };
        let disk = Self {
            events: keyspace("events", EVENTS_IN_MEMORY)?,
            ids: keyspace("ids", IDS_IN_MEMORY)?,
            expiry: keyspace("expiry", IDS_IN_MEMORY)?,
            dead: keyspace("dead", IDS_IN_MEMORY)?,
            state: keyspace("state", IDS_IN_MEMORY)?,
            database,
        };
        let state = disk.state.get(STATE).map_err(unusable)?;
        let state = state
            .map(|bytes| State::from_bytes(&bytes).ok_or(OpenError::Version))
            .transpose()?;
        Ok((disk, state))
    }

    pub(super) fn group(&self) -> OwnedWriteBatch {
        self.database.batch()
    }

    /// Makes a group happen, all of it or nothing; on disk when this returns, if
    /// `durable`.
    pub(super) fn commit(
        &self,
        mut group: OwnedWriteBatch,
        state: &State,
        durable: bool,
    ) -> Result<(), fjall::Error> {
        failpoints::reached("queue.append");
        failpoints::error("queue.commit")?;
        group.insert(&self.state, STATE, state.to_bytes());
        // What need not outlive the machine must still outlive the process.
        let mode = if durable {
            PersistMode::SyncData
        } else {
            PersistMode::Buffer
        };
        group.durability(Some(mode)).commit()?;
        failpoints::reached(if durable {
            "queue.synced"
        } else {
            "queue.removed"
        });
        Ok(())
    }

    /// The first event at `from` or later.
    pub(super) fn first_at(&self, from: u64) -> Result<Option<(Position, Vec<u8>)>, fjall::Error> {
        self.events
            .range(key(from)..)
            .next()
            .map(|found| {
                let (key, record) = found.into_inner()?;
                Ok((position(&key), record.to_vec()))
            })
            .transpose()
    }
}

impl Disk {
    /// Events from a position on, and the records that are none.
    pub(super) fn read(
        &self,
        from: u64,
        max_events: usize,
        max_bytes: usize,
    ) -> Result<(Vec<Queued>, Broken), ReadError> {
        let (mut events, mut broken, mut bytes) = (Vec::new(), Vec::new(), 0);
        for entry in self.events.range(key(from)..) {
            // Those that cannot be read count for nothing: behind them is the next.
            if events.len() == max_events {
                break;
            }
            let (key, bytes_of_one) = entry.into_inner()?;
            bytes += bytes_of_one.len();
            if bytes > max_bytes && !events.is_empty() {
                break;
            }
            let position = position(&key);
            match record::decode(&bytes_of_one) {
                Ok((event, queued_at)) => events.push(Queued {
                    position,
                    event,
                    queued_at,
                }),
                Err(error) => broken.push((position, error)),
            }
        }
        Ok((events, broken))
    }

    /// Dead letters from a position on.
    pub(super) fn dead_letters(
        &self,
        from: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ReadError> {
        let mut letters = Vec::new();
        for entry in self.dead.range(key(from)..).take(limit) {
            let (key, bytes) = entry.into_inner()?;
            letters.extend(DeadLetter::from_bytes(position(&key), &bytes));
        }
        Ok(letters)
    }
}

/// Positions sort as their numbers do.
pub(super) fn key(position: u64) -> [u8; 8] {
    position.to_be_bytes()
}

/// The position that a key stands for.
pub(super) fn position(key: &[u8]) -> Position {
    Position(
        key.first_chunk()
            .map_or(0, |bytes| u64::from_be_bytes(*bytes)),
    )
}

/// Where a group's ids stand in the order of forgetting; no two groups end at the
/// same position.
pub(super) fn expiry_key(age: u64, last: u64) -> Vec<u8> {
    [age.to_be_bytes(), last.to_be_bytes()].concat()
}

/// Ids are visible ASCII, so a line holds one.
pub(super) fn join_ids<'a>(ids: impl IntoIterator<Item = &'a String>) -> String {
    ids.into_iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The ids that [`join_ids`] joined.
pub(super) fn split_ids(joined: &[u8]) -> impl Iterator<Item = &[u8]> {
    joined.split(|byte| *byte == b'\n')
}

impl State {
    /// The state of a queue that is new.
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            wall: now.as_millisecond(),
            ..Self::default()
        }
    }

    fn to_bytes(self) -> Vec<u8> {
        let wall = u64::from_be_bytes(self.wall.to_be_bytes());
        [
            self.last, self.head, self.depth, self.bytes, self.dead, self.age, wall,
        ]
        .into_iter()
        .flat_map(u64::to_be_bytes)
        .collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks::<8>() else {
            return None;
        };
        let [last, head, depth, bytes, dead, age, wall] = numbers.try_into().ok()?;
        let number = u64::from_be_bytes;
        Some(Self {
            last: number(last),
            head: number(head),
            depth: number(depth),
            bytes: number(bytes),
            dead: number(dead),
            age: number(age),
            wall: i64::from_be_bytes(wall),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_read_as_it_was_written_and_nothing_else_is() {
        let state = State {
            last: 1,
            head: 2,
            depth: 3,
            bytes: u64::MAX,
            dead: 5,
            age: 6,
            wall: -7,
        };
        assert_eq!(State::from_bytes(&state.to_bytes()), Some(state));
        assert_eq!(State::from_bytes(&state.to_bytes()[1..]), None);
        assert_eq!(State::from_bytes(&[]), None);
    }

    #[test]
    fn positions_sort_as_numbers() {
        assert!(key(255) < key(256));
        assert_eq!(position(&key(77)), Position(77));
    }
}
