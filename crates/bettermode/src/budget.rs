//! The seam to whoever counts the calls to BetterMode.
//!
//! The vendor allows so many requests and so many complexity points per window,
//! for the whole community. The client asks before every attempt and reports
//! what it learned; it does not count on its own.

use std::time::Duration;

use async_trait::async_trait;

/// What one attempt costs: one request, and this many complexity points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Points by the vendor's formula (developers.bettermode.com, rate limits), or
    /// by what it charged for the operation before, where that was more.
    pub complexity: u32,
}

/// How urgent a call is, most urgent first. A budget can keep room for the more
/// urgent classes; to BetterMode all calls are alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Somebody waits for the answer.
    #[default]
    Interactive,
    /// Something is kept fresh before anybody asks for it.
    Refresh,
    /// A long job that can take as long as it takes.
    Backfill,
}

/// The budget has no room now for a call of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// When to ask again, for a call of the same class and cost.
    pub retry_after: Duration,
}

/// Which of the two counts a [`Quota`] speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuotaKind {
    /// Requests.
    Requests,
    /// Complexity points.
    Complexity,
}

/// What BetterMode's `X-Quota-*` headers said about one of its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What is counted.
    pub kind: QuotaKind,
    /// The length of the window; `None` when the header was absent.
    pub window: Option<Duration>,
    /// How much a window allows.
    pub limit: Option<u32>,
    /// How much of the current window is left.
    pub remaining: Option<u32>,
}

/// Counts what is spent upstream.
#[async_trait]
pub trait Budget: Send + Sync {
    /// Takes the cost of one attempt out of the budget, waiting only as long as
    /// the implementation thinks fit.
    ///
    /// # Errors
    /// [`Exhausted`] when there is no room for this class; nothing was taken then.
    async fn acquire(&self, cost: Cost, class: Class) -> Result<(), Exhausted>;

    /// Told what the vendor's headers say, after every answer that has them.
    fn observe(&self, quota: Quota);

    /// Told what an attempt really cost (`extensions.complexity`), with what was
    /// taken for it and how long ago. Comes before what [`observe`](Self::observe)
    /// is told of the same answer. Does nothing unless an implementation cares.
    fn settle(&self, _taken: Cost, _charged: Cost, _ago: Duration) {}
}

/// A budget without limits, for tools and tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnlimitedBudget;

#[async_trait]
impl Budget for UnlimitedBudget {
    async fn acquire(&self, _cost: Cost, _class: Class) -> Result<(), Exhausted> {
        Ok(())
    }

    fn observe(&self, _quota: Quota) {}
}
