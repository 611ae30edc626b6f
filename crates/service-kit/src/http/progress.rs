//! What one connection waits for, and until when.
//!
//! Written by the connection's own task; the accept loop reads it to choose who
//! makes room.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures::task::AtomicWaker;
use http::StatusCode;
use tokio::time::Instant;

use super::Limits;

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End<T> {
    /// By itself.
    Finished(T),
    /// It ran into a limit.
    TimedOut(Limit),
    /// It was waiting, and others needed the place.
    MadeRoom,
    /// The process ends at once.
    Aborted,
}

/// The limits in time of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// From the first byte to the end of a head.
    Header,
    /// Between two requests.
    Idle,
    /// From writing to being read.
    Write,
}

impl Limit {
    /// Its name in metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Idle => "idle",
            Self::Write => "write",
        }
    }
}

/// How a request is to be treated, as its head says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Terms {
    /// The status with which it is refused, unseen by the service.
    pub(super) refusal: Option<StatusCode>,
    /// No other request may follow it on this connection.
    pub(super) is_last: bool,
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The client: the rest of a head.
    Head,
    /// The client: another request.
    Idle,
    /// The service.
    Serving,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    unread_since: Option<Instant>,
    /// Those of a head that hyper has, and the service has not yet.
    terms: Option<Terms>,
    must_make_room: bool,
}

/// Where one connection stands.
#[derive(Debug)]
pub(super) struct Progress {
    state: Mutex<State>,
    waker: AtomicWaker,
}

impl Progress {
    /// A connection that was accepted just now.
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Head,
                since: Instant::now(),
                unread_since: None,
                terms: None,
                must_make_room: false,
            }),
            waker: AtomicWaker::new(),
        }
    }

    /// The first bytes of a request came.
    pub(super) fn head_began(&self) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            state.phase = Phase::Head;
            state.since = Instant::now();
        }
    }

    /// A head is whole, or broken, and goes to hyper.
    pub(super) fn head_ended(&self, terms: Terms) {
        self.state().terms = Some(terms);
    }

    /// hyper hands the request to the service.
    pub(super) fn begin(&self) -> Terms {
        let mut state = self.state();
        state.phase = Phase::Serving;
        // It was asked to go while the request came in: too late.
        state.must_make_room = false;
        state.terms.take().unwrap_or_default()
    }

    /// Whether a request is on its way to the service or with it.
    pub(super) fn is_taken(&self) -> bool {
        let state = self.state();
        state.terms.is_some() || state.phase == Phase::Serving
    }

    /// The service has answered.
    pub(super) fn answered(&self) {
        {
            let mut state = self.state();
            state.phase = Phase::Idle;
            state.since = Instant::now();
        }
        // The next request may be held back in our buffer: nothing else wakes for it.
        self.waker.wake();
    }

    /// The client does not read: nothing more can be written.
    pub(super) fn unread(&self) {
        let mut state = self.state();
        state.unread_since.get_or_insert_with(Instant::now);
    }

    /// All that was to be written is written.
    pub(super) fn written(&self) {
        let mut state = self.state();
        if state.unread_since.take().is_some() && state.phase == Phase::Idle {
            state.since = Instant::now();
        }
    }

    /// Until when the connection may stay as it is, and by which limit; `None` while
    /// it waits for the service.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<(Instant, Limit)> {
        let state = self.state();
        if let Some(since) = state.unread_since {
            return Some((since + limits.write_timeout, Limit::Write));
        }
        match state.phase {
            Phase::Head => Some((state.since + limits.header_timeout, Limit::Header)),
            Phase::Idle => Some((state.since + limits.idle_timeout, Limit::Idle)),
            Phase::Serving => None,
        }
    }

    /// Since when it has waited for its client without a whole request; `None` while
    /// the service is at work.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.phase != Phase::Serving && !state.must_make_room).then_some(state.since)
    }

    /// Asks the connection to end, unless a request becomes whole first.
    pub(super) fn make_room(&self) {
        self.state().must_make_room = true;
        self.waker.wake();
    }

    /// Whether it was asked to end and still only waits.
    pub(super) fn must_make_room(&self) -> bool {
        let state = self.state();
        state.must_make_room && state.phase != Phase::Serving
    }

    /// Keeps the waker of the connection's task.
    pub(super) fn wake_with(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
