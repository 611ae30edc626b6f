//! Work that blocks a thread, as an argument.
//!
//! In a program it runs on other threads. Where a whole system is
//! simulated in one thread it runs there, between two passes of a gate that decides how
//! long it took, and whether whoever asked still lives.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::task::JoinError;

/// Where blocking work runs; cheap to clone.
#[derive(Clone, Default)]
pub enum Blocking {
    /// Beside: on the runtime's pool of threads, or on threads of its own where work has
    /// some.
    #[default]
    Pool,
    /// Here and now, once the gate lets it.
    Here(Arc<dyn Gate>),
}

/// What work that runs here waits for.
pub trait Gate: Send + Sync {
    /// Ends when the work may begin, or its result be known; never for the dead.
    fn pass(&self) -> BoxFuture<'static, ()>;
}

impl Blocking {
    /// Runs `work`, to its end even if the caller goes away once it has begun.
    ///
    /// # Errors
    /// [`JoinError`] when it panicked, or the runtime ends.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        match self {
            Self::Pool => tokio::task::spawn_blocking(work).await,
            Self::Here(gate) => {
                gate.pass().await;
                let done = work();
                gate.pass().await;
                Ok(done)
            }
        }
    }
}

impl std::fmt::Debug for Blocking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pool => "Pool",
            Self::Here(_) => "Here",
        })
    }
}
