//! Every task has an owner that shutdown can wait for.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// Owns tasks; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
}

impl Tasks {
    /// No tasks yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `work` until it is done; [`finished`](Self::finished) waits for it.
    pub fn spawn<F>(&self, name: &'static str, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tracker
            .spawn(work.instrument(tracing::debug_span!("task", name)))
    }

    /// Runs `work` that only ends with the process, such as waiting for a signal;
    /// nothing waits for it.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place for tasks that shutdown must not wait for"
    )]
    pub fn spawn_detached<F>(&self, name: &'static str, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(tokio::spawn(
            work.instrument(tracing::debug_span!("task", name)),
        ));
    }

    /// Waits until every task has ended, at most `limit`; false when some still ran.
    pub async fn finished(&self, limit: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(limit, self.tracker.wait())
            .await
            .is_ok()
    }
}
