//! Single flight in this process: one piece of work for a key, however many wait.
//!
//! The waiters drive it themselves: when the last one leaves, the work is dropped where
//! it stands. Nothing here outlives its waiters. Work on an entry that is invalidated
//! goes on for those who wait already, and takes nobody on: who comes later must not be
//! told what was asked before.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bettermode::Class;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};

use super::policy::Mode;
use crate::error::Error;

type Landed = Result<Arc<dyn Any + Send + Sync>, Error>;
type Flight = Shared<BoxFuture<'static, Landed>>;

/// Where a flight may look and for whom: only the like share one, so that somebody who
/// waits does not get the lower rank of who does not.
pub(super) type Lane = (Mode, Class);

/// The work under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Flights(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    next: u64,
    by_name: HashMap<String, Vec<UnderWay>>,
}

#[derive(Debug)]
struct UnderWay {
    lane: Lane,
    number: u64,
    flight: WeakShared<BoxFuture<'static, Landed>>,
}

/// Takes a flight off the table when it lands or is dropped.
struct Registered {
    flights: Flights,
    name: String,
    number: u64,
}

impl Flights {
    /// The outcome of the work under this name: of `work` if none is under way.
    pub(super) async fn join<T, F>(
        &self,
        name: &str,
        lane: Lane,
        work: impl FnOnce() -> F,
    ) -> Result<T, Error>
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let landed = self.board(name, lane, work).await?;
        // A name belongs to one kind, so the type is the right one.
        landed.downcast_ref::<T>().cloned().ok_or(Error::Internal)
    }

    /// Lets nobody join what is under way under this name.
    pub(super) fn close(&self, name: &str) {
        self.table().by_name.remove(name);
    }

    #[cfg(test)]
    pub(super) fn is_under_way(&self, name: &str) -> bool {
        // Work that is dropped or done takes itself off the table.
        self.table().by_name.contains_key(name)
    }

    fn board<T, F>(&self, name: &str, lane: Lane, work: impl FnOnce() -> F) -> Flight
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let mut table = self.table();
        let under_way = table.by_name.get(name).into_iter().flatten();
        let mut like = under_way.filter(|under_way| under_way.lane == lane);
        if let Some(flight) = like.find_map(|like| like.flight.upgrade()) {
            return flight;
        }
        table.next += 1;
        let registered = Registered {
            flights: self.clone(),
            name: name.to_owned(),
            number: table.next,
        };
        let work = work();
        let flight = async move {
            let registered = registered;
            let landed = work.await;
            drop(registered);
            landed.map(|value| Arc::new(value) as Arc<dyn Any + Send + Sync>)
        };
        let flight = flight.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            let under_way = UnderWay {
                lane,
                number: table.next,
                flight: weak,
            };
            table
                .by_name
                .entry(name.to_owned())
                .or_default()
                .push(under_way);
        }
        flight
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut table = self.flights.table();
        if let Some(under_way) = table.by_name.get_mut(&self.name) {
            under_way.retain(|under_way| under_way.number != self.number);
            if under_way.is_empty() {
                table.by_name.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    const LANE: Lane = (Mode::Default, Class::Interactive);

    #[tokio::test]
    async fn many_waiters_share_one_piece_of_work_and_its_outcome() {
        let flights = Flights::default();
        let (done, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let waiters: Vec<_> = (0..100)
            .map(|_| {
                let (flights, done, gate) = (flights.clone(), done.clone(), gate.clone());
                async move {
                    let work = || async move {
                        gate.notified().await;
                        Ok(done.fetch_add(1, Ordering::Relaxed))
                    };
                    flights.join("a", LANE, work).await
                }
            })
            .collect();
        let all = futures::future::join_all(waiters);
        let open = async { gate.notify_one() };
        let (outcomes, ()) = tokio::join!(all, open);
        assert_eq!(outcomes, vec![Ok(0); 100]);
        assert!(!flights.is_under_way("a"));
        assert_eq!(flights.join("a", LANE, || async { Ok(7_u32) }).await, Ok(7));
    }

    #[tokio::test]
    async fn work_goes_on_while_one_waiter_stays_and_ends_with_the_last() {
        let flights = Flights::default();
        let guard = Arc::new(());
        let fly = || {
            let (flights, guard) = (flights.clone(), Arc::clone(&guard));
            Box::pin(async move {
                let work = || async move {
                    let outcome = std::future::pending::<Result<(), Error>>().await;
                    drop(guard);
                    outcome
                };
                flights.join("a", LANE, work).await
            })
        };
        let (mut first, mut second) = (fly(), fly());
        assert!(futures::poll!(&mut first).is_pending());
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert!(flights.is_under_way("a"));
        drop(second);
        assert!(!flights.is_under_way("a"));
        assert_eq!(Arc::strong_count(&guard), 1);
    }

    #[tokio::test]
    async fn a_failure_is_everybodys_and_is_not_remembered() {
        let flights = Flights::default();
        let failing = || async { Err::<u8, _>(Error::Overloaded) };
        assert_eq!(
            flights.join("a", LANE, failing).await,
            Err(Error::Overloaded)
        );
        assert_eq!(flights.join("a", LANE, || async { Ok(1_u8) }).await, Ok(1));
    }

    #[tokio::test]
    async fn a_closed_name_takes_nobody_on_and_loses_nobody() {
        let flights = Flights::default();
        let gate = Arc::new(Notify::new());
        let work = {
            let gate = Arc::clone(&gate);
            || async move {
                gate.notified().await;
                Ok(1_u8)
            }
        };
        let mut before = Box::pin(flights.join("a", LANE, work));
        assert!(futures::poll!(&mut before).is_pending());
        flights.close("a");
        assert_eq!(flights.join("a", LANE, || async { Ok(2_u8) }).await, Ok(2));
        gate.notify_one();
        assert_eq!(before.await, Ok(1));
        assert!(!flights.is_under_way("a"));
    }

    #[tokio::test]
    async fn only_the_like_share_a_flight() {
        let flights = Flights::default();
        let stuck = || std::future::pending::<Result<u8, Error>>();
        let mut behind = Box::pin(flights.join("a", (Mode::Default, Class::Refresh), stuck));
        assert!(futures::poll!(&mut behind).is_pending());
        assert_eq!(flights.join("a", LANE, || async { Ok(3_u8) }).await, Ok(3));
        assert!(flights.is_under_way("a"));
    }
}
