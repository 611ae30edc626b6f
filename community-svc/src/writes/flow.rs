//! One call of one write, from its intent to its outcome.

use std::time::Duration;

use jiff::Timestamp;
use prost::Message;
use service_kit::clock::Clock;
use service_kit::failpoints;
use tokio::time::Instant;

use super::decide::{Decision, decide};
use super::limited::limited;
use super::{Done, Finished, Found, Holder, Made, Open, Record, State, Timing, Write, WriteStore};
use crate::error::Error;
use crate::stores::StoreError;

/// By how much BetterMode's clock and ours may differ: what was made so much earlier
/// than a write was intended may be its work.
const SKEW: Duration = Duration::from_secs(30);

/// How far before that equal writes are read: an attempt and its settling are shorter.
const EARLIER: Duration = Duration::from_secs(3_600);

/// When to call again while another call is at work.
const SOON: Duration = Duration::from_secs(1);

/// How a call went, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It was sent for the first time.
    Sent,
    /// It was sent again, because it had not happened.
    SentAgain,
    /// It had happened, as a look showed.
    Found,
    /// Its outcome was known.
    Replayed,
    /// Nothing was done about it.
    Left,
}

impl Course {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::SentAgain => "sent_again",
            Self::Found => "found",
            Self::Replayed => "replayed",
            Self::Left => "left",
        }
    }
}

pub(super) struct Flow<'a> {
    store: &'a dyn WriteStore,
    clock: &'a dyn Clock,
    timing: Timing,
    write: &'a Write,
    holder: Holder,
}

impl<'a> Flow<'a> {
    pub(super) fn new(
        store: &'a dyn WriteStore,
        clock: &'a dyn Clock,
        timing: Timing,
        write: &'a Write,
    ) -> Self {
        Self {
            store,
            clock,
            timing,
            write,
            holder: Holder::new(),
        }
    }

    pub(super) async fn settle<M, A, L, F>(
        &self,
        attempt: A,
        lookup: L,
    ) -> (Result<M, Error>, Course)
    where
        M: Message + Default,
        A: Future<Output = Result<Made<M>, Error>> + Send,
        L: FnOnce(Timestamp) -> F + Send,
        F: Future<Output = Result<Found<M>, Error>> + Send,
    {
        // Both clocks before the intent is written down, which may take its time.
        let (by, intent) = (Instant::now() + self.attempt(), self.intent());
        let known = match self.store.begin(&intent).await {
            Ok(known) => known,
            Err(error) => return (Err(unavailable(&error)), Course::Left),
        };
        failpoints::reached("writes.begun");
        match known {
            None => (self.send(by, attempt, true).await, Course::Sent),
            Some(known) if known.fingerprint != self.write.fingerprint => {
                (Err(Error::RequestIdReused), Course::Left)
            }
            Some(Record {
                state: State::Done(done),
                ..
            }) => (decoded(&done), Course::Replayed),
            Some(Record {
                state: State::Open(open),
                effect,
                begun_at,
                ..
            }) => {
                if effect != self.write.effect {
                    // The same request means something else since: this version would
                    // look for another thing than was sent.
                    return (Err(self.unknown()), Course::Left);
                }
                self.resolve(open, begun_at, attempt, lookup).await
            }
        }
    }

    /// Finds out what came of an earlier call, and sends only what did not happen.
    async fn resolve<M, A, L, F>(
        &self,
        open: Open,
        begun_at: Timestamp,
        attempt: A,
        lookup: L,
    ) -> (Result<M, Error>, Course)
    where
        M: Message + Default,
        A: Future<Output = Result<Made<M>, Error>> + Send,
        L: FnOnce(Timestamp) -> F + Send,
        F: Future<Output = Result<Found<M>, Error>> + Send,
    {
        let now = self.clock.now();
        if now < open.free_from() {
            let at_work = now < open.held_until;
            let wait = if at_work {
                SOON
            } else {
                until(now, open.settled_from)
            };
            return (Err(in_progress(wait)), Course::Left);
        }
        let by = Instant::now() + self.attempt();
        let mine = Open {
            holder: self.holder,
            held_until: now + self.attempt(),
            ..open
        };
        match self.hand_over(open.holder, &mine).await {
            Ok(true) => {}
            Ok(false) => return (Err(in_progress(SOON)), Course::Left),
            Err(error) => return (Err(unavailable(&error)), Course::Left),
        }
        failpoints::reached("writes.taken");
        let since = begun_at - SKEW;
        let (left, course) = match self.look(by, since, lookup).await {
            Ok(Look::Settled(found)) => match self.take(found).await {
                Ok(Some(outcome)) => return (outcome, Course::Found),
                // All of them are others' by now, so that none was ours.
                Ok(None) => return self.send_again(attempt).await,
                Err(error) => (unavailable(&error), Course::Left),
            },
            Ok(Look::NotThere) => return self.send_again(attempt).await,
            Err(error) => (error, Course::Left),
        };
        self.let_go(mine.settled_from).await;
        (Err(left), course)
    }

    /// Looks upstream, then at what else is recorded: in this order, so that whatever
    /// the look saw is recorded by then.
    async fn look<M, L, F>(
        &self,
        by: Instant,
        since: Timestamp,
        lookup: L,
    ) -> Result<Look<M>, Error>
    where
        L: FnOnce(Timestamp) -> F + Send,
        F: Future<Output = Result<Found<M>, Error>> + Send,
    {
        let found = limited(by, lookup(since)).await;
        let found = match found.unwrap_or(Err(in_progress(SOON))) {
            Ok(Found::Objects(found)) => found,
            Ok(Found::Marked(made)) => return Ok(Look::Settled(vec![made])),
            Ok(Found::CannotTell) => return Err(self.unknown()),
            Err(error) => return Err(self.not_seen(&error)),
        };
        let others = self.store.equals(&self.write.effect, since - EARLIER).await;
        let mut others = others.map_err(|error| unavailable(&error))?;
        others.retain(|other| other.request_id != self.write.request_id);
        let ids: Vec<_> = found.iter().map(|made| made.object_id.as_deref()).collect();
        let now = self.clock.now();
        match decide(now, &others, &ids) {
            Decision::SendAgain => Ok(Look::NotThere),
            Decision::Wait(end) => Err(in_progress(until(now, end))),
            Decision::CannotTell => Err(self.unknown()),
            Decision::Take(free) => {
                let mut index = 0..;
                let mut found = found;
                found.retain(|_| index.next().is_some_and(|index| free.contains(&index)));
                Ok(Look::Settled(found))
            }
        }
    }

    /// Takes the first of these objects that is still free; `None` when none is.
    async fn take<M: Message + Default>(
        &self,
        found: Vec<Made<M>>,
    ) -> Result<Option<Result<M, Error>>, StoreError> {
        for made in found {
            let done = encoded(&made);
            match self.finish(&done).await? {
                Finished::Recorded | Finished::Gone => return Ok(Some(Ok(made.answer))),
                Finished::AlreadyDone(first) => return Ok(Some(decoded(&first))),
                Finished::Claimed => {}
            }
        }
        Ok(None)
    }

    async fn send_again<M, A>(&self, attempt: A) -> (Result<M, Error>, Course)
    where
        M: Message + Default,
        A: Future<Output = Result<Made<M>, Error>> + Send,
    {
        let by = Instant::now() + self.attempt();
        let State::Open(sending) = self.intent().state else {
            return (Err(Error::Internal), Course::Left);
        };
        match self.hand_over(self.holder, &sending).await {
            Ok(true) => {}
            // It took too long, and somebody else went on with it.
            Ok(false) => return (Err(in_progress(SOON)), Course::Left),
            Err(error) => return (Err(unavailable(&error)), Course::Left),
        }
        failpoints::reached("writes.begun_again");
        (self.send(by, attempt, false).await, Course::SentAgain)
    }

    /// Sends what an intent is recorded for, and records what came of it.
    async fn send<M, A>(&self, by: Instant, attempt: A, is_first: bool) -> Result<M, Error>
    where
        M: Message + Default,
        A: Future<Output = Result<Made<M>, Error>> + Send,
    {
        let outcome = limited(by, attempt)
            .await
            .unwrap_or_else(|| Err(self.unknown()));
        failpoints::reached("writes.sent");
        match outcome {
            Ok(made) if !made.is_whole => {
                self.let_go(self.clock.now()).await;
                Ok(made.answer)
            }
            Ok(made) => self.keep(made).await,
            Err(error) if error.may_have_happened() => {
                let settled = self.clock.now() + self.timing.settle;
                self.let_go(settled).await;
                Err(in_progress(self.timing.settle))
            }
            Err(error) if is_first => {
                // Where this fails the record stays: the next call looks first.
                let forgotten = self.store.forget(self.write.request_id, self.holder).await;
                self.note(forgotten);
                Err(error)
            }
            Err(error) => {
                // Of the attempts before nothing was found, which is no proof for ever.
                self.let_go(self.clock.now()).await;
                Err(error)
            }
        }
    }

    /// Tells a success once it is recorded, and not before: an open record may yet be
    /// counted for an equal write's object.
    async fn keep<M: Message + Default>(&self, made: Made<M>) -> Result<M, Error> {
        let done = encoded(&made);
        let finished = match self.finish(&done).await {
            // Once more: most failures are short, and the answer is here.
            Err(error) => {
                self.note(Err(error));
                self.finish(&done).await
            }
            finished => finished,
        };
        failpoints::reached("writes.finished");
        match finished {
            Ok(Finished::Recorded | Finished::Gone) => Ok(made.answer),
            Ok(Finished::AlreadyDone(first)) => {
                if first.object_id != done.object_id {
                    let request_id = self.write.request_id;
                    tracing::error!(
                        %request_id,
                        "a write happened twice: an attempt was carried out after it was looked for"
                    );
                }
                decoded(&first)
            }
            // What we made counts for an equal write; ours is still to come.
            Ok(Finished::Claimed) => {
                self.let_go(self.clock.now()).await;
                Err(in_progress(SOON))
            }
            Err(error) => {
                self.note(Err(error));
                Err(in_progress(SOON))
            }
        }
    }

    fn attempt(&self) -> Duration {
        self.timing.attempt(self.write.requests)
    }

    fn intent(&self) -> Record {
        let now = self.clock.now();
        let over = now + self.attempt();
        Record {
            request_id: self.write.request_id,
            method: self.write.method.to_owned(),
            fingerprint: self.write.fingerprint,
            effect: self.write.effect,
            begun_at: now,
            changed_at: now,
            state: State::Open(Open {
                holder: self.holder,
                held_until: over,
                settled_from: over + self.timing.settle,
            }),
        }
    }

    async fn hand_over(&self, from: Holder, to: &Open) -> Result<bool, StoreError> {
        let (id, now) = (self.write.request_id, self.clock.now());
        self.store.hand_over(id, from, to, now).await
    }

    async fn finish(&self, done: &Done) -> Result<Finished, StoreError> {
        let (id, now) = (self.write.request_id, self.clock.now());
        self.store.finish(id, done, now).await
    }

    /// Lets the next call take it up from then on. Where this fails it waits for the
    /// end of the lease.
    async fn let_go(&self, settled_from: Timestamp) {
        let free = Open {
            holder: self.holder,
            held_until: self.clock.now(),
            settled_from,
        };
        let handed = self.hand_over(self.holder, &free).await;
        self.note(handed.map(|_| ()));
    }

    fn note(&self, result: Result<(), StoreError>) {
        if let Err(error) = result {
            let request_id = self.write.request_id;
            let error = &error as &dyn std::error::Error;
            tracing::warn!(%request_id, error, "could not record what came of a write");
        }
    }

    /// A look that failed leaves the write as unsettled as it was.
    fn not_seen(&self, error: &Error) -> Error {
        if let Some(wait) = error.retry_after() {
            return in_progress(wait);
        }
        let request_id = self.write.request_id;
        let error = error as &dyn std::error::Error;
        tracing::warn!(%request_id, error, "could not look for what a write made");
        self.unknown()
    }

    fn unknown(&self) -> Error {
        Error::OutcomeUnknown {
            attempted: self.write.attempted,
        }
    }
}

/// What a look showed.
enum Look<M> {
    /// It did not happen.
    NotThere,
    /// It happened, and is one of these.
    Settled(Vec<Made<M>>),
}

fn encoded<M: Message>(made: &Made<M>) -> Done {
    Done {
        object_id: made.object_id.clone(),
        answer: made.answer.encode_to_vec().into(),
    }
}

fn decoded<M: Message + Default>(done: &Done) -> Result<M, Error> {
    M::decode(done.answer.clone()).map_err(|error| {
        tracing::error!(%error, "a recorded answer cannot be read");
        Error::Internal
    })
}

fn in_progress(retry_after: Duration) -> Error {
    Error::RequestInProgress { retry_after }
}

fn until(now: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(now)).unwrap_or(Duration::ZERO)
}

fn unavailable(error: &StoreError) -> Error {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "the record of writes did not answer"
    );
    Error::WriteStoreUnavailable
}
