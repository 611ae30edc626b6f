//! What the work that runs now belongs to, handed down without an argument for it in
//! every function on the way.
//!
//! It does not pass into tasks that are spawned: who spawns takes it along.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::TraceParent;

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// What work belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// The span that spans of the work are put under.
    pub span: TraceParent,
    /// Whether the trace was brought by a caller, and not begun here.
    pub is_brought: bool,
    /// Others that the same work is for.
    pub also: Vec<TraceParent>,
}

impl Current {
    /// Work under this span alone.
    #[must_use]
    pub fn under(span: TraceParent) -> Self {
        Self {
            span,
            is_brought: false,
            also: Vec::new(),
        }
    }
}

/// What the work that runs now belongs to; `None` outside of [`within`], and so
/// wherever nobody traces.
#[must_use]
pub fn current() -> Option<Current> {
    CURRENT.with_borrow(Clone::clone)
}

/// Does `work` as what belongs to `current`; without one just does it.
pub fn within<F: Future>(current: Option<Current>, work: F) -> Within<F> {
    Within {
        current: current.map(Box::new),
        work,
    }
}

pin_project! {
    /// Work that [`current`] is told of.
    #[derive(Debug)]
    pub struct Within<F> {
        current: Option<Box<Current>>,
        #[pin]
        work: F,
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(current) = this.current else {
            return this.work.poll(context);
        };
        let _restored = Entered(CURRENT.replace(Some(Current::clone(current))));
        this.work.poll(context)
    }
}

/// Puts back what was there, also when the work panics.
struct Entered(Option<Current>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(span: u64) -> Current {
        Current::under(TraceParent::new(1, span, true).unwrap())
    }

    #[tokio::test]
    async fn work_knows_what_it_belongs_to_and_nobody_else_does() {
        let inner = async {
            tokio::task::yield_now().await;
            current()
        };
        let outer = async {
            let before = current();
            let within_inner = within(Some(some(2)), inner).await;
            (before, within_inner, current())
        };
        let (seen, beside) = tokio::join!(within(Some(some(1)), outer), async {
            tokio::task::yield_now().await;
            current()
        });
        assert_eq!(seen, (Some(some(1)), Some(some(2)), Some(some(1))));
        assert_eq!(beside, None);
        assert_eq!(within(None, async { current() }).await, None);
    }
}
