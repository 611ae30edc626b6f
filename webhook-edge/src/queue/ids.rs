//! Which events were taken before: exact, and for as long as was asked for.
//!
//! New ids are in memory first. A thread of its own moves them to the embedded store
//! in batches; until they are on disk there, the segments of the log that hold them
//! stay, and a restart puts them in again. So the way of a webhook never waits for
//! the store to write.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::store::Store;
use super::{OpenError, Shared};

/// So many ids are moved at once.
const BATCH_IDS: usize = 16 * 1024;
/// Or those of so many milliseconds: they are forgotten together, when the youngest
/// is old enough.
const BATCH_AGE: u64 = 5_000;
/// Batches that wait for the store; with more, the writer of the queue waits too.
const BATCHES: usize = 4;
/// How often, in milliseconds, ids that are old enough are looked for.
const FORGET_EVERY: u64 = 1_000;

/// Ids of events that were taken one after the other.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) ids: HashSet<Box<str>>,
    /// The position of the last of these events.
    pub(super) last: u64,
    /// The age of the queue when the first and the last was taken, in milliseconds.
    first_age: u64,
    pub(super) age: u64,
}

/// What the thread is to do.
pub(super) enum Work {
    Keep(Arc<Batch>),
    /// Forget the ids that were taken before this age.
    Forget(u64),
}

/// All ids that are remembered.
pub(super) struct Ids {
    store: Arc<Store>,
    current: Batch,
    on_the_way: VecDeque<Arc<Batch>>,
    forgot: u64,
    keeper: Keeper,
}

/// Who moves ids to the store.
enum Keeper {
    Thread(SyncSender<Work>, JoinHandle<()>),
    /// Whoever hands them on, who waits for it.
    Caller(Arc<Shared>),
}

impl Ids {
    /// The ids of a store, and who keeps new ones in it: a thread, or the caller.
    pub(super) fn new(
        store: Arc<Store>,
        shared: &Arc<Shared>,
        has_thread: bool,
    ) -> Result<Self, OpenError> {
        let keeper = if has_thread {
            Self::thread(&store, shared)?
        } else {
            Keeper::Caller(Arc::clone(shared))
        };
        Ok(Self {
            store,
            current: Batch::default(),
            on_the_way: VecDeque::new(),
            forgot: 0,
            keeper,
        })
    }

    fn thread(store: &Arc<Store>, shared: &Arc<Shared>) -> Result<Keeper, OpenError> {
        let (work, to_do) = sync_channel(BATCHES);
        let (store, shared) = (Arc::clone(store), Arc::clone(shared));
        let thread = std::thread::Builder::new()
            .name("queue ids".to_owned())
            .spawn(move || {
                for work in to_do {
                    if !perform(&store, &work, &shared) {
                        return;
                    }
                }
            })
            .map_err(OpenError::Thread)?;
        Ok(Keeper::Thread(work, thread))
    }

    /// Whether the event with this id was taken before.
    pub(super) fn knows(&self, id: &str) -> Result<bool, fjall::Error> {
        let is_new = self.current.ids.contains(id)
            || self.on_the_way.iter().any(|batch| batch.ids.contains(id));
        Ok(is_new || self.store.knows(id)?)
    }

    /// Remembers the id of the event at a position, taken at an age of the queue.
    pub(super) fn remember(&mut self, id: &str, position: u64, age: u64) {
        let batch = &mut self.current;
        if batch.ids.is_empty() {
            batch.first_age = age;
        }
        batch.ids.insert(id.into());
        batch.last = position;
        batch.age = age;
    }

    /// Hands on what is to be kept and forgotten at this age of the queue. To be
    /// called when all events that were taken so far are on disk. False when the
    /// thread has failed.
    pub(super) fn hand_on(&mut self, age: u64, forget_before: u64) -> bool {
        let kept = self.store.kept();
        while self
            .on_the_way
            .front()
            .is_some_and(|batch| batch.last <= kept)
        {
            self.on_the_way.pop_front();
        }
        let batch = &self.current;
        let is_due =
            batch.ids.len() >= BATCH_IDS || age.saturating_sub(batch.first_age) >= BATCH_AGE;
        if is_due && !batch.ids.is_empty() && !self.keep() {
            return false;
        }
        if age.saturating_sub(self.forgot) >= FORGET_EVERY {
            self.forgot = age;
            return self.give(Work::Forget(forget_before));
        }
        true
    }

    /// Ids of events up to this position are on disk.
    pub(super) fn kept(&self) -> u64 {
        self.store.kept()
    }

    /// Keeps all that is in memory, and waits until it is on disk.
    pub(super) fn close(mut self) {
        if !self.current.ids.is_empty() {
            self.keep();
        }
        self.stop();
    }

    /// Waits until the thread has ended, which has the store open.
    pub(super) fn stop(self) {
        if let Keeper::Thread(work, thread) = self.keeper {
            drop(work);
            let _panicked = thread.join();
        }
    }

    fn keep(&mut self) -> bool {
        let batch = Arc::new(std::mem::take(&mut self.current));
        self.on_the_way.push_back(Arc::clone(&batch));
        self.give(Work::Keep(batch))
    }

    fn give(&self, work: Work) -> bool {
        match &self.keeper {
            Keeper::Thread(thread, _) => thread.send(work).is_ok(),
            Keeper::Caller(shared) => perform(&self.store, &work, shared),
        }
    }
}

/// Says whether it could be done; if not, the queue takes nothing more.
fn perform(store: &Store, work: &Work, shared: &Shared) -> bool {
    let Err(error) = store.perform(work) else {
        return true;
    };
    tracing::error!(
        cause = error.to_string(),
        "ids of webhooks could not be kept: no webhook is taken until the edge is restarted"
    );
    shared.poison();
    false
}
