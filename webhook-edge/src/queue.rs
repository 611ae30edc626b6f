//! Events on this machine's disk, between the answer to the sender and the service.
//!
//! An event is appended, and on disk, before it is acknowledged; its id is
//! remembered so that it is taken once; it is read in the order of arrival and
//! removed when the service has it. One writer makes all changes, in groups that
//! share one fsync; after a write that failed nothing more is written. It does not
//! forward, and holds no more of the backlog in memory than was asked for.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use service_kit::blocking::Blocking;
use service_kit::clock::SharedClock;
use service_kit::tasks::Tasks;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use crate::forward::{self, Accepted, Sink};
use crate::payload::Event;

mod age;
mod answers;
mod committer;
mod dead_letter;
mod directory;
pub mod disk;
mod error;
pub mod ground;
mod ids;
mod inbox;
pub mod log;
pub mod record;
mod space;
mod store;
pub mod tables;

use answers::Reply;
use committer::{Command, Committer};
pub use dead_letter::DeadLetter;
pub use error::{AppendError, OpenError, ReadError, WriteError};
use ground::Ground;
use inbox::Inbox;
use log::{Reader, Wanted};
use store::Store;

/// How large a segment of the log is to be. In a build for fault tests small, so that
/// short lives of the program see many of them come and go.
pub const SEGMENT_BYTES: u64 = if cfg!(feature = "failpoints") {
    16 * 1024
} else {
    64 * 1024 * 1024
};

/// How the queue is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it is; made when missing.
    pub dir: PathBuf,
    /// How many bytes of records may wait.
    pub max_bytes: u64,
    /// How long an id is remembered after its event was taken.
    pub dedup: Duration,
    /// How large the files of its log become, mostly [`SEGMENT_BYTES`].
    pub segment_bytes: u64,
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
    /// The size of its record.
    pub bytes: usize,
}

/// How full the queue is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events that wait.
    pub depth: u64,
    /// The size of their records, in bytes.
    pub bytes: u64,
    /// Since when the oldest waits; within a second.
    pub oldest: Option<Timestamp>,
    /// Dead letters.
    pub dead: u64,
    /// A write has failed: nothing is taken until the process is restarted.
    pub poisoned: bool,
    /// What came in since this process has the queue.
    pub flow: Flow,
}

/// What came into the queue in the life of this process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    /// Events that an earlier process left, dead letters among them.
    pub found: u64,
    /// Events that are new.
    pub taken: u64,
    /// Events that were known already, and went no further.
    pub duplicates: u64,
}

/// The queue; cheap to clone.
#[derive(Clone)]
pub struct Queue {
    inbox: Arc<OpenInbox>,
    reader: Arc<Reader>,
    store: Arc<Store>,
    shared: Arc<Shared>,
    blocking: Blocking,
    writer: Arc<Mutex<Option<Writer>>>,
}

/// Who writes; ends after the last clone of the queue.
enum Writer {
    Thread(std::thread::JoinHandle<()>),
    Task(tokio::task::JoinHandle<()>),
}

/// Closes the inbox with the last clone of the queue.
struct OpenInbox(Arc<Inbox>);

/// What everybody may know without asking the writer.
struct Shared {
    clock: SharedClock,
    stats: Mutex<Stats>,
    poisoned: AtomicBool,
    appended: Arc<Notify>,
}

impl Queue {
    /// Opens the queue in a directory, with what an earlier process left in it.
    ///
    /// # Errors
    /// [`OpenError`] when the directory cannot be used, is used by another process,
    /// or holds what this version does not read.
    pub fn open(options: &Options, clock: SharedClock, tasks: &Tasks) -> Result<Self, OpenError> {
        Self::open_on(options, &Ground::default(), clock, tasks)
    }

    /// As [`open`](Self::open), on another ground than the operating system's.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_on(
        options: &Options,
        ground: &Ground,
        clock: SharedClock,
        tasks: &Tasks,
    ) -> Result<Self, OpenError> {
        let lock = ground.disk.take(&options.dir)?;
        let shared = Arc::new(Shared {
            clock,
            stats: Mutex::default(),
            poisoned: AtomicBool::new(false),
            appended: Arc::default(),
        });
        let (answers, groups) = mpsc::unbounded_channel();
        // It ends with the writer, which ends with the last clone of the queue.
        tasks.spawn_detached("queue answers", answers::give(groups));
        let committer = Committer::open(options, ground, &shared, answers)?;
        Self::over(committer, shared, lock, (&ground.blocking, tasks))
    }

    fn over(
        committer: Committer,
        shared: Arc<Shared>,
        lock: Option<File>,
        (blocking, tasks): (&Blocking, &Tasks),
    ) -> Result<Self, OpenError> {
        shared.publish(committer.stats(), false);
        let (reader, store) = (Arc::clone(&committer.reader), Arc::clone(&committer.store));
        let inbox = Arc::new(Inbox::default());
        let writer = start(committer, Arc::clone(&inbox), lock, (blocking, tasks))?;
        Ok(Self {
            inbox: Arc::new(OpenInbox(inbox)),
            reader,
            store,
            shared,
            blocking: blocking.clone(),
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
        let id = event.id.to_string();
        let record = record::encode(event, self.shared.now());
        let moment = Instant::now();
        self.ask(AppendError::Poisoned, |reply| Command::Append {
            id,
            record,
            moment,
            reply,
        })
        .await
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
        let from = after.map_or(0, |after| after.0.saturating_add(1));
        let wanted = Wanted {
            events: max_events,
            bytes: max_bytes,
        };
        let reader = Arc::clone(&self.reader);
        let read = self.blocking.run(move || {
            let waiting = reader.read(from, wanted)?;
            Ok::<_, ReadError>(sort_out(waiting))
        });
        let (events, broken) = read.await.map_err(|_| ReadError::Stopped)??;
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
    pub async fn remove(&self, events: &[Queued]) -> Result<(), WriteError> {
        let events = events
            .iter()
            .map(|queued| (queued.position, queued.bytes))
            .collect();
        self.ask(WriteError::Poisoned, |reply| Command::Remove {
            events,
            reply,
        })
        .await
    }

    /// Moves an event to the dead letters, on disk when this returns.
    ///
    /// # Errors
    /// [`WriteError`] when the queue is poisoned.
    pub async fn bury(&self, position: Position, reason: String) -> Result<(), WriteError> {
        self.ask(WriteError::Poisoned, |reply| Command::Bury {
            position,
            reason,
            reply,
        })
        .await
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
        let store = Arc::clone(&self.store);
        let read = self.blocking.run(move || store.dead_letters(from, limit));
        Ok(read.await.map_err(|_| ReadError::Stopped)??)
    }

    /// Puts dead letters at the end of the queue, in the order given and as far as there
    /// is room; says how many. The others stay where they are.
    ///
    /// # Errors
    /// [`WriteError`] when the queue is poisoned.
    pub async fn redrive(&self, positions: &[Position]) -> Result<u64, WriteError> {
        let positions = positions.to_vec();
        self.ask(WriteError::Poisoned, |reply| Command::Redrive {
            positions,
            reply,
        })
        .await
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
        drop((self.inbox, self.reader, self.store));
        match writer {
            Some(Writer::Thread(writer)) => {
                let _joined = tokio::task::spawn_blocking(move || writer.join()).await;
            }
            Some(Writer::Task(writer)) => {
                let _joined = writer.await;
            }
            None => {}
        }
    }

    /// Gives the writer a command and waits for its answer; `poisoned` when none comes.
    async fn ask<T, E>(
        &self,
        poisoned: E,
        command: impl FnOnce(Reply<T, E>) -> Command,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        if self.shared.is_poisoned() || self.inbox.0.send(command(reply)).is_err() {
            return Err(poisoned);
        }
        answer.await.unwrap_or(Err(poisoned))
    }
}

impl Drop for OpenInbox {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Starts the writer. The directory is free again once it has ended.
fn start(
    committer: Committer,
    inbox: Arc<Inbox>,
    lock: Option<File>,
    (blocking, tasks): (&Blocking, &Tasks),
) -> Result<Writer, OpenError> {
    if let Blocking::Here(gate) = blocking {
        let gate = Arc::clone(gate);
        let write = async move { committer.run_behind(&inbox, &*gate).await };
        return Ok(Writer::Task(tasks.spawn("queue", write)));
    }
    let write = move || {
        committer.run(&inbox);
        drop(lock);
    };
    std::thread::Builder::new()
        .name("queue".to_owned())
        .spawn(write)
        .map(Writer::Thread)
        .map_err(OpenError::Thread)
}

/// Records that cannot be read, and why.
type Broken = Vec<(Position, record::DecodeError)>;

fn sort_out(waiting: Vec<log::Waiting>) -> (Vec<Queued>, Broken) {
    let (mut events, mut broken) = (Vec::with_capacity(waiting.len()), Vec::new());
    for log::Waiting { position, record } in waiting {
        match record::decode_shared(&record) {
            Ok((event, queued_at)) => events.push(Queued {
                position,
                event,
                queued_at,
                bytes: record.len(),
            }),
            Err(error) => broken.push((position, error)),
        }
    }
    (events, broken)
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

    fn publish(&self, stats: Stats, has_more: bool) {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = stats;
        if has_more {
            self.appended.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests;
