//! Few may work at once, the others wait, and nobody waits in vain for long.
//!
//! While the room empties now and then, those who wait are taken in the order in which
//! they came, and each may wait out a burst. When it has not been empty for a while, more
//! come than can be served: then each may wait a moment only, and the youngest is taken
//! first, because the oldest will hardly be in time. (Controlled delay and adaptive LIFO,
//! as Facebook described them in "Fail at Scale", ACM Queue 13(8), 2015.) Of the least
//! urgent only a few wait then, so that refusing the others costs next to nothing. That so
//! few wait is no sign that the crowd has gone: it has when nobody had to be refused for a
//! while.
//!
//! More urgent calls are taken before all that are less urgent. The most urgent are always
//! taken in their order and wait longest: there are as many as people and the edge send
//! one after the other, and a crowd of them is no reason to lose some.
//!
//! It knows nothing of what they wait for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::error::Error;
use crate::methods::Priority;

/// When the room has not been empty for so long, it is crowded.
const INTERVAL: Duration = Duration::from_millis(50);

/// It is no longer when nobody was refused for so long.
const CALM: Duration = Duration::from_millis(200);

/// Or when more wait for each of its places than this.
const MANY: usize = 64;

/// In a crowd the least urgent may wait until so many places have become free.
const TURNS: u32 = 2;

/// But no less and no more than this.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(25);

/// Priorities that can wait.
const CLASSES: usize = 3;

/// A place to wait; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct WaitingRoom(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    places: usize,
    free: usize,
    /// How long a place is held, on average of late.
    held: Duration,
    /// Those who wait, by priority, the oldest first. Some may have left.
    waiting: [VecDeque<Waiting>; CLASSES],
    /// When nobody waited last.
    empty_at: Instant,
    /// When somebody was refused last.
    refused_at: Option<Instant>,
}

/// Somebody who waits.
#[derive(Debug)]
struct Waiting {
    since: Instant,
    turn: oneshot::Sender<Permit>,
}

/// The right to work, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    room: Option<WaitingRoom>,
    since: Instant,
}

impl WaitingRoom {
    /// So many may work at once; at least one.
    pub(crate) fn new(places: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            places: places.max(1),
            free: places.max(1),
            held: Duration::ZERO,
            waiting: Default::default(),
            empty_at: Instant::now(),
            refused_at: None,
        })))
    }

    /// Waits for the right to work, and gives up when that takes too long.
    pub(crate) async fn enter(&self, priority: Priority) -> Result<Permit, Error> {
        let (turn, patience) = {
            let mut state = self.state();
            state.forget_those_who_left();
            let now = Instant::now();
            if state.is_empty() {
                state.empty_at = now;
                if state.free > 0 {
                    state.free -= 1;
                    return Ok(self.permit(now));
                }
            }
            let is_crowded = state.is_crowded(now);
            if is_crowded {
                state.dismiss_the_late(now);
            }
            if is_crowded && priority == Priority::Low && state.waiting() >= state.places {
                return Err(state.refuse(now));
            }
            let (sender, turn) = oneshot::channel();
            state.waiting[class(priority)].push_back(Waiting {
                since: now,
                turn: sender,
            });
            (turn, state.patience(priority, is_crowded))
        };
        match timeout(patience, turn).await {
            Ok(Ok(permit)) => Ok(permit),
            // Who leaves without a turn is passed over.
            Ok(Err(_)) | Err(_) => Err(self.state().refuse(Instant::now())),
        }
    }

    /// Hands the right on to whoever is next.
    fn hand_on(&self, since: Instant) {
        let mut state = self.state();
        let now = Instant::now();
        state.note(now.saturating_duration_since(since));
        let is_crowded = state.is_crowded(now);
        if is_crowded {
            state.dismiss_the_late(now);
        }
        while let Some(next) = state.next(is_crowded) {
            match next.turn.send(self.permit(now)) {
                Ok(()) => return,
                // Gone meanwhile. The right is still ours, and dropping it would come
                // back here.
                Err(mut returned) => returned.room = None,
            }
        }
        state.empty_at = now;
        state.free += 1;
    }

    fn permit(&self, since: Instant) -> Permit {
        Permit {
            room: Some(self.clone()),
            since,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_empty(&self) -> bool {
        self.waiting.iter().all(VecDeque::is_empty)
    }

    fn waiting(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    fn is_crowded(&self, now: Instant) -> bool {
        let since = |at| now.saturating_duration_since(at);
        let had_to_refuse = self.refused_at.is_some_and(|at| since(at) < CALM);
        had_to_refuse || since(self.empty_at) > INTERVAL || self.waiting() > MANY * self.places
    }

    /// Ends the waiting of those who came before the crowd was one and were to wait for
    /// longer than anybody may now.
    fn dismiss_the_late(&mut self, now: Instant) {
        for priority in [Priority::Low, Priority::Normal] {
            let longest = self.patience(priority, true);
            let queue = &mut self.waiting[class(priority)];
            while let Some(first) = queue.front()
                && now.saturating_duration_since(first.since) > longest
            {
                queue.pop_front();
            }
        }
    }

    /// How long one may wait. In a crowd that is the time in which a few places become
    /// free, so that there is somebody to take each, and hardly longer.
    fn patience(&self, priority: Priority, is_crowded: bool) -> Duration {
        let places = u32::try_from(self.places).unwrap_or(u32::MAX);
        let moment = (TURNS * self.held / places).clamp(SHORTEST, LONGEST);
        match (priority, is_crowded) {
            (Priority::Low, true) => moment,
            (Priority::Low, false) => Duration::from_millis(100),
            (Priority::Normal, true) => 5 * moment,
            (Priority::Normal, false) => Duration::from_millis(250),
            (Priority::High | Priority::Never, _) => Duration::from_secs(5),
        }
    }

    /// A place was held for so long.
    fn note(&mut self, held: Duration) {
        self.held = (self.held * 15 + held) / 16;
    }

    fn refuse(&mut self, now: Instant) -> Error {
        self.refused_at = Some(now);
        Error::Overloaded
    }

    fn next(&mut self, is_crowded: bool) -> Option<Waiting> {
        let [low, normal, high] = &mut self.waiting;
        if let Some(next) = high.pop_front() {
            return Some(next);
        }
        let class = if normal.is_empty() { low } else { normal };
        if is_crowded {
            class.pop_back()
        } else {
            class.pop_front()
        }
    }

    /// The oldest leave first, so those at the front are looked at alone.
    fn forget_those_who_left(&mut self) {
        for class in &mut self.waiting {
            while class.front().is_some_and(|first| first.turn.is_closed()) {
                class.pop_front();
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(room) = self.room.take() {
            room.hand_on(self.since);
        }
    }
}

fn class(priority: Priority) -> usize {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High | Priority::Never => 2,
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use futures::FutureExt as _;
    use tokio::time::{advance, sleep};

    use super::*;

    type Entering = Pin<Box<dyn Future<Output = Result<Permit, Error>> + Send>>;

    /// Somebody who waits already.
    fn waiting(room: &WaitingRoom, priority: Priority) -> Entering {
        let room = room.clone();
        let mut entering: Entering = Box::pin(async move { room.enter(priority).await });
        assert!(
            entering.as_mut().now_or_never().is_none(),
            "there was a place"
        );
        entering
    }

    fn has_turn(entering: &mut Entering) -> bool {
        entering.as_mut().now_or_never().is_some_and(|got| {
            // The place is given back at once.
            got.is_ok()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_to_come_is_the_first_to_be_taken_and_the_urgent_before_all() {
        let room = WaitingRoom::new(1);
        let working = room.enter(Priority::Low).await.unwrap();
        let mut first = waiting(&room, Priority::Normal);
        let mut second = waiting(&room, Priority::Normal);
        let mut urgent = waiting(&room, Priority::High);
        drop(working);
        assert!(!has_turn(&mut first) && !has_turn(&mut second));
        let urgent = urgent.as_mut().now_or_never().unwrap().unwrap();
        drop(urgent);
        assert!(!has_turn(&mut second));
        assert!(has_turn(&mut first));
        assert!(has_turn(&mut second));
        assert!(room.enter(Priority::Low).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_refused_and_passed_over() {
        let room = WaitingRoom::new(1);
        let working = room.enter(Priority::Low).await.unwrap();
        let refused = room.enter(Priority::High).await;
        assert_eq!(refused.unwrap_err(), Error::Overloaded);
        let gone = waiting(&room, Priority::High);
        drop(gone);
        drop(working);
        assert!(room.enter(Priority::Low).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn in_a_crowd_the_youngest_is_taken_and_the_wait_is_short() {
        let room = WaitingRoom::new(1);
        let working = room.enter(Priority::Low).await.unwrap();
        let first = waiting(&room, Priority::Low);
        advance(Duration::from_millis(30)).await;
        let mut old = waiting(&room, Priority::Low);
        advance(Duration::from_millis(25)).await;
        // For longer than anybody's patience there was always somebody.
        drop(first);
        let mut young = waiting(&room, Priority::Low);
        drop(working);
        // Too late to be in time.
        let refused = old.as_mut().now_or_never().expect("an answer");
        assert_eq!(refused.unwrap_err(), Error::Overloaded);
        let _held = young.as_mut().now_or_never().expect("a turn").unwrap();
        let began = Instant::now();
        let late = room.enter(Priority::Low).await;
        assert_eq!(late.unwrap_err(), Error::Overloaded);
        let waited = began.elapsed();
        assert!(waited <= LONGEST, "{waited:?}");
        // There is no place to wait for one more who is not urgent, but for the urgent.
        let _more = waiting(&room, Priority::Normal);
        let full = room.enter(Priority::Low).now_or_never();
        assert!(full.is_some_and(|entered| entered.is_err()));
        let _urgent = waiting(&room, Priority::High);
    }

    #[tokio::test(start_paused = true)]
    async fn in_a_crowd_one_waits_until_a_few_places_have_become_free() {
        let room = WaitingRoom::new(2);
        let crowd = async |held| {
            for _ in 0..100 {
                let working = room.enter(Priority::Low).now_or_never().unwrap();
                advance(held).await;
                drop(working);
            }
            let _working = [(); 2].map(|()| room.enter(Priority::High).now_or_never());
            let _waiting = waiting(&room, Priority::High);
            advance(INTERVAL * 2).await;
            let began = Instant::now();
            let refused = room.enter(Priority::Low).await;
            assert!(refused.is_err());
            let waited = began.elapsed();
            advance(CALM).await;
            waited
        };
        let waited = crowd(Duration::from_millis(8)).await;
        assert!(
            (7..=9).contains(&waited.as_millis()),
            "two halves of 8 ms: {waited:?}"
        );
        let waited = crowd(Duration::from_micros(10)).await;
        assert!(waited <= 2 * SHORTEST, "{waited:?}");
        let waited = crowd(Duration::from_secs(1)).await;
        assert!(waited <= 2 * LONGEST, "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_who_wait_are_a_crowd_from_the_first_moment() {
        let room = WaitingRoom::new(1);
        let _working = room.enter(Priority::Low).await.unwrap();
        let mut burst: Vec<_> = (0..=MANY).map(|_| waiting(&room, Priority::Low)).collect();
        let one_more = room.enter(Priority::Low).now_or_never();
        assert!(one_more.is_some_and(|entered| entered.is_err()));
        advance(SHORTEST * 2).await;
        assert!(room.enter(Priority::Low).await.is_err());
        for waiting in &mut burst {
            assert!(
                waiting
                    .as_mut()
                    .now_or_never()
                    .is_some_and(|entered| entered.is_err())
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_crowd_has_gone_when_nobody_had_to_be_refused_for_a_while() {
        let room = WaitingRoom::new(1);
        let working = room.enter(Priority::Low).await.unwrap();
        let _late = waiting(&room, Priority::Low);
        advance(INTERVAL * 2).await;
        assert!(room.enter(Priority::Low).await.is_err());
        drop(working);
        // Empty, but a moment ago it was too full: nobody may wait for long.
        let working = room.enter(Priority::Low).now_or_never().unwrap().unwrap();
        let began = Instant::now();
        assert!(room.enter(Priority::Low).await.is_err());
        assert!(began.elapsed() <= LONGEST);
        advance(CALM).await;
        drop(working);
        let working = room.enter(Priority::Low).now_or_never().unwrap().unwrap();
        let began = Instant::now();
        assert!(room.enter(Priority::Low).await.is_err());
        assert!(began.elapsed() > INTERVAL);
        drop(working);
    }

    #[tokio::test(start_paused = true)]
    async fn the_most_urgent_are_taken_in_their_order_however_many_they_are() {
        let room = WaitingRoom::new(1);
        let mut working = room.enter(Priority::High).await.unwrap();
        let callers: Vec<_> = (0..60).map(|_| waiting(&room, Priority::High)).collect();
        for mut caller in callers {
            advance(Duration::from_millis(10)).await;
            drop(working);
            working = caller.as_mut().now_or_never().expect("a turn").unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_place_is_lost_however_many_come_and_leave() {
        let room = WaitingRoom::new(3);
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..300_u64 {
            let room = room.clone();
            calls.spawn(async move {
                sleep(Duration::from_millis(number % 40)).await;
                let Ok(_permit) = room.enter(Priority::Normal).await else {
                    return;
                };
                sleep(Duration::from_millis(number % 7)).await;
            });
        }
        let _all = calls.join_all().await;
        let held: Vec<_> = (0..3)
            .filter_map(|_| room.enter(Priority::Low).now_or_never())
            .collect();
        assert_eq!(held.len(), 3);
        assert!(held.iter().all(Result::is_ok));
    }
}
