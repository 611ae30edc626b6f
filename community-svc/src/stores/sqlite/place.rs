//! Where a connection's statements run.

use std::sync::Arc;

use rusqlite::Connection;
use service_kit::blocking::{Blocking, Gate};
use tokio::sync::Mutex;

use super::own_thread::{OwnThread, Unfinished};

/// A thread of its own, or here where a whole system is simulated in one thread.
pub(super) enum Place {
    OwnThread(OwnThread),
    Here(Arc<Mutex<Connection>>, Arc<dyn Gate>),
}

impl Place {
    /// # Errors
    /// When the operating system starts no thread.
    pub(super) fn new(
        name: &str,
        connection: Connection,
        blocking: &Blocking,
    ) -> std::io::Result<Self> {
        match blocking {
            Blocking::Pool => OwnThread::start(name, connection).map(Self::OwnThread),
            Blocking::Here(gate) => {
                let connection = Arc::new(Mutex::new(connection));
                Ok(Self::Here(connection, Arc::clone(gate)))
            }
        }
    }

    /// Does `work` when all that was asked for before is done; to its end once it has
    /// begun, even if the caller goes away.
    ///
    /// # Errors
    /// [`Unfinished`] when it panicked.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, Unfinished> {
        match self {
            Self::OwnThread(thread) => thread.run(work).await,
            Self::Here(connection, gate) => {
                let mut connection = connection.lock().await;
                gate.pass().await;
                let done = work(&mut connection);
                gate.pass().await;
                Ok(done)
            }
        }
    }
}
