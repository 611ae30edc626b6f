//! Work that does not go on after its time.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tokio::time::{Instant, timeout_at};

/// Carries `work` on until `by` and not one step further; `None` when it was cut.
///
/// The time is looked at before each step, not only by a timer: a process that was
/// frozen meanwhile would otherwise first send what it was about to send.
pub(super) async fn limited<T>(by: Instant, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let checked = poll_fn(|context| {
        if Instant::now() >= by {
            return Poll::Ready(None);
        }
        work.as_mut().poll(context).map(Some)
    });
    timeout_at(by, checked).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_that_is_in_time_is_done() {
        let by = Instant::now() + Duration::from_secs(1);
        assert_eq!(limited(by, async { 7 }).await, Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_waits_too_long_is_cut() {
        let by = Instant::now() + Duration::from_secs(1);
        assert_eq!(limited(by, std::future::pending::<()>()).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_could_go_on_after_its_time_does_not() {
        let by = Instant::now() + Duration::from_secs(1);
        let mut is_sent = false;
        let work = async {
            // The process is frozen, and what it waited for is there when it thaws.
            tokio::time::advance(Duration::from_secs(2)).await;
            is_sent = true;
        };
        assert_eq!(limited(by, work).await, None);
        assert!(!is_sent);
    }
}
