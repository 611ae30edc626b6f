//! How many may be connected: in all, and from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Limits;
use crate::metrics::Metrics;

/// Every open connection of the port.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    most_of_one: usize,
    metrics: Metrics,
    open: Mutex<Open>,
    one_closed: Notify,
}

#[derive(Debug, Default)]
struct Open {
    count: usize,
    addresses: HashMap<IpAddr, usize>,
}

/// A connection's place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    holder: IpAddr,
}

impl Places {
    /// None is taken yet.
    pub(super) fn new(limits: &Limits, metrics: Metrics) -> Self {
        Self {
            most: limits.connections,
            most_of_one: match limits.connections_per_address {
                0 => usize::MAX,
                most => most,
            },
            metrics,
            open: Mutex::default(),
            one_closed: Notify::new(),
        }
    }

    /// A place for a connection from `address`; `None` when it has to be closed.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let holder = holder(address);
        let mut open = self.open();
        let of_one = open.addresses.get(&holder).copied().unwrap_or(0);
        let cap = if of_one >= self.most_of_one {
            Some("address")
        } else if open.count >= self.most {
            Some("total")
        } else {
            None
        };
        if let Some(cap) = cap {
            drop(open);
            self.metrics.connection_refused(cap);
            return None;
        }
        open.count += 1;
        open.addresses.insert(holder, of_one + 1);
        self.metrics.connections_open(open.count);
        Some(Place {
            places: Arc::clone(self),
            holder,
        })
    }

    /// Waits until no place is taken.
    pub(super) async fn all_closed(&self) {
        loop {
            let closed = self.one_closed.notified();
            if self.open().count == 0 {
                return;
            }
            closed.await;
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.places.open();
        open.count -= 1;
        if let Some(of_one) = open.addresses.get_mut(&self.holder) {
            *of_one -= 1;
            if *of_one == 0 {
                open.addresses.remove(&self.holder);
            }
        }
        self.places.metrics.connections_open(open.count);
        drop(open);
        self.places.one_closed.notify_one();
    }
}

/// Whose connection it is: with IPv6 one host has a whole /64.
fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt as _;
    use prometheus_client::registry::Registry;

    use super::*;

    fn places(most: usize, of_one: usize) -> Arc<Places> {
        let limits = Limits {
            connections: most,
            connections_per_address: of_one,
            age: Duration::ZERO,
            grace: Duration::ZERO,
        };
        let metrics = Metrics::register(&mut Registry::default());
        Arc::new(Places::new(&limits, metrics))
    }

    fn admit(places: &Arc<Places>, address: &str) -> Option<Place> {
        places.admit(address.parse().unwrap())
    }

    #[test]
    fn one_address_has_its_share_and_all_together_have_theirs() {
        let places = places(3, 2);
        let first = admit(&places, "192.0.2.1").unwrap();
        let _second = admit(&places, "::ffff:192.0.2.1").unwrap();
        assert!(admit(&places, "192.0.2.1").is_none());
        let _other = admit(&places, "2001:db8::1").unwrap();
        assert!(admit(&places, "192.0.2.3").is_none(), "all are taken");
        drop(first);
        assert!(admit(&places, "192.0.2.1").is_some());
    }

    #[test]
    fn a_whole_ipv6_network_counts_as_one_address_and_0_as_no_limit() {
        let limited = places(8, 1);
        let _held = admit(&limited, "2001:db8::1").unwrap();
        assert!(admit(&limited, "2001:db8::ffff:2").is_none());
        let unlimited = places(8, 0);
        let held: Vec<_> = (0..8).map(|_| admit(&unlimited, "192.0.2.1")).collect();
        assert!(held.iter().all(Option::is_some));
    }

    #[tokio::test]
    async fn the_last_to_close_is_waited_for() {
        let places = places(8, 0);
        assert!(places.all_closed().now_or_never().is_some());
        let held = [(); 2].map(|()| admit(&places, "192.0.2.1").unwrap());
        let mut closed = Box::pin(places.all_closed());
        assert!(closed.as_mut().now_or_never().is_none());
        drop(held);
        closed.await;
    }
}
