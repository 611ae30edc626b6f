//! One page of a list, as callers walk it.

use crate::paging::Page;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// BetterMode's cursor of the page after it; `None` on the last.
    pub next: Option<String>,
}

impl<T> From<Page<T>> for Listed<T> {
    fn from(page: Page<T>) -> Self {
        Self {
            items: page.nodes,
            next: page.end_cursor.filter(|_| page.has_next),
        }
    }
}
