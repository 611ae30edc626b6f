//! The one writer: takes what waits, makes one group of it, one fsync, then answers.
//!
//! It adds no delay: alone, an event is written at once; while the disk works on
//! one group, the next gathers. Nobody is told that an event is kept before the
//! group is on disk, those who sent the same event at the same time included.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use fjall::OwnedWriteBatch;
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::age::{self, Age};
use super::disk::{self, Disk, State};
use super::{AppendError, DeadLetter, Position, Shared, WriteError, record};
use crate::forward::Accepted;

/// Bounds of a group.
const GROUP_COMMANDS: usize = 512;
const GROUP_BYTES: usize = 8 * 1024 * 1024;
/// The ids of how many groups are forgotten at once, and how often that is looked at.
const FORGET_AT_ONCE: usize = 16;
const FORGET_EVERY: Duration = Duration::from_secs(1);
/// How often the free space is looked at, and how much of it is left alone: a disk
/// that is full in the middle of a write is a failed disk, and that needs a restart.
const SPACE_EVERY: Duration = Duration::from_millis(200);
const SPACE_LEFT_ALONE: u64 = 64 * 1024 * 1024;

/// Something to write.
pub(super) enum Command {
    /// A new event.
    Append {
        id: String,
        record: Vec<u8>,
        queued_at: Timestamp,
        moment: Instant,
        reply: oneshot::Sender<Result<Accepted, AppendError>>,
    },
    /// Events that the service has.
    Remove {
        positions: Vec<Position>,
        reply: oneshot::Sender<Result<(), WriteError>>,
    },
    /// An event for the dead letters.
    Bury {
        position: Position,
        reason: String,
        reply: oneshot::Sender<Result<(), WriteError>>,
    },
    /// Dead letters for the queue.
    Redrive {
        positions: Vec<Position>,
        reply: oneshot::Sender<Result<u64, WriteError>>,
    },
}

/// Tells one sender how it went, once the group is on disk.
type Answer = Box<dyn FnOnce(Result<(), ()>) + Send>;

/// What is to be told to the senders of a group. They are woken by a task and not by
/// the writer: from outside the runtime each wake is a call to the operating system.
pub(super) type Answers = (Vec<Answer>, Result<(), ()>);

/// The writer and what it knows.
pub(super) struct Committer {
    pub(super) disk: Arc<Disk>,
    pub(super) state: State,
    pub(super) age: Age,
    pub(super) max_bytes: u64,
    pub(super) dedup: Duration,
    pub(super) shared: Arc<Shared>,
    pub(super) answers: mpsc::UnboundedSender<Answers>,
    /// When ids were last looked through, and the latest moment that a group saw.
    pub(super) forgot: Instant,
    pub(super) moment: Instant,
    pub(super) space: Space,
}

/// The free space of the disk, as it was a moment ago.
pub(super) struct Space {
    directory: std::path::PathBuf,
    looked: Option<Instant>,
    is_short: bool,
}

/// A group that is being put together.
struct Group {
    batch: OwnedWriteBatch,
    state: State,
    ids: HashSet<String>,
    removed: HashSet<u64>,
    first_queued_at: Option<Timestamp>,
    /// When the latest of its events came.
    moment: Instant,
    /// How many events it adds.
    pushed: u64,
    answers: Vec<Answer>,
    is_durable: bool,
}

impl Committer {
    /// Writes until nobody is left who could ask for it.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let _guard = PoisonOnPanic(Arc::clone(&self.shared));
        while let Some(first) = commands.blocking_recv() {
            let mut waiting = vec![first];
            let mut bytes = size(&waiting[0]);
            while waiting.len() < GROUP_COMMANDS
                && bytes < GROUP_BYTES
                && let Ok(next) = commands.try_recv()
            {
                bytes += size(&next);
                waiting.push(next);
            }
            // After a write that failed nothing is written: who waits hears so by
            // the end of the channel for the reply.
            if !self.shared.is_poisoned() {
                self.write(waiting);
            }
        }
    }

    fn write(&mut self, commands: Vec<Command>) {
        let mut group = Group {
            batch: self.disk.group(),
            state: self.state,
            ids: HashSet::new(),
            removed: HashSet::new(),
            first_queued_at: None,
            moment: self.moment,
            pushed: 0,
            answers: Vec::with_capacity(commands.len()),
            is_durable: false,
        };
        let mut result = commands
            .into_iter()
            .try_for_each(|command| self.add(&mut group, command));
        if result.is_ok() {
            result = self.commit(&mut group);
        }
        if let Err(error) = &result {
            tracing::error!(
                cause = error.to_string(),
                "the queue could not be written: no webhook is taken until the edge is restarted"
            );
            self.shared.poison();
        }
        let written = result.as_ref().copied().map_err(|_| ());
        // Nobody is left to hear it when the runtime has gone.
        let _gone = self.answers.send((group.answers, written));
    }

    fn add(&mut self, group: &mut Group, command: Command) -> Result<(), fjall::Error> {
        match command {
            Command::Append {
                id,
                record,
                queued_at,
                moment,
                reply,
            } => {
                group.moment = group.moment.max(moment);
                let outcome = self.append(group, id, record, queued_at);
                let kept = match &outcome {
                    Ok(kept) => *kept,
                    Err(_) => Err(AppendError::Poisoned),
                };
                group.answers.push(Box::new(move |written| {
                    let answer = kept.and_then(|kept| {
                        written.map(|()| kept).map_err(|()| AppendError::Poisoned)
                    });
                    let _gone = reply.send(answer);
                }));
                outcome.map(|_| ())
            }
            Command::Remove { positions, reply } => {
                let outcome = positions
                    .into_iter()
                    .try_for_each(|position| self.remove(group, position).map(|_| ()));
                group.answers.push(answer(reply, ()));
                outcome
            }
            Command::Bury {
                position,
                reason,
                reply,
            } => {
                let outcome = self.bury(group, position, &reason);
                group.answers.push(answer(reply, ()));
                outcome
            }
            Command::Redrive { positions, reply } => {
                let outcome = positions.into_iter().try_fold(0, |count, position| {
                    Ok(count + u64::from(self.redrive(group, position)?))
                });
                group
                    .answers
                    .push(answer(reply, *outcome.as_ref().unwrap_or(&0)));
                outcome.map(|_| ())
            }
        }
    }

    fn append(
        &mut self,
        group: &mut Group,
        id: String,
        record: Vec<u8>,
        queued_at: Timestamp,
    ) -> Result<Result<Accepted, AppendError>, fjall::Error> {
        if group.ids.contains(&id) || self.disk.ids.contains_key(&id)? {
            return Ok(Ok(Accepted::Duplicate));
        }
        let size = record.len() as u64;
        if group.state.bytes + size > self.max_bytes || self.space.is_short() {
            return Ok(Err(AppendError::Full));
        }
        group.batch.insert(&self.disk.ids, id.as_bytes(), []);
        group.ids.insert(id);
        group.push(&self.disk, record, queued_at);
        Ok(Ok(Accepted::Stored))
    }

    /// The record of an event that leaves the queue; nothing if it has left.
    fn remove(
        &self,
        group: &mut Group,
        position: Position,
    ) -> Result<Option<Vec<u8>>, fjall::Error> {
        let key = disk::key(position.0);
        if group.removed.contains(&position.0) {
            return Ok(None);
        }
        let Some(record) = self.disk.events.get(key)? else {
            return Ok(None);
        };
        group.removed.insert(position.0);
        // Each position is written once, so the light tombstone is enough.
        group.batch.remove_weak(&self.disk.events, key);
        group.state.depth -= 1;
        group.state.bytes -= record.len() as u64;
        Ok(Some(record.to_vec()))
    }

    fn bury(
        &self,
        group: &mut Group,
        position: Position,
        reason: &str,
    ) -> Result<(), fjall::Error> {
        let Some(record) = self.remove(group, position)? else {
            return Ok(());
        };
        let letter = DeadLetter::to_bytes(self.shared.now(), reason, &record);
        group
            .batch
            .insert(&self.disk.dead, disk::key(position.0), letter);
        group.state.dead += 1;
        group.is_durable = true;
        Ok(())
    }

    fn redrive(&self, group: &mut Group, position: Position) -> Result<bool, fjall::Error> {
        let key = disk::key(position.0);
        let found = self.disk.dead.get(key)?;
        let Some(letter) = found.and_then(|bytes| DeadLetter::from_bytes(position, &bytes)) else {
            return Ok(false);
        };
        if !group.removed.insert(position.0) {
            return Ok(false);
        }
        group.batch.remove(&self.disk.dead, key);
        group.state.dead -= 1;
        let now = self.shared.now();
        group.push(&self.disk, letter.record, now);
        Ok(true)
    }

    /// Forgets ids that are old enough, a few at a time.
    fn forget(&mut self, group: &mut Group) -> Result<(), fjall::Error> {
        let waited = group.moment.saturating_duration_since(self.forgot);
        if waited < FORGET_EVERY {
            return Ok(());
        }
        let horizon = self
            .age
            .at(group.moment)
            .saturating_sub(age::millis(self.dedup));
        let old = self.disk.expiry.range(..disk::key(horizon).to_vec());
        let mut forgotten = 0;
        for entry in old.take(FORGET_AT_ONCE) {
            let (key, ids) = entry.into_inner()?;
            for id in disk::split_ids(&ids) {
                group.batch.remove(&self.disk.ids, id);
            }
            group.batch.remove_weak(&self.disk.expiry, key);
            forgotten += 1;
        }
        // With more to forget, the next group goes on.
        if forgotten < FORGET_AT_ONCE {
            self.forgot = group.moment;
        }
        Ok(())
    }

    fn commit(&mut self, group: &mut Group) -> Result<(), fjall::Error> {
        if group.state == self.state {
            return Ok(());
        }
        self.forget(group)?;
        if !group.ids.is_empty() {
            // One entry for all: they are as old as each other.
            let key = disk::expiry_key(self.age.at(group.moment), group.state.last);
            let ids = disk::join_ids(&group.ids);
            group.batch.insert(&self.disk.expiry, key, ids);
        }
        group.state.age = self.age.at(group.moment);
        group.state.wall = self.shared.now().as_millisecond();
        if group.removed.contains(&group.state.head) || self.state.depth == 0 {
            group.state.head = self.head_after(group)?;
        }
        let batch = std::mem::replace(&mut group.batch, self.disk.group());
        self.disk.commit(batch, &group.state, group.is_durable)?;
        self.moment = group.moment;
        let had_none = self.state.depth == 0;
        let moved = self.state.head != group.state.head;
        self.state = group.state;
        let oldest = match (self.state.depth, had_none) {
            (0, _) => None,
            (_, true) => group.first_queued_at,
            (_, false) if moved => self.oldest()?,
            (_, false) => self.shared.stats().oldest,
        };
        self.shared.publish(&self.state, oldest, group.pushed > 0);
        Ok(())
    }

    /// The first position that still waits once the group has happened.
    fn head_after(&self, group: &Group) -> Result<u64, fjall::Error> {
        let waiting = self.disk.events.range(disk::key(group.state.head)..);
        for entry in waiting {
            let position = disk::position(&entry.key()?).0;
            if !group.removed.contains(&position) {
                return Ok(position);
            }
        }
        // Nothing that was there before: the first of this group, or the next to come.
        Ok(group.state.last - group.pushed + 1)
    }

    /// Since when the first event waits.
    pub(super) fn oldest(&self) -> Result<Option<Timestamp>, fjall::Error> {
        let first = self.disk.first_at(self.state.head)?;
        // One that cannot be read shows no time; reading moves it out of the way.
        Ok(first.and_then(|(_, bytes)| Some(record::decode(&bytes).ok()?.1)))
    }
}

impl Group {
    fn push(&mut self, disk: &Disk, record: Vec<u8>, queued_at: Timestamp) {
        self.state.last += 1;
        self.state.depth += 1;
        self.state.bytes += record.len() as u64;
        self.batch
            .insert(&disk.events, disk::key(self.state.last), record);
        self.first_queued_at.get_or_insert(queued_at);
        self.pushed += 1;
        self.is_durable = true;
    }
}

/// Tells the senders of each group how it went, until the writer has ended.
pub(super) async fn answer_groups(mut groups: mpsc::UnboundedReceiver<Answers>) {
    while let Some((answers, written)) = groups.recv().await {
        for answer in answers {
            answer(written);
        }
    }
}

/// Says that the queue is of no more use when its writer dies.
struct PoisonOnPanic(Arc<Shared>);

impl Drop for PoisonOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.poison();
        }
    }
}

impl Space {
    pub(super) fn of(directory: std::path::PathBuf) -> Self {
        Self {
            directory,
            looked: None,
            is_short: false,
        }
    }

    /// Whether so little space is left that nothing more is taken.
    fn is_short(&mut self) -> bool {
        if self
            .looked
            .is_none_or(|looked| looked.elapsed() >= SPACE_EVERY)
        {
            self.looked = Some(Instant::now());
            // A file system that does not tell is written to until it refuses.
            self.is_short = rustix::fs::statvfs(&self.directory)
                .is_ok_and(|space| space.f_bavail * space.f_frsize < SPACE_LEFT_ALONE);
        }
        self.is_short
    }
}

fn size(command: &Command) -> usize {
    match command {
        Command::Append { record, .. } => record.len(),
        Command::Remove { .. } | Command::Bury { .. } | Command::Redrive { .. } => 0,
    }
}

fn answer<T: Send + 'static>(reply: oneshot::Sender<Result<T, WriteError>>, value: T) -> Answer {
    Box::new(move |written| {
        let _gone = reply.send(written.map(|()| value).map_err(|()| WriteError::Poisoned));
    })
}
