//! Who may be connected: a number in all and a number for each address.
//!
//! When all places are taken, a new connection is not refused: those that have
//! waited longest without a whole request go first. Whoever sends a request at once
//! needs its place for milliseconds, whoever holds places to keep others out must
//! wait; so the longest wait is the best sign of bad will that the loop has, and
//! closing a connection between requests is what HTTP allows at any time. A request
//! that is being answered is never cut for another.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Limits;
use super::metrics::ConnectionMetrics;
use super::progress::Progress;

/// Every open connection of a port.
#[derive(Debug)]
pub(super) struct Connections {
    most: usize,
    most_of_one: usize,
    metrics: ConnectionMetrics,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<Progress>>,
    addresses: HashMap<IpAddr, usize>,
}

/// A connection's place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    id: u64,
    address: IpAddr,
    progress: Arc<Progress>,
}

impl Connections {
    /// None yet.
    pub(super) fn new(limits: &Limits, metrics: ConnectionMetrics) -> Self {
        Self {
            most: limits.connections,
            most_of_one: match limits.connections_per_address {
                0 => usize::MAX,
                most => most,
            },
            metrics,
            open: Mutex::default(),
        }
    }

    /// A place for a connection from `peer`; `None` when it has to be closed.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let address = holder(peer);
        let mut open = self.open();
        if open.addresses.get(&address).copied().unwrap_or(0) >= self.most_of_one {
            self.metrics.refused("address");
            return None;
        }
        // Some places are kept for those who come while the closing of others is
        // under way.
        if open.connections.len() + self.batch() >= self.most {
            self.ask_the_longest_waiting(&open);
        }
        if open.connections.len() >= self.most {
            self.metrics.refused("total");
            return None;
        }
        let progress = Arc::new(Progress::new());
        let id = open.next;
        open.next += 1;
        open.connections.insert(id, Arc::clone(&progress));
        *open.addresses.entry(address).or_default() += 1;
        self.metrics.opened();
        Some(Place {
            connections: Arc::clone(self),
            id,
            address,
            progress,
        })
    }

    /// Asks some of those who only wait to go.
    pub(super) fn make_room(&self) {
        self.ask_the_longest_waiting(&self.open());
    }

    /// How many go at once: looking for one at a time would cost a look at all for
    /// each new connection.
    fn batch(&self) -> usize {
        self.most / 64
    }

    fn ask_the_longest_waiting(&self, open: &Open) {
        let mut waiting: Vec<_> = open
            .connections
            .values()
            .filter_map(|progress| Some((progress.waiting_since()?, progress)))
            .collect();
        let count = self.batch().max(1).min(waiting.len());
        if count == 0 {
            return;
        }
        waiting.select_nth_unstable_by_key(count - 1, |(since, _)| *since);
        for (_, progress) in &waiting[..count] {
            progress.make_room();
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Where the connection stands.
    pub(super) fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Where it is counted.
    pub(super) fn metrics(&self) -> &ConnectionMetrics {
        &self.connections.metrics
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        open.connections.remove(&self.id);
        if let Some(count) = open.addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.addresses.remove(&self.address);
            }
        }
        self.connections.metrics.closed();
    }
}

/// Whose connection it is: with IPv6 one host has a whole /64.
fn holder(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Connections, Place};
    use crate::http::{ConnectionMetrics, Limits};

    fn connections(most: usize, of_one: usize) -> Arc<Connections> {
        let limits = Limits {
            connections: most,
            connections_per_address: of_one,
            ..Limits::default()
        };
        Arc::new(Connections::new(&limits, ConnectionMetrics::default()))
    }

    fn admit(connections: &Arc<Connections>, address: &str) -> Option<Place> {
        connections.admit(address.parse().unwrap())
    }

    #[tokio::test]
    async fn one_address_has_its_share_and_gets_it_back_when_it_closes() {
        let connections = connections(8, 2);
        let first = admit(&connections, "192.0.2.1");
        let _second = admit(&connections, "::ffff:192.0.2.1").unwrap();
        assert!(admit(&connections, "192.0.2.1").is_none());
        assert!(admit(&connections, "192.0.2.2").is_some());
        drop(first);
        assert!(admit(&connections, "192.0.2.1").is_some());
    }

    #[tokio::test]
    async fn a_whole_ipv6_network_counts_as_one_address() {
        let connections = connections(8, 1);
        let _first = admit(&connections, "2001:db8::1").unwrap();
        assert!(admit(&connections, "2001:db8::ffff:2").is_none());
        assert!(admit(&connections, "2001:db8:0:1::1").is_some());
    }

    #[tokio::test]
    async fn any_number_of_one_address_may_connect_without_that_limit() {
        let connections = connections(8, 0);
        let places: Vec<_> = (0..8).map(|_| admit(&connections, "192.0.2.1")).collect();
        assert!(places.iter().all(Option::is_some));
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_waiting_makes_room_and_one_being_served_never_does() {
        let connections = connections(3, 0);
        let served = admit(&connections, "192.0.2.1").unwrap();
        served.progress().begin();
        tokio::time::advance(std::time::Duration::from_millis(1)).await;
        let old = admit(&connections, "192.0.2.2").unwrap();
        tokio::time::advance(std::time::Duration::from_millis(1)).await;
        let young = admit(&connections, "192.0.2.3").unwrap();
        // Full: this one is refused, but the oldest was asked to go ..
        assert!(admit(&connections, "192.0.2.4").is_none());
        let asked = [&served, &old, &young].map(|place| place.progress().must_make_room());
        assert_eq!(asked, [false, true, false]);
        // .. so that the next one finds its place.
        drop(old);
        assert!(admit(&connections, "192.0.2.4").is_some());
    }

    #[tokio::test]
    async fn when_all_are_served_nobody_is_cut() {
        let connections = connections(2, 0);
        let places = ["192.0.2.1", "192.0.2.2"].map(|peer| admit(&connections, peer).unwrap());
        for place in &places {
            place.progress().begin();
        }
        assert!(admit(&connections, "192.0.2.3").is_none());
        assert!(!places.iter().any(|place| place.progress().must_make_room()));
    }
}
