//! When to stop: the first signal drains, the second ends.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::tasks::Tasks;

/// The two stages of stopping.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    drain: CancellationToken,
    abort: CancellationToken,
}

impl Shutdown {
    /// A shutdown that nothing has asked for yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Drains on SIGTERM or SIGINT and ends on the second one.
    ///
    /// # Errors
    /// When the operating system refuses the signal handlers.
    pub fn listen(&self, tasks: &Tasks) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let stages = [self.drain.clone(), self.abort.clone()];
        tasks.spawn_detached("signals", async move {
            for stage in stages {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                stage.cancel();
            }
        });
        Ok(())
    }

    /// Asks for an orderly stop.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Cancelled when an orderly stop was asked for.
    #[must_use]
    pub fn draining(&self) -> &CancellationToken {
        &self.drain
    }

    /// Cancelled when waiting any longer is pointless.
    #[must_use]
    pub fn aborting(&self) -> &CancellationToken {
        &self.abort
    }
}
