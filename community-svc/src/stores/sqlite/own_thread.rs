//! A connection on a thread of its own.
//!
//! Not on the runtime's pool: there each statement wakes another thread, whose caches and
//! memory are cold, and one that has done its work may wait for the processor behind the
//! next one before it has told its result.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use service_kit::threads::give_way;
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The thread, which does one thing after the other. It ends, and the connection is
/// closed, when this is dropped.
#[derive(Debug)]
pub(super) struct OwnThread {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// The work panicked, or the thread has gone.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the work was not done to its end")]
pub(super) struct Unfinished;

impl OwnThread {
    /// A thread with this name for `connection`.
    ///
    /// # Errors
    /// When the operating system starts none.
    pub(super) fn start(name: &str, mut connection: Connection) -> std::io::Result<Self> {
        let (jobs, to_do) = channel::<Job>();
        let work = move || {
            give_way();
            for job in to_do {
                // Who waits hears of it by the end of the channel. A transaction that was
                // open is rolled back as it is dropped.
                let _panicked = catch_unwind(AssertUnwindSafe(|| job(&mut connection)));
            }
        };
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Does `work` when all that was asked for before is done. Once it has begun it goes to
    /// its end, even if the caller goes away; before that it is left out then.
    ///
    /// # Errors
    /// [`Unfinished`] when it panicked.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, Unfinished> {
        let (reply, result) = oneshot::channel();
        let job = Box::new(move |connection: &mut Connection| {
            if !reply.is_closed() {
                let _gone = reply.send(work(connection));
            }
        });
        let jobs = self.jobs.as_ref().ok_or(Unfinished)?;
        jobs.send(job).map_err(|_| Unfinished)?;
        result.await.map_err(|_| Unfinished)
    }
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _panicked = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn started() -> OwnThread {
        OwnThread::start("sqlite test", Connection::open_in_memory().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_panic_ends_its_own_work_and_no_other() {
        let thread = started();
        let panicked = thread.run(|_| panic!("on purpose")).await;
        assert!(matches!(panicked, Err::<(), _>(Unfinished)));
        let sum =
            thread.run(|connection| connection.query_row("SELECT 1 + 1", [], |row| row.get(0)));
        assert_eq!(sum.await.unwrap(), Ok(2));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_begun() {
        let thread = started();
        let (go, wait) = channel::<()>();
        let mut first = Box::pin(thread.run(move |_| wait.recv().is_ok()));
        assert!(first.as_mut().now_or_never().is_none());
        let begun = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let flag = std::sync::Arc::clone(&begun);
        let left = thread.run(move |_| flag.store(true, std::sync::atomic::Ordering::Relaxed));
        assert!(left.now_or_never().is_none());
        go.send(()).unwrap();
        assert!(first.await.unwrap());
        // Done after it, if at all.
        thread.run(|_| ()).await.unwrap();
        assert!(!begun.load(std::sync::atomic::Ordering::Relaxed));
    }
}
