//! How many retries there may be, over all calls of a client: gRPC's token bucket.
//!
//! A failure takes a token, a success gives back a part of one, and below half of them
//! nobody retries. So a service that fails now and then is asked again, and one that
//! fails all calls is not asked several times as often.

use std::sync::{Mutex, PoisonError};

use super::service_config::Throttling;

/// The bucket; without limits there is always enough in it.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Option<Throttling>,
    tokens: Mutex<f64>,
}

impl Budget {
    /// A full bucket.
    pub(super) fn new(limits: Option<Throttling>) -> Self {
        Self {
            limits,
            tokens: Mutex::new(limits.map_or(0.0, |limits| limits.max_tokens)),
        }
    }

    /// Notes a failure that could be retried, and says whether it may be.
    pub(super) fn failed(&self) -> bool {
        self.limits.is_none_or(|limits| {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            *tokens = (*tokens - 1.0).max(0.0);
            *tokens > limits.max_tokens / 2.0
        })
    }

    /// Notes a call that went well.
    pub(super) fn succeeded(&self) {
        if let Some(limits) = self.limits {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            *tokens = (*tokens + limits.token_ratio).min(limits.max_tokens);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_end_at_half_of_the_tokens_and_return_with_successes() {
        let budget = Budget::new(Some(Throttling {
            max_tokens: 4.0,
            token_ratio: 0.5,
        }));
        assert!(budget.failed());
        assert!(!budget.failed(), "two of four are left");
        assert!(!budget.failed());
        for _ in 0..4 {
            budget.succeeded();
        }
        assert!(!budget.failed(), "three, less one");
        for _ in 0..9 {
            budget.succeeded();
        }
        assert!(budget.failed(), "full again");
    }

    #[test]
    fn without_limits_there_is_always_another_retry() {
        let budget = Budget::new(None);
        assert!((0..1_000).all(|_| budget.failed()));
    }
}
