//! BetterMode as the rest of the service sees it: the client, and what its last
//! answer said about its health.
//!
//! Health comes from real calls; nothing here spends a request to find out.

use std::sync::{Arc, Mutex, PoisonError};

use bettermode::{BreakerState, Client};
use jiff::Timestamp;
use service_kit::clock::SharedClock;

use crate::error::{Call, Error};
use crate::metrics::Metrics;

pub(crate) mod traced;

/// What the last call told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// No call was made yet.
    Unknown,
    /// It answered.
    Up {
        /// When.
        at: Timestamp,
    },
    /// It did not answer, or refused our credentials.
    Down {
        /// When.
        at: Timestamp,
        /// What is wrong and what to do.
        message: String,
    },
}

/// A client whose outcomes are counted; cheap to clone.
#[derive(Debug, Clone)]
pub struct Upstream {
    client: Client,
    clock: SharedClock,
    metrics: Metrics,
    condition: Arc<Mutex<Condition>>,
}

impl Upstream {
    /// Watches `client`.
    #[must_use]
    pub fn new(client: Client, clock: SharedClock, metrics: Metrics) -> Self {
        Self {
            client,
            clock,
            metrics,
            condition: Arc::new(Mutex::new(Condition::Unknown)),
        }
    }

    /// The client that acts as the service itself.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The client that acts as `member`, or as the service when there is none.
    ///
    /// # Errors
    /// [`Error::ImpersonationUnavailable`] with a static token.
    pub(crate) fn acting_as(
        &self,
        member: Option<&bettermode::MemberId>,
        call: Call,
    ) -> Result<Client, Error> {
        match member {
            None => Ok(self.client.clone()),
            Some(member) => self
                .client
                .acting_as(member.clone())
                .map_err(|error| call.failed(&error)),
        }
    }

    /// Turns a client's result into ours and remembers what it says about BetterMode.
    pub(crate) fn settle<T>(
        &self,
        call: Call,
        result: Result<T, bettermode::Error>,
    ) -> Result<T, Error> {
        // Our own breaker and budget refuse without asking BetterMode.
        let asked = !matches!(
            result,
            Err(bettermode::Error::CircuitOpen { .. }
                | bettermode::Error::RateLimited {
                    by_vendor: false,
                    ..
                })
        );
        let result = result.map_err(|error| call.failed(&error));
        self.metrics.upstream(match &result {
            Ok(_) => "ok",
            Err(error) => error.reason().as_reason(),
        });
        let at = self.clock.now();
        let condition = match &result {
            _ if !asked => None,
            Err(
                error @ (Error::UpstreamUnavailable { .. }
                | Error::UpstreamTokenRefused
                | Error::UpstreamUnintelligible { .. }
                | Error::OutcomeUnknown { .. }),
            ) => Some(Condition::Down {
                at,
                message: error.to_string(),
            }),
            Err(Error::ImpersonationUnavailable) => None,
            _ => Some(Condition::Up { at }),
        };
        if let Some(condition) = condition {
            *self.lock() = condition;
        }
        result
    }

    /// The time by the service's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether calls go out at present, or BetterMode was found to be down.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        self.client.breaker()
    }

    /// What the last call told.
    #[must_use]
    pub fn condition(&self) -> Condition {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Condition> {
        self.condition
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
