//! A network between hosts: connections of bytes that take their time, get stuck, and
//! break.
//!
//! As with TCP, what is sent arrives in order or not at all. A cut link delivers nothing
//! until it is healed, and then everything. A host whose life ended says nothing more;
//! the other end hears of it at once (the process was killed) or when the host is back
//! (its power was cut).

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::chance::Chance;

mod pipe;
mod stream;

use pipe::Pipe;
pub use stream::{Door, Stream};

/// How long a packet takes where nothing is wrong.
const USUAL: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(3));

/// A host, by name.
pub type Host = &'static str;

/// The network; clones are the same one.
#[derive(Clone)]
pub struct Network {
    chance: Chance,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    doors: BTreeMap<Host, mpsc::UnboundedSender<(Stream, SocketAddr)>>,
    /// By direction: what is wrong with it.
    links: BTreeMap<(Host, Host), Link>,
    connections: Vec<Connection>,
    ports: u16,
}

#[derive(Debug, Clone, Copy, Default)]
struct Link {
    is_cut: bool,
    slower_by: Duration,
}

struct Connection {
    ends: [Host; 2],
    pipes: [Weak<Pipe>; 2],
}

impl Network {
    /// A network without faults.
    #[must_use]
    pub fn new(chance: Chance) -> Self {
        Self {
            chance,
            state: Arc::default(),
        }
    }

    /// Connections to a host come out here, until it goes down.
    #[must_use]
    pub fn listen(&self, host: Host) -> Door {
        let (door, coming) = mpsc::unbounded_channel();
        self.state().doors.insert(host, door);
        Door::new(coming)
    }

    /// Connects two hosts.
    ///
    /// # Errors
    /// `ConnectionRefused` when nobody listens. While the link is cut it does not end.
    pub async fn connect(&self, from: Host, to: Host) -> io::Result<Stream> {
        self.cross(from, to).await;
        self.cross(to, from).await;
        let there = Pipe::new(self.clone(), (from, to));
        let back = Pipe::new(self.clone(), (to, from));
        let mut state = self.state();
        state.ports = state.ports.wrapping_add(1);
        let address = SocketAddr::from(([10, 0, 0, 1], state.ports));
        state.connections.retain(Connection::is_open);
        state.connections.push(Connection {
            ends: [from, to],
            pipes: [Arc::downgrade(&there), Arc::downgrade(&back)],
        });
        let theirs = Stream::new(Arc::clone(&there), Arc::clone(&back));
        let door = state.doors.get(to);
        let is_open = door.is_some_and(|door| door.send((theirs, address)).is_ok());
        drop(state);
        if is_open {
            Ok(Stream::new(back, there))
        } else {
            Err(io::ErrorKind::ConnectionRefused.into())
        }
    }

    /// Takes as long as a packet; while the link is cut, until it is healed.
    pub async fn cross(&self, from: Host, to: Host) {
        loop {
            tokio::time::sleep(self.delay(from, to)).await;
            if !self.is_cut(from, to) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Nothing arrives in this direction until it is healed.
    pub fn cut(&self, from: Host, to: Host) {
        self.link(from, to, |link| link.is_cut = true);
    }

    /// Packets take so much longer in this direction.
    pub fn slow(&self, from: Host, to: Host, by: Duration) {
        self.link(from, to, |link| link.slower_by = by);
    }

    /// Both directions are as they should be.
    pub fn heal(&self, one: Host, other: Host) {
        for (from, to) in [(one, other), (other, one)] {
            self.link(from, to, |link| *link = Link::default());
        }
        self.each(
            |ends| ends == [one, other] || ends == [other, one],
            Pipe::wake,
        );
    }

    /// Breaks every connection between two hosts.
    pub fn reset(&self, one: Host, other: Host) {
        self.each(
            |ends| ends == [one, other] || ends == [other, one],
            Pipe::reset,
        );
    }

    /// A host's life ends. `is_heard` says whether the others notice at once.
    pub fn down(&self, host: Host, is_heard: bool) {
        self.state().doors.remove(host);
        if is_heard {
            self.each(|ends| ends.contains(&host), Pipe::reset);
        } else {
            self.each(|ends| ends.contains(&host), Pipe::go_silent);
        }
    }

    /// A host is there again: who still counts on its earlier life hears otherwise.
    pub fn up(&self, host: Host) {
        self.each(|ends| ends.contains(&host), Pipe::reset_if_silent);
    }

    fn is_cut(&self, from: Host, to: Host) -> bool {
        self.state()
            .links
            .get(&(from, to))
            .is_some_and(|link| link.is_cut)
    }

    fn delay(&self, from: Host, to: Host) -> Duration {
        let link = self.state().links.get(&(from, to)).copied();
        self.chance.time(USUAL.0, USUAL.1) + link.unwrap_or_default().slower_by
    }

    fn link(&self, from: Host, to: Host, change: impl FnOnce(&mut Link)) {
        change(self.state().links.entry((from, to)).or_default());
    }

    /// Does something to both directions of some connections.
    fn each(&self, which: impl Fn([Host; 2]) -> bool, what: impl Fn(&Pipe)) {
        // Not under the lock: whoever wakes may ask for it.
        let pipes: Vec<_> = {
            let state = self.state();
            let chosen = state.connections.iter().filter(|open| which(open.ends));
            chosen
                .flat_map(|open| open.pipes.iter().filter_map(Weak::upgrade))
                .collect()
        };
        for pipe in pipes {
            what(&pipe);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn is_open(&self) -> bool {
        self.pipes.iter().any(|pipe| pipe.strong_count() > 0)
    }
}
