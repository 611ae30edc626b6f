//! The one writer: takes what waits, makes one group of it, one fsync, then answers.
//!
//! It adds no delay: alone, an event is written at once; while the disk works on
//! one group, the next gathers. Nobody is told that an event is kept before the
//! group is on disk, those who sent the same event at the same time included.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use service_kit::blocking::Gate;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::age::{self, Age};
use super::answers::{Answer, Answers, Reply};
use super::ground::Ground;
use super::ids::Ids;
use super::inbox::Inbox;
use super::log::{Log, Moment, Reader};
use super::space::Space;
use super::store::Store;
use super::{
    AppendError, DeadLetter, Flow, OpenError, Options, Position, Shared, Stats, WriteError,
    directory, record,
};
use crate::forward::Accepted;

/// Bounds of a group.
const GROUP_COMMANDS: usize = 512;
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// Something to write.
pub(super) enum Command {
    /// A new event.
    Append {
        id: String,
        record: Vec<u8>,
        moment: Instant,
        reply: Reply<Accepted, AppendError>,
    },
    /// Events that the service has, with the size of their records.
    Remove {
        events: Vec<(Position, usize)>,
        reply: Reply<(), WriteError>,
    },
    /// An event for the dead letters.
    Bury {
        position: Position,
        reason: String,
        reply: Reply<(), WriteError>,
    },
    /// Dead letters for the queue.
    Redrive {
        positions: Vec<Position>,
        reply: Reply<u64, WriteError>,
    },
}

/// What makes the queue unusable.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The writer and what it knows.
pub(super) struct Committer {
    log: Log,
    pub(super) reader: Arc<Reader>,
    ids: Ids,
    pub(super) store: Arc<Store>,
    age: Age,
    max_bytes: u64,
    dedup: Duration,
    shared: Arc<Shared>,
    answers: mpsc::UnboundedSender<Answers>,
    /// The latest moment that a group saw.
    moment: Instant,
    space: Space,
    /// How many dead letters there are.
    dead: u64,
    flow: Flow,
}

/// A group that is being put together.
struct Group {
    age: u64,
    answers: Vec<Answer>,
    /// Dead letters that wait in the queue again.
    redriven: BTreeSet<Position>,
    has_events: bool,
    is_durable: bool,
}

impl Committer {
    /// Opens what an earlier process left, and puts ids in again that are only in the
    /// log yet.
    pub(super) fn open(
        options: &Options,
        ground: &Ground,
        shared: &Arc<Shared>,
        answers: mpsc::UnboundedSender<Answers>,
    ) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Store {
            directory: directory::store(&options.dir),
            source,
        };
        let store = Arc::new(Store::over(ground.tables(options)?).map_err(unusable)?);
        let (kept, dead) = (store.kept(), store.count_dead().map_err(unusable)?);
        let mut ids = Ids::new(Arc::clone(&store), shared, ground.has_threads())?;
        let log_directory = directory::log(&options.dir);
        let bytes = options.segment_bytes;
        let (log, last) = Log::open(ground, &log_directory, bytes, kept, |event| {
            if event.position > kept
                && let Ok(id) = record::id(event.record)
            {
                // It ends with the queue; what it cannot keep now it cannot keep later.
                let _failed = ids.hand_on(event.age, 0);
                ids.remember(id, event.position, event.age);
            }
        })?;
        if log.last() < kept {
            return Err(OpenError::Missing {
                directory: log_directory,
            });
        }
        let (now, opened) = (shared.now(), Instant::now());
        let (age, wall) = last.map_or((0, now), |last| {
            let wall = Timestamp::from_millisecond(last.wall);
            (last.age, wall.unwrap_or(now))
        });
        let found = log.load().0 + dead;
        Ok(Self {
            reader: Arc::new(log.reader()),
            log,
            ids,
            store,
            age: Age::resume(age, wall, now, opened),
            max_bytes: options.max_bytes,
            dedup: options.dedup,
            shared: Arc::clone(shared),
            answers,
            moment: opened,
            space: Space::of(Arc::clone(&ground.disk), options.dir.clone()),
            dead,
            flow: Flow {
                found,
                ..Flow::default()
            },
        })
    }

    /// Writes until nobody is left who could ask for it.
    pub(super) fn run(mut self, inbox: &Inbox) {
        let guard = Abandon {
            shared: Arc::clone(&self.shared),
            inbox,
        };
        while self.group(inbox) {}
        self.close();
        drop(guard);
    }

    /// As [`run`](Self::run), as a task: a group is taken when the gate lets it.
    pub(super) async fn run_behind(mut self, inbox: &Inbox, gate: &dyn Gate) {
        let guard = Abandon {
            shared: Arc::clone(&self.shared),
            inbox,
        };
        loop {
            inbox.filled().await;
            gate.pass().await;
            if !self.group(inbox) {
                break;
            }
        }
        self.close();
        drop(guard);
    }

    /// Waits for a group and writes it; false when there will be none.
    fn group(&mut self, inbox: &Inbox) -> bool {
        let (mut count, mut bytes) = (0, 0);
        let commands = inbox.take(|next| {
            count += 1;
            bytes += size(next);
            count <= GROUP_COMMANDS && bytes <= GROUP_BYTES
        });
        let is_open = !commands.is_empty();
        // After a write that failed nothing is written: who waits hears so by
        // the end of the channel for the reply.
        if is_open && !self.shared.is_poisoned() {
            self.write(commands);
        }
        is_open
    }

    fn write(&mut self, commands: Vec<Command>) {
        let latest = commands.iter().filter_map(moment_of).max();
        self.moment = self.moment.max(latest.unwrap_or(self.moment));
        let mut group = Group {
            age: self.age.at(self.moment),
            answers: Vec::with_capacity(commands.len()),
            redriven: BTreeSet::new(),
            has_events: false,
            is_durable: false,
        };
        let result = self.write_group(&mut group, commands);
        if let Err(error) = &result {
            tracing::error!(
                cause = error.to_string(),
                "the queue could not be written: no webhook is taken until the edge is restarted"
            );
            self.shared.poison();
        }
        // Nobody is left to hear it when the runtime has gone.
        let _gone = self.answers.send(Answers {
            answers: group.answers,
            is_written: result.is_ok(),
        });
    }

    fn write_group(&mut self, group: &mut Group, commands: Vec<Command>) -> Result<(), Failure> {
        // All that was taken before is on disk.
        let forget_before = group.age.saturating_sub(age::millis(self.dedup));
        if !self.ids.hand_on(group.age, forget_before) {
            return Err("the store of ids has failed".into());
        }
        for command in commands {
            self.add(group, command)?;
        }
        self.commit(group)?;
        self.shared.publish(self.stats(), group.has_events);
        Ok(())
    }

    fn commit(&mut self, group: &mut Group) -> Result<(), Failure> {
        if !self.log.is_idle() {
            self.log.commit(self.now(group.age), group.is_durable)?;
            self.log.clean_up(self.ids.kept())?;
        }
        if !group.redriven.is_empty() {
            self.store.unbury(&group.redriven)?;
            group.redriven.clear();
        }
        Ok(())
    }

    fn add(&mut self, group: &mut Group, command: Command) -> Result<(), Failure> {
        match command {
            Command::Append {
                id, record, reply, ..
            } => {
                let kept = self.append(group, &id, &record)?;
                group.answers.push(Answer::Append(reply, kept));
            }
            Command::Remove { events, reply } => {
                let events = events.into_iter();
                self.log
                    .remove(events.map(|(position, bytes)| (position.0, bytes as u64)));
                group.answers.push(Answer::Done(reply));
            }
            Command::Bury {
                position,
                reason,
                reply,
            } => {
                self.bury(group, position, &reason)?;
                group.answers.push(Answer::Done(reply));
            }
            Command::Redrive { positions, reply } => {
                let count = self.redrive(group, positions)?;
                group.answers.push(Answer::Count(reply, count));
            }
        }
        Ok(())
    }

    fn append(
        &mut self,
        group: &mut Group,
        id: &str,
        record: &[u8],
    ) -> Result<Result<Accepted, AppendError>, Failure> {
        if self.ids.knows(id)? {
            self.flow.duplicates += 1;
            return Ok(Ok(Accepted::Duplicate));
        }
        if !self.has_room_for(record) {
            return Ok(Err(AppendError::Full));
        }
        let position = self.push(group, record, true);
        self.ids.remember(id, position, group.age);
        self.flow.taken += 1;
        Ok(Ok(Accepted::Stored))
    }

    fn has_room_for(&mut self, record: &[u8]) -> bool {
        let (_, bytes) = self.log.load();
        bytes + record.len() as u64 <= self.max_bytes && !self.space.is_short(self.moment)
    }

    fn push(&mut self, group: &mut Group, record: &[u8], is_new: bool) -> u64 {
        group.has_events = true;
        group.is_durable = true;
        self.log.push(record, is_new)
    }

    fn bury(&mut self, group: &mut Group, position: Position, reason: &str) -> Result<(), Failure> {
        let Some(record) = self.reader.get(position.0)? else {
            return Ok(());
        };
        // Kept there before it goes from here: after a crash in between it is in both.
        let letter = DeadLetter::to_bytes(self.shared.now(), reason, &record);
        if self.store.bury(position, &letter)? {
            self.dead += 1;
        } else {
            // An earlier process ended in between: it was found in both places.
            self.flow.found = self.flow.found.saturating_sub(1);
        }
        self.log.remove([(position.0, record.len() as u64)]);
        group.is_durable = true;
        Ok(())
    }

    /// Puts dead letters into the queue until it is full; says how many.
    fn redrive(&mut self, group: &mut Group, letters: Vec<Position>) -> Result<u64, Failure> {
        let mut count = 0;
        for position in letters {
            if group.redriven.contains(&position) {
                continue;
            }
            let Some(letter) = self.store.dead_letter(position)? else {
                continue;
            };
            if !self.has_room_for(&letter.record) {
                break;
            }
            // How large they are is only known here.
            if self.log.group_length() >= GROUP_BYTES {
                self.commit(group)?;
            }
            self.push(group, &letter.record, false);
            group.redriven.insert(position);
            self.dead -= 1;
            count += 1;
        }
        Ok(count)
    }

    /// How full the queue is.
    pub(super) fn stats(&self) -> Stats {
        let (depth, bytes) = self.log.load();
        Stats {
            depth,
            bytes,
            oldest: self
                .log
                .oldest()
                .and_then(|at| Timestamp::from_millisecond(at).ok()),
            dead: self.dead,
            poisoned: false,
            flow: self.flow,
        }
    }

    fn now(&self, age: u64) -> Moment {
        Moment {
            age,
            wall: self.shared.now().as_millisecond(),
        }
    }

    /// Leaves everything in good order.
    fn close(mut self) {
        if self.shared.is_poisoned() {
            self.ids.stop();
            return;
        }
        let moment = self.now(self.age.at(self.moment));
        if let Err(error) = self.log.seal(moment) {
            tracing::error!(
                cause = error.to_string(),
                "the queue could not be closed in good order; what was acknowledged is on disk"
            );
        }
        self.ids.close();
    }
}

/// Says that the queue is of no more use when its writer dies.
struct Abandon<'a> {
    shared: Arc<Shared>,
    inbox: &'a Inbox,
}

impl Drop for Abandon<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.poison();
        }
        self.inbox.abandon();
    }
}

fn moment_of(command: &Command) -> Option<Instant> {
    match command {
        Command::Append { moment, .. } => Some(*moment),
        Command::Remove { .. } | Command::Bury { .. } | Command::Redrive { .. } => None,
    }
}

fn size(command: &Command) -> usize {
    match command {
        Command::Append { record, .. } => record.len(),
        Command::Remove { .. } | Command::Bury { .. } | Command::Redrive { .. } => 0,
    }
}

#[cfg(test)]
mod tests;
