//! The one connection to Redis that the cache and the rate limiter share.
//!
//! It connects at first use and again after a loss, so the service starts and
//! runs while Redis is away. No call takes longer than [`CALL_TIMEOUT`], and
//! after a call that got no answer the next ones fail at once for [`COOL_DOWN`]:
//! a Redis that hangs costs one caller its patience, not all of them.
//! It knows no key and no value.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Cmd, FromRedisValue, RedisError, RedisResult, ScriptInvocation};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, timeout};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long one answer may take.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(500);

/// The longest that any call takes: connect, then one answer.
pub const CALL_TIMEOUT: Duration = Duration::from_millis(1500);

/// How long calls fail at once after one that got no answer.
pub const COOL_DOWN: Duration = Duration::from_secs(1);

/// `REDIS_URL` cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("REDIS_URL is not the address of a Redis; write redis://host:6379 or rediss://host:6379")]
pub struct AddressError;

/// A handle to the connection; cheap to clone.
#[derive(Clone)]
pub struct RedisLink(Arc<Inner>);

struct Inner {
    client: redis::Client,
    state: Mutex<State>,
}

struct State {
    manager: ConnectionManager,
    cools_until: Option<Instant>,
}

impl std::fmt::Debug for RedisLink {
    /// Without the address, which can hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisLink")
    }
}

impl RedisLink {
    /// A link to the Redis at `url`; nothing is sent yet. Must be called inside
    /// a tokio runtime.
    ///
    /// # Errors
    /// [`AddressError`] when `url` is not an address of a Redis.
    pub fn new(url: &SecretString) -> Result<Self, AddressError> {
        let client = redis::Client::open(url.expose_secret()).map_err(|_| AddressError)?;
        let state = State {
            manager: lazy_manager(&client).map_err(|_| AddressError)?,
            cools_until: None,
        };
        Ok(Self(Arc::new(Inner {
            client,
            state: Mutex::new(state),
        })))
    }

    /// Sends one command.
    ///
    /// A command whose connection broke is sent once more, so it can run twice:
    /// send only what may.
    ///
    /// # Errors
    /// What Redis answered, or that it did not answer in time.
    pub async fn command<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        self.call(Request::Command(command)).await
    }

    /// Runs one script, loading it first where Redis does not have it; sent
    /// again as in [`RedisLink::command`].
    ///
    /// # Errors
    /// What Redis answered, or that it did not answer in time.
    pub async fn script<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> RedisResult<T> {
        self.call(Request::Script(script)).await
    }

    /// Asks Redis whether it is there.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn ping(&self) -> RedisResult<()> {
        self.command(&redis::cmd("PING")).await
    }

    /// Opens a connection of its own that hears what is published on `channel`.
    ///
    /// # Errors
    /// Why it could not be opened. It can take as long as the network likes: bound it.
    pub async fn subscribe(&self, channel: &str) -> RedisResult<redis::aio::PubSub> {
        let mut subscription = self.0.client.get_async_pubsub().await?;
        subscription.subscribe(channel).await?;
        Ok(subscription)
    }

    /// Lets calls through again at once: somebody has just heard from Redis.
    pub fn revive(&self) {
        self.state().cools_until = None;
    }

    async fn call<T: FromRedisValue>(&self, request: Request<'_>) -> RedisResult<T> {
        let mut manager = self.manager()?;
        let answer = timeout(CALL_TIMEOUT, async {
            match request.send(&mut manager).await {
                // An idle connection that was cut is noticed by the first use.
                Err(error) if error.is_connection_dropped() && !error.is_connection_refusal() => {
                    request.send(&mut manager).await
                }
                answer => answer,
            }
        })
        .await
        .unwrap_or_else(|_| Err(unanswered("redis did not answer in time")));
        if let Err(error) = &answer
            && error.is_io_error()
        {
            self.cool_down();
        }
        answer
    }

    fn manager(&self) -> RedisResult<ConnectionManager> {
        let state = self.state();
        match state.cools_until {
            Some(until) if Instant::now() < until => {
                Err(unanswered("redis did not answer a moment ago"))
            }
            _ => Ok(state.manager.clone()),
        }
    }

    /// The manager itself replaces a connection that was closed, but keeps one
    /// that went silent, for as long as the kernel retransmits. So it goes too.
    fn cool_down(&self) {
        let mut state = self.state();
        let now = Instant::now();
        if state.cools_until.is_none_or(|until| until <= now) {
            state.cools_until = Some(now + COOL_DOWN);
            if let Ok(manager) = lazy_manager(&self.0.client) {
                state.manager = manager;
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Copy)]
enum Request<'a> {
    Command(&'a Cmd),
    Script(&'a ScriptInvocation<'a>),
}

impl Request<'_> {
    async fn send<T: FromRedisValue>(self, manager: &mut ConnectionManager) -> RedisResult<T> {
        match self {
            Self::Command(command) => command.query_async(manager).await,
            Self::Script(script) => script.invoke_async(manager).await,
        }
    }
}

fn lazy_manager(client: &redis::Client) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(RESPONSE_TIMEOUT));
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

fn unanswered(what: &'static str) -> RedisError {
    RedisError::from((redis::ErrorKind::Io, what))
}
