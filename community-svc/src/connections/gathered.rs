//! Answers that are ready together are written together.
//!
//! hyper's connection is woken by each answer, and the runtime runs first what was woken
//! last: each answer would be written by itself, and a call to the operating system costs
//! more than a refusal. So while other calls of a connection are open, its turn comes when
//! everything else that is ready has had its own. A call that is alone waits for nobody.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;

/// How many calls of one connection are open; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenCalls(Arc<AtomicUsize>);

/// A call that is open until this is dropped.
#[derive(Debug)]
pub(super) struct OpenCall(OpenCalls);

/// The end of everybody else's turn.
#[derive(Debug, Default)]
struct Turn {
    has_come: AtomicBool,
    task: AtomicWaker,
}

impl OpenCalls {
    /// One more.
    pub(super) fn begin(&self) -> OpenCall {
        self.0.fetch_add(1, Ordering::Relaxed);
        OpenCall(self.clone())
    }

    fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Wake for Turn {
    fn wake(self: Arc<Self>) {
        self.has_come.store(true, Ordering::Release);
        self.task.wake();
    }
}

/// Drives a connection to its end, and while calls of it are open only when it is its turn.
pub(super) async fn gathered<F: Future>(open: OpenCalls, connection: F) -> F::Output {
    let turn = Arc::new(Turn::default());
    let waker = Waker::from(Arc::clone(&turn));
    let mut connection = pin!(connection);
    let mut waits = false;
    std::future::poll_fn(|context| {
        if !waits && open.any() {
            waits = true;
            turn.task.register(context.waker());
            ask_for_a_turn(&waker);
        }
        if waits && !turn.has_come.swap(false, Ordering::Acquire) {
            return Poll::Pending;
        }
        waits = false;
        connection.as_mut().poll(context)
    })
    .await
}

/// Has the runtime wake `waker` when it has run what is ready.
fn ask_for_a_turn(waker: &Waker) {
    let yielding = pin!(tokio::task::yield_now());
    let _pending = yielding.poll(&mut Context::from_waker(waker));
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tasks that a test waits for")]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::mpsc;

    use super::*;

    /// What a connection that answers whatever it is woken for writes, each time that it
    /// is polled, when three answers come one after the other.
    async fn written(open: OpenCalls) -> Vec<usize> {
        let (answers, mut ready) = mpsc::unbounded_channel();
        let lengths = Arc::new(Mutex::new(Vec::new()));
        let writes = Arc::clone(&lengths);
        let connection = std::future::poll_fn(move |context| {
            let mut count = 0;
            let end = loop {
                match ready.poll_recv(context) {
                    Poll::Ready(Some(())) => count += 1,
                    Poll::Ready(None) => break Poll::Ready(()),
                    Poll::Pending => break Poll::Pending,
                }
            };
            if count > 0 {
                writes.lock().unwrap().push(count);
            }
            end
        });
        let connection = tokio::spawn(gathered(open, connection));
        // Until it sleeps.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        let calls: Vec<_> = (0..3)
            .map(|_| {
                let answers = answers.clone();
                tokio::spawn(async move { answers.send(()).unwrap() })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
        tokio::task::yield_now().await;
        drop(answers);
        connection.await.unwrap();
        let lengths = lengths.lock().unwrap();
        lengths.clone()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn answers_that_are_ready_together_are_written_together() {
        let open = OpenCalls::default();
        let _call = open.begin();
        let written = tokio::spawn(written(open)).await.unwrap();
        assert_eq!(written, [3]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn nobody_waits_when_no_other_call_is_open() {
        let open = OpenCalls::default();
        drop(open.begin());
        let written = tokio::spawn(written(open)).await.unwrap();
        assert_eq!(written.iter().sum::<usize>(), 3);
        assert!(written.len() > 1, "{written:?}");
    }
}
