//! What replicas tell each other about their copies, over one Redis channel.
//!
//! A message is lost when a connection is, and nobody says so; a sign of life that every
//! replica sends itself through the channel finds the connection that is dead. Copies
//! from before a loss are confirmed at their next read (see [`super::link`]).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use jiff::Timestamp;
use redis::aio::PubSub;
use tokio::sync::watch;
use tokio::time::{interval, timeout};
use trace_kit::TraceParent;
use uuid::Uuid;

use super::Inner;
use super::shared::Shared;

/// The channel. One Redis database is for one community, but channels know no
/// databases: the copies of two communities then cost each other a look-up, no more.
pub(super) const CHANNEL: &str = "bettermode:cache";

/// How often a sign of life goes round.
const BEAT: Duration = Duration::from_millis(250);

/// So long without any message, the connection is dead.
const SILENCE: Duration = Duration::from_secs(1);

/// How long subscribing may take.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_millis(500);

/// Between two attempts to subscribe.
const PAUSE: Duration = Duration::from_millis(100);

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News<'a> {
    /// An entry was invalidated.
    Dropped(&'a str),
    /// A lease was given back; when BetterMode answered, where it brought an answer.
    Released(&'a str, Option<Timestamp>),
    /// Why an entry is about to be invalidated, where that is traced. A replica of before
    /// does not know the word and hears nothing.
    Cause(&'a str, TraceParent),
    /// A sign of life.
    Beat,
}

impl<'a> News<'a> {
    /// As it is sent: sender, kind, name; before the name of what was brought its time,
    /// in nanoseconds.
    pub(super) fn text(self, origin: Uuid) -> String {
        match self {
            Self::Dropped(name) => format!("{origin} drop {name}"),
            Self::Released(name, None) => format!("{origin} free {name}"),
            Self::Released(name, Some(at)) => {
                format!("{origin} fill {} {name}", at.as_nanosecond())
            }
            Self::Cause(name, cause) => format!("{origin} cause {cause} {name}"),
            Self::Beat => format!("{origin} beat"),
        }
    }

    /// The sender and the message; `None` for what is not ours.
    fn read(text: &'a str) -> Option<(Uuid, Self)> {
        let (origin, rest) = text.split_once(' ')?;
        let news = match rest.split_once(' ') {
            Some(("drop", name)) => Self::Dropped(name),
            Some(("free", name)) => Self::Released(name, None),
            Some(("fill", rest)) => {
                let (at, name) = rest.split_once(' ')?;
                let at = Timestamp::from_nanosecond(at.parse().ok()?).ok()?;
                Self::Released(name, Some(at))
            }
            Some(("cause", rest)) => {
                let (cause, name) = rest.split_once(' ')?;
                Self::Cause(name, cause.parse().ok()?)
            }
            None if rest == "beat" => Self::Beat,
            _ => return None,
        };
        Some((origin.parse().ok()?, news))
    }
}

/// Who waits for another replica to give back a lease.
#[derive(Debug, Default)]
pub(super) struct Waiters(Mutex<HashMap<String, watch::Sender<()>>>);

/// A place to wait; messages count from when it was taken.
#[derive(Debug)]
pub(super) struct Waiter<'a> {
    waiters: &'a Waiters,
    name: &'a str,
    woken: watch::Receiver<()>,
}

impl Waiters {
    /// Takes a place.
    pub(super) fn register<'a>(&'a self, name: &'a str) -> Waiter<'a> {
        let mut places = self.places();
        let sender = places.entry(name.to_owned()).or_default();
        Waiter {
            waiters: self,
            name,
            woken: sender.subscribe(),
        }
    }

    fn wake(&self, name: &str) {
        if let Some(sender) = self.places().get(name) {
            sender.send_replace(());
        }
    }

    fn places(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter<'_> {
    /// Waits for a message that came since the place was taken, at most `limit`.
    pub(super) async fn woken(&mut self, limit: Duration) {
        let _in_time = timeout(limit, self.woken.changed()).await;
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut places = self.waiters.places();
        let last = places
            .get(self.name)
            .is_some_and(|sender| sender.receiver_count() <= 1);
        if last {
            places.remove(self.name);
        }
    }
}

/// Listens for ever, subscribing again after each loss.
pub(super) async fn listen(inner: &Inner, shared: &Shared) {
    loop {
        if let Some(subscription) = subscribe(shared).await {
            // From here on every invalidation reaches us.
            shared.link().revive();
            if inner.link.set(true) {
                tracing::info!("redis tells this replica what the others invalidate");
            }
            hear(inner, shared, subscription).await;
            if inner.link.set(false) {
                tracing::warn!(
                    "redis is away: copies in memory live by their age until it is back"
                );
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn subscribe(shared: &Shared) -> Option<PubSub> {
    let subscribed = timeout(SUBSCRIBE_TIMEOUT, shared.link().subscribe(CHANNEL)).await;
    match subscribed {
        Ok(Ok(subscription)) => Some(subscription),
        Ok(Err(error)) => {
            tracing::debug!(%error, "could not subscribe to the other replicas' news");
            None
        }
        Err(_) => None,
    }
}

/// Takes in messages until the connection is lost or silent.
async fn hear(inner: &Inner, shared: &Shared, subscription: PubSub) {
    let mut messages = subscription.into_on_message();
    let beats = async {
        let mut beat = interval(BEAT);
        loop {
            beat.tick().await;
            // One that is lost is noticed as silence.
            let _sent = shared.beat().await;
        }
    };
    let hearing = async {
        while let Ok(Some(message)) = timeout(SILENCE, messages.next()).await {
            if let Ok(text) = message.get_payload::<String>() {
                take_in(inner, shared, &text);
            }
        }
    };
    tokio::select! {
        () = beats => {}
        () = hearing => {}
    }
}

fn take_in(inner: &Inner, shared: &Shared, text: &str) {
    match News::read(text) {
        // Our own too: a fill may have read Redis between our dropping the copy and
        // Redis taking the tombstone.
        Some((_, News::Dropped(name))) => inner.drop_here(name),
        Some((_, News::Released(name, brought))) => {
            if let Some(at) = brought {
                inner.memory.remove_older(name, at);
                // What made a fill necessary has had it.
                if let Some(causes) = &inner.causes {
                    causes.forget(name);
                }
            }
            inner.waiters.wake(name);
        }
        // Our own is noted already, and may have had its fill.
        Some((origin, News::Cause(name, cause))) if !shared.is(origin) => {
            if let Some(causes) = &inner.causes {
                causes.remember(name, cause);
            }
        }
        Some((_, News::Cause(..) | News::Beat)) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_were_written() {
        let us = Uuid::new_v4();
        let all = [
            News::Dropped("bettermode:member:a b"),
            News::Released("bettermode:member:x", None),
            News::Released("bettermode:member:a b", Some(Timestamp::UNIX_EPOCH)),
            News::Cause(
                "bettermode:member:a b",
                TraceParent::new(1, 2, true).unwrap(),
            ),
            News::Beat,
        ];
        for news in all {
            assert_eq!(News::read(&news.text(us)), Some((us, news)));
        }
        let (burnt, timeless) = (format!("{us} burn y"), format!("{us} fill soon y"));
        let causeless = format!("{us} cause why y");
        for rubbish in ["", "beat", "x drop y", &burnt, &timeless, &causeless] {
            assert_eq!(News::read(rubbish), None, "{rubbish}");
        }
    }

    #[tokio::test]
    async fn a_message_that_comes_before_the_wait_is_not_missed() {
        let waiters = Waiters::default();
        let mut first = waiters.register("a");
        let mut second = waiters.register("a");
        waiters.wake("b");
        waiters.wake("a");
        first.woken(Duration::from_secs(3600)).await;
        drop(first);
        second.woken(Duration::from_secs(3600)).await;
        drop(second);
        assert!(waiters.0.lock().unwrap().is_empty());
    }
}
