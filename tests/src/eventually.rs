//! Waiting for what will be true soon, without guessing how soon.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// Long enough for a loaded machine; a test that passes never waits this long.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// Tries until it succeeds and returns what it got.
///
/// Panics after 20 s with `what` and the last failure.
pub async fn eventually<T, E: Display>(
    what: &str,
    attempt: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    eventually_within(PATIENCE, what, attempt).await
}

/// The same with a bound of its own, for promises such as "within a second".
pub async fn eventually_within<T, E: Display>(
    patience: Duration,
    what: &str,
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let deadline = Instant::now() + patience;
    let mut last = "no attempt finished".to_owned();
    loop {
        match timeout_at(deadline, attempt()).await {
            Ok(Ok(value)) => return value,
            Ok(Err(error)) => last = error.to_string(),
            Err(_) => {}
        }
        assert!(
            Instant::now() < deadline,
            "not within {patience:?}: {what}; last: {last}"
        );
        sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_success_is_returned() {
        let mut left = 3;
        let value = eventually("three attempts", async || {
            left -= 1;
            if left == 0 {
                Ok("there")
            } else {
                Err(format!("{left} to go"))
            }
        })
        .await;
        assert_eq!(value, "there");
    }

    #[tokio::test]
    #[should_panic(expected = "not within 50ms: the impossible; last: no")]
    async fn patience_ends_with_the_last_failure() {
        let never = async || Err::<(), _>("no");
        eventually_within(Duration::from_millis(50), "the impossible", never).await;
    }

    #[tokio::test]
    #[should_panic(expected = "last: no attempt finished")]
    async fn an_attempt_that_hangs_does_not_hang_the_test() {
        let hangs = async || std::future::pending::<Result<(), String>>().await;
        eventually_within(Duration::from_millis(50), "an answer", hangs).await;
    }
}
