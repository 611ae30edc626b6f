//! Single flight in this process: one piece of work for a key, however many wait.
//!
//! The waiters drive it themselves: when the last one leaves, the work is dropped where
//! it stands. Nothing here outlives its waiters.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};

use crate::error::Error;

type Landed = Result<Arc<dyn Any + Send + Sync>, Error>;
type Flight = Shared<BoxFuture<'static, Landed>>;

/// The work under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Flights(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    next: u64,
    by_name: HashMap<String, (u64, WeakShared<BoxFuture<'static, Landed>>)>,
}

/// Takes a flight off the table when it lands or is dropped.
struct Registered {
    flights: Flights,
    name: String,
    number: u64,
}

impl Flights {
    /// The outcome of the work under this name: of `work` if none is under way.
    pub(super) async fn join<T, F>(&self, name: &str, work: impl FnOnce() -> F) -> Result<T, Error>
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let landed = self.board(name, work).await?;
        // A name belongs to one kind, so the type is the right one.
        landed.downcast_ref::<T>().cloned().ok_or(Error::Internal)
    }

    #[cfg(test)]
    pub(super) fn is_under_way(&self, name: &str) -> bool {
        // Let go of outside the lock: the last one to let go ends the work.
        let flight = {
            let table = self.table();
            let flight = table.by_name.get(name);
            flight.and_then(|(_, flight)| flight.upgrade())
        };
        flight.is_some()
    }

    fn board<T, F>(&self, name: &str, work: impl FnOnce() -> F) -> Flight
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let mut table = self.table();
        if let Some((_, flight)) = table.by_name.get(name)
            && let Some(flight) = flight.upgrade()
        {
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
            let number = table.next;
            table.by_name.insert(name.to_owned(), (number, weak));
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
        let ours = table.by_name.get(&self.name);
        if ours.is_some_and(|(number, _)| *number == self.number) {
            table.by_name.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

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
                    flights.join("a", work).await
                }
            })
            .collect();
        let all = futures::future::join_all(waiters);
        let open = async { gate.notify_one() };
        let (outcomes, ()) = tokio::join!(all, open);
        assert_eq!(outcomes, vec![Ok(0); 100]);
        assert!(!flights.is_under_way("a"));
        assert_eq!(flights.join("a", || async { Ok(7_u32) }).await, Ok(7));
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
                flights.join("a", work).await
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
        assert_eq!(flights.join("a", failing).await, Err(Error::Overloaded));
        assert_eq!(flights.join("a", || async { Ok(1_u8) }).await, Ok(1));
    }
}
