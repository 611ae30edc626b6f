//! The store and BetterMode of one path, and the choices that make it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use service_kit::clock::{Clock as _, ManualClock};

use super::super::flow::Flow;
use super::super::memory::MemoryWrites;
use super::*;
use crate::stores::StoreError;

/// Everything outside the flow.
#[derive(Debug)]
pub(super) struct World {
    clock: ManualClock,
    store: MemoryWrites,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    objects: Vec<String>,
    /// Requests that BetterMode has and carries out some time before each of these.
    late: Vec<Timestamp>,
    /// The call that goes on now dies.
    dies: bool,
    faults: u32,
    turns: u32,
    /// What was chosen of how many.
    tried: Vec<(usize, usize)>,
    given: Vec<usize>,
}

pub(super) fn id(number: u8) -> RequestId {
    RequestId::parse(&format!("6f4d2a0e-0d7e-4a35-9a5b-0000000000{number:02x}")).unwrap()
}

/// The choices of the next path; `None` after the last.
pub(super) fn next_path(mut tried: Vec<(usize, usize)>) -> Option<Vec<usize>> {
    while let Some((chosen, of)) = tried.pop() {
        if chosen + 1 < of {
            let mut next: Vec<usize> = tried.into_iter().map(|(chosen, _)| chosen).collect();
            next.push(chosen + 1);
            return Some(next);
        }
    }
    None
}

impl World {
    pub(super) fn new(given: Vec<usize>, faults: u32, turns: u32) -> Arc<Self> {
        let start = "2026-03-04T05:06:07Z".parse().unwrap();
        Arc::new(Self {
            clock: ManualClock::new(start),
            store: MemoryWrites::default(),
            inner: Mutex::new(Inner {
                faults,
                turns,
                given,
                ..Inner::default()
            }),
        })
    }

    /// One call of the service, from its first step to its answer.
    pub(super) fn call(self: &Arc<Self>, request: u8) -> Call {
        let world = Arc::clone(self);
        Box::pin(async move {
            let write = Write {
                request_id: id(request),
                method: "M",
                attempted: "doing it",
                requests: 1,
                fingerprint: Fingerprint::read(&[request; 32]).unwrap(),
                effect: Effect::read(&[7; 32]).unwrap(),
            };
            let flow = Flow::new(&*world, &world.clock, TIMING, &write);
            let (outcome, _) = flow.settle(world.attempt(), |_| world.lookup()).await;
            // The answer can be lost on its way too.
            step().await;
            outcome
        })
    }

    pub(super) fn choose(&self, of: usize) -> usize {
        let mut inner = self.lock();
        let chosen = inner.given.get(inner.tried.len()).copied().unwrap_or(0);
        inner.tried.push((chosen, of));
        chosen
    }

    pub(super) fn choices(&self) -> Vec<(usize, usize)> {
        self.lock().tried.clone()
    }

    pub(super) fn objects(&self) -> Vec<String> {
        self.lock().objects.clone()
    }

    /// Until when late work is done at the latest.
    pub(super) fn late_work(&self) -> Option<Timestamp> {
        self.lock().late.iter().min().copied()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn land(&self) {
        self.lock().late.pop();
        self.make();
    }

    /// Whether the call that went on last is dead now.
    pub(super) fn has_died(&self) -> bool {
        std::mem::take(&mut self.lock().dies)
    }

    /// A request that was given up on, or whose sender died, is carried out yet.
    fn put_off(&self, until: Duration) {
        let until = self.clock.now() + until;
        self.lock().late.push(until);
    }

    pub(super) fn has_faults_left(&self) -> bool {
        self.lock().faults > 0
    }

    pub(super) fn has_turns_left(&self) -> bool {
        self.lock().turns > 0
    }

    pub(super) fn use_turn(&self) {
        self.lock().turns -= 1;
    }

    pub(super) fn use_fault(&self) {
        self.lock().faults -= 1;
    }

    /// On both clocks.
    pub(super) async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        tokio::time::advance(time).await;
    }

    /// 0 when all goes well, else which of `kinds` goes wrong.
    fn goes_wrong(&self, kinds: usize) -> usize {
        if !self.has_faults_left() {
            return 0;
        }
        let kind = self.choose(kinds + 1);
        if kind > 0 {
            self.use_fault();
        }
        kind
    }

    fn make(&self) -> String {
        let mut inner = self.lock();
        let object = format!("object {}", inner.objects.len());
        inner.objects.push(object.clone());
        object
    }

    async fn attempt(&self) -> Result<Made<String>, Error> {
        step().await;
        let unknown = Err(Error::OutcomeUnknown { attempted: "it" });
        match self.goes_wrong(5) {
            0 => Ok(made(self.make())),
            1 => {
                self.make();
                unknown
            }
            2 => unknown,
            3 => {
                self.put_off(TIMING.settle);
                unknown
            }
            4 => {
                self.put_off(TIMING.attempt(1) + TIMING.settle);
                self.lock().dies = true;
                unknown
            }
            _ => Err(Error::SpaceNotFound),
        }
    }

    async fn lookup(&self) -> Result<Found<String>, Error> {
        step().await;
        match self.goes_wrong(1) {
            0 => Ok(Found::Objects(
                self.objects().into_iter().map(made).collect(),
            )),
            _ => Err(Error::UpstreamUnavailable {
                attempted: "looking",
                retry_after: None,
            }),
        }
    }

    /// A step of the store, which can fail before or after it did its work.
    async fn stored<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        step().await;
        let failed = || StoreError::Unavailable {
            store: "model",
            attempted: "a step",
            advice: "none",
            source: "the path says so".into(),
        };
        match self.goes_wrong(2) {
            0 => work.await,
            1 => Err(failed()),
            _ => {
                work.await?;
                Err(failed())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn made(object: String) -> Made<String> {
    Made::object(object.clone(), object)
}

/// Where another caller can come in between.
async fn step() {
    let mut is_first = true;
    std::future::poll_fn(|_| {
        if std::mem::take(&mut is_first) {
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

#[async_trait]
impl WriteStore for World {
    async fn begin(&self, intent: &Record) -> Result<Option<Record>, StoreError> {
        self.stored(self.store.begin(intent)).await
    }

    async fn hand_over(
        &self,
        id: RequestId,
        from: Holder,
        to: &Open,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.stored(self.store.hand_over(id, from, to, at)).await
    }

    async fn finish(
        &self,
        id: RequestId,
        done: &Done,
        at: Timestamp,
    ) -> Result<Finished, StoreError> {
        self.stored(self.store.finish(id, done, at)).await
    }

    async fn forget(&self, id: RequestId, holder: Holder) -> Result<(), StoreError> {
        self.stored(self.store.forget(id, holder)).await
    }

    async fn equals(&self, effect: &Effect, since: Timestamp) -> Result<Vec<Equal>, StoreError> {
        self.stored(self.store.equals(effect, since)).await
    }

    async fn prune(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}
