//! Events on this machine's disk, between the answer to the sender and the service.
//!
//! An event is appended, and on disk, before it is acknowledged; its id is
//! remembered so that it is taken once; it is read in the order of arrival and
//! removed when the service has it. One writer makes all changes, in groups that
//! share one fsync; after a write that failed nothing more is written. It does not
//! forward, and holds no more of the backlog in memory than was asked for.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use service_kit::clock::SharedClock;
use service_kit::tasks::Tasks;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use crate::forward::{self, Accepted, Sink};
use crate::payload::Event;

mod age;
mod committer;
mod dead_letter;
mod disk;
mod error;
pub mod record;

use age::Age;
use committer::{Command, Committer, Space};
pub use dead_letter::DeadLetter;
use disk::{Disk, State};
pub use error::{AppendError, OpenError, ReadError, WriteError};

/// Commands that wait for the writer; more make their senders wait.
const WAITING: usize = 1024;

/// How the queue is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it is; made when missing.
    pub dir: PathBuf,
    /// How many bytes of records may wait.
    pub max_bytes: u64,
    /// How long an id is remembered after its event was taken.
    pub dedup: Duration,
}

/// A place in the queue. Later events have greater ones, across restarts too; none
/// is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// An event that waits.
pub struct Queued {
    /// Its place.
    pub position: Position,
    /// The event.
    pub event: Event,
    /// Since when it waits.
    pub queued_at: Timestamp,
}

/// How full the queue is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events that wait.
    pub depth: u64,
    /// The size of their records, in bytes.
    pub bytes: u64,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
    /// Dead letters.
    pub dead: u64,
    /// A write has failed: nothing is taken until the process is restarted.
    pub poisoned: bool,
}

/// The queue; cheap to clone.
#[derive(Clone)]
pub struct Queue {
    commands: mpsc::Sender<Command>,
    disk: Arc<Disk>,
    shared: Arc<Shared>,
    writer: Arc<Mutex<Option<std::thread::JoinHandle<()>>>>,
}

/// What everybody may know without asking the writer.
struct Shared {
    clock: SharedClock,
    stats: Mutex<Stats>,
    /// The first position that waits.
    head: std::sync::atomic::AtomicU64,
    poisoned: AtomicBool,
    appended: Arc<Notify>,
}

impl Queue {
    /// Opens the queue in a directory, with what an earlier process left in it.
    ///
    /// # Errors
    /// [`OpenError`] when the directory cannot be used, is used by another process,
    /// or holds what this version does not read.
    pub fn open(options: Options, clock: SharedClock, tasks: &Tasks) -> Result<Self, OpenError> {
        let (disk, kept) = Disk::open(&options.dir)?;
        let disk = Arc::new(disk);
        let (now, opened) = (clock.now(), Instant::now());
        let state = kept.unwrap_or_else(|| State::new(now));
        let kept_at = Timestamp::from_millisecond(state.wall).unwrap_or(now);
        let shared = Arc::new(Shared {
            clock,
            stats: Mutex::default(),
            head: state.head.into(),
            poisoned: AtomicBool::new(false),
            appended: Arc::default(),
        });
        let (answers, groups) = mpsc::unbounded_channel();
        // It ends with the writer, which ends with the last clone of the queue.
        tasks.spawn_detached("queue answers", committer::answer_groups(groups));
        let committer = Committer {
            disk: Arc::clone(&disk),
            state,
            age: Age::resume(state.age, kept_at, now, opened),
            max_bytes: options.max_bytes,
            dedup: options.dedup,
            shared: Arc::clone(&shared),
            answers,
            forgot: opened,
            moment: opened,
            space: Space::of(options.dir.clone()),
        };
        let oldest = committer.oldest().map_err(|source| OpenError::Store {
            directory: options.dir.clone(),
            source,
        })?;
        shared.publish(&state, oldest, false);
        let (commands, waiting) = mpsc::channel(WAITING);
        let writer = std::thread::Builder::new()
            .name("queue".to_owned())
            .spawn(move || committer.run(waiting))
            .map_err(|source| OpenError::Directory {
                directory: options.dir,
                source,
            })?;
        Ok(Self {
            commands,
            disk,
            shared,
            writer: Arc::new(Mutex::new(Some(writer))),
        })
    }

    /// Takes an event. On disk when this returns; a duplicate is one whose first
    /// copy is on disk. A caller who goes away changes nothing for the others.
    ///
    /// # Errors
    /// [`AppendError`] when the event is not certain to be on disk; it can be
    /// offered again.
    pub async fn append(&self, event: &Event) -> Result<Accepted, AppendError> {
        let queued_at = self.shared.now();
        let record = record::encode(event, queued_at);
        let id = event.id.to_string();
        let (reply, answer) = oneshot::channel();
        self.send(Command::Append {
            id,
            record,
            queued_at,
            moment: Instant::now(),
            reply,
        })
        .await
        .map_err(|_| AppendError::Poisoned)?;
        answer.await.unwrap_or(Err(AppendError::Poisoned))
    }

    /// The events that wait after a position, the oldest first: at most `max_events`
    /// of them, and no more than reach `max_bytes`, but always one. Records that
    /// cannot be read are moved to the dead letters.
    ///
    /// # Errors
    /// [`ReadError`] when the disk cannot be read.
    pub async fn read(
        &self,
        after: Option<Position>,
        max_events: usize,
        max_bytes: usize,
    ) -> Result<Vec<Queued>, ReadError> {
        let head = self.shared.head.load(Ordering::Acquire);
        let from = after.map_or(head, |after| head.max(after.0.saturating_add(1)));
        let disk = Arc::clone(&self.disk);
        let read = move || disk.read(from, max_events, max_bytes);
        let (events, broken) = tokio::task::spawn_blocking(read)
            .await
            .map_err(|_| ReadError::Stopped)??;
        for (position, error) in broken {
            tracing::error!(
                position = position.0,
                cause = error.to_string(),
                "a record of the queue cannot be read: moved to the dead letters"
            );
            // A queue that cannot be written says so by itself.
            let _poisoned = self.bury(position, error.to_string()).await;
        }
        Ok(events)
    }

    /// Lets events go that the service has. Their ids stay known. It need not be on
    /// disk when this returns: after a crash they may be there again.
    ///
    /// # Errors
    /// [`WriteError`] when the queue is poisoned.
    pub async fn remove(&self, positions: &[Position]) -> Result<(), WriteError> {
        let (reply, answer) = oneshot::channel();
        let positions = positions.to_vec();
        self.send(Command::Remove { positions, reply }).await?;
        answer.await.unwrap_or(Err(WriteError::Poisoned))
    }

    /// Moves an event to the dead letters, on disk when this returns.
    ///
    /// # Errors
    /// [`WriteError`] when the queue is poisoned.
    pub async fn bury(&self, position: Position, reason: String) -> Result<(), WriteError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Bury {
            position,
            reason,
            reply,
        })
        .await?;
        answer.await.unwrap_or(Err(WriteError::Poisoned))
    }

    /// The dead letters after a position, in the order of their arrival.
    ///
    /// # Errors
    /// [`ReadError`] when the disk cannot be read.
    pub async fn dead_letters(
        &self,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ReadError> {
        let from = after.map_or(0, |after| after.0.saturating_add(1));
        let disk = Arc::clone(&self.disk);
        tokio::task::spawn_blocking(move || disk.dead_letters(from, limit))
            .await
            .map_err(|_| ReadError::Stopped)?
    }

    /// Puts dead letters at the end of the queue, and says how many were there.
    ///
    /// # Errors
    /// [`WriteError`] when the queue is poisoned.
    pub async fn redrive(&self, positions: &[Position]) -> Result<u64, WriteError> {
        let (reply, answer) = oneshot::channel();
        let positions = positions.to_vec();
        self.send(Command::Redrive { positions, reply }).await?;
        answer.await.unwrap_or(Err(WriteError::Poisoned))
    }

    /// How full the queue is now. Costs nothing.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Ends when an event is appended after this call.
    pub fn changed(&self) -> impl Future<Output = ()> + Send + use<> {
        Arc::clone(&self.shared.appended).notified_owned()
    }

    /// Ends once the last clone of the queue is gone and the directory can be
    /// opened again. Only then.
    pub async fn close(self) {
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop((self.commands, self.disk));
        if let Some(writer) = writer {
            let _joined = tokio::task::spawn_blocking(move || writer.join()).await;
        }
    }

    async fn send(&self, command: Command) -> Result<(), WriteError> {
        if self.shared.is_poisoned() {
            return Err(WriteError::Poisoned);
        }
        self.commands
            .send(command)
            .await
            .map_err(|_| WriteError::Poisoned)
    }
}

#[async_trait]
impl Sink for Queue {
    async fn accept(&self, event: &Event) -> Result<Accepted, forward::Error> {
        Ok(self.append(event).await?)
    }
}

impl Shared {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn stats(&self) -> Stats {
        let mut stats = *self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.poisoned = self.poisoned.load(Ordering::Acquire);
        stats
    }

    fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }

    fn publish(&self, state: &State, oldest: Option<Timestamp>, has_more: bool) {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = Stats {
            depth: state.depth,
            bytes: state.bytes,
            oldest,
            dead: state.dead,
            poisoned: false,
        };
        self.head.store(state.head, Ordering::Release);
        if has_more {
            self.appended.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests;
