//! Whether a failed attempt is followed by another, and when. Pure.

use std::time::Duration;

use super::outcome::{Failure, Fate, When};
use super::service_config::RetryPolicy;
use crate::methods::Kind;

/// What is known about a call besides its failure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation<'a> {
    pub(super) kind: Kind,
    pub(super) has_request_id: bool,
    pub(super) policy: Option<&'a RetryPolicy>,
    /// How many attempts there were that count.
    pub(super) attempts: u32,
    /// An address is left that this call has not tried.
    pub(super) elsewhere: bool,
    /// From 0 up to, and without, 1.
    pub(super) random: f64,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing: the caller gets the failure.
    GiveUp,
    /// Try another address at once; it does not count as an attempt.
    Elsewhere,
    /// Try again after this time, if the budget allows.
    Retry(Duration),
}

impl Situation<'_> {
    /// What to do now.
    pub(super) fn after(&self, failure: &Failure) -> Next {
        if failure.fate == Fate::NotProcessed && self.elsewhere {
            return Next::Elsewhere;
        }
        let Some(policy) = self.policy else {
            return Next::GiveUp;
        };
        if self.attempts >= policy.max_attempts || failure.when == When::Never {
            return Next::GiveUp;
        }
        if !self.is_worth_it(policy, failure) || !self.is_safe(failure.fate) {
            return Next::GiveUp;
        }
        let backoff = policy
            .backoff(self.attempts + 1)
            .mul_f64(0.8 + 0.4 * self.random);
        Next::Retry(match failure.when {
            When::After(pushback) => pushback,
            // Later than all others who were told the same, by chance.
            When::NotBefore(delay) => delay + policy.initial_backoff.mul_f64(self.random),
            When::Unsaid | When::Never => backoff,
        })
    }

    /// The failure may pass.
    fn is_worth_it(&self, policy: &RetryPolicy, failure: &Failure) -> bool {
        policy.retries(failure.code)
            || failure.fate != Fate::Unknown
            // The server would not name a time if it made no sense.
            || failure.when != When::Unsaid
            // A lost answer, which a client that only knows codes must not repeat.
            || (self.has_request_id && failure.code == tonic::Code::Unavailable)
    }

    /// Nothing can happen twice.
    fn is_safe(&self, fate: Fate) -> bool {
        match self.kind {
            Kind::Read | Kind::Idempotent => true,
            Kind::Write => self.has_request_id || fate != Fate::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::client::ServiceConfig;
    use crate::client::outcome::refusal;

    fn failure(code: Code, fate: Fate, when: When) -> Failure {
        Failure {
            code,
            fate,
            when,
            reached: true,
            response: refusal(code, ""),
        }
    }

    fn policy(kind: Kind) -> RetryPolicy {
        let method = match kind {
            Kind::Write => "CreatePost",
            Kind::Read => "GetMember",
            Kind::Idempotent => "InvalidateMember",
        };
        let config = ServiceConfig::shipped();
        let path = format!("/community.v1.CommunityService/{method}");
        config.method(&path).retry.unwrap()
    }

    fn next(kind: Kind, has_request_id: bool, failure: &Failure) -> Next {
        Situation {
            kind,
            has_request_id,
            policy: Some(&policy(kind)),
            attempts: 1,
            elsewhere: false,
            random: 0.5,
        }
        .after(failure)
    }

    const BACKOFF: Next = Next::Retry(Duration::from_millis(100));

    #[test]
    fn a_write_is_only_sent_again_when_nothing_can_happen_twice() {
        use Code::{Internal, ResourceExhausted, Unavailable};
        use Fate::{NotProcessed, NothingChanged, Unknown};
        // Code, fate: read, write, write with a request id.
        for (code, fate, expected) in [
            (Unavailable, Unknown, [BACKOFF, Next::GiveUp, BACKOFF]),
            (Unavailable, NotProcessed, [BACKOFF; 3]),
            (Unavailable, NothingChanged, [BACKOFF; 3]),
            (ResourceExhausted, NothingChanged, [BACKOFF; 3]),
            (ResourceExhausted, Unknown, [BACKOFF, Next::GiveUp, BACKOFF]),
            (Internal, Unknown, [Next::GiveUp; 3]),
            (Code::Unknown, Unknown, [Next::GiveUp; 3]),
            (Code::NotFound, Unknown, [Next::GiveUp; 3]),
        ] {
            let failure = failure(code, fate, When::Unsaid);
            let found = [
                next(Kind::Read, false, &failure),
                next(Kind::Write, false, &failure),
                next(Kind::Write, true, &failure),
            ];
            assert_eq!(found, expected, "{code:?}, {fate:?}");
            assert_eq!(next(Kind::Idempotent, false, &failure), expected[0]);
        }
    }

    #[test]
    fn the_servers_word_on_the_time_counts_more_than_the_backoff() {
        let at = |when| {
            let failure = failure(Code::Unavailable, Fate::NothingChanged, when);
            next(Kind::Read, false, &failure)
        };
        let second = Duration::from_secs(1);
        assert_eq!(at(When::After(second)), Next::Retry(second));
        let later = second + Duration::from_millis(50);
        assert_eq!(at(When::NotBefore(second)), Next::Retry(later));
        assert_eq!(at(When::Never), Next::GiveUp);
        // A code that is no one's to retry, with a time.
        let failure = failure(Code::Aborted, Fate::Unknown, When::NotBefore(second));
        assert_eq!(next(Kind::Write, true, &failure), Next::Retry(later));
        assert_eq!(next(Kind::Write, false, &failure), Next::GiveUp);
    }

    #[test]
    fn another_address_is_tried_at_once_and_without_a_policy_too() {
        let mut situation = Situation {
            kind: Kind::Write,
            has_request_id: false,
            policy: None,
            attempts: 9,
            elsewhere: true,
            random: 0.0,
        };
        let lost = failure(Code::Unavailable, Fate::NotProcessed, When::Unsaid);
        assert_eq!(situation.after(&lost), Next::Elsewhere);
        situation.elsewhere = false;
        assert_eq!(situation.after(&lost), Next::GiveUp);
    }

    #[test]
    fn attempts_end() {
        let policy = policy(Kind::Read);
        let situation = Situation {
            kind: Kind::Read,
            has_request_id: false,
            policy: Some(&policy),
            attempts: policy.max_attempts,
            elsewhere: false,
            random: 0.0,
        };
        let down = failure(Code::Unavailable, Fate::NotProcessed, When::Unsaid);
        assert_eq!(situation.after(&down), Next::GiveUp);
    }
}
